"""The guard against stale events: what is older than the last one applied to the same thing is passed over."""

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

from domain import mappings, staleness, webhooks
from domain.webhooks import ActionExecuted, ActionSkipped
from tests import examples, scenario

GUARDED = attrs.evolve(scenario.mapping("users_identify", {"id": "body.user"}), only_newer=True)
SETTINGS = attrs.evolve(scenario.SETTINGS, timestamp_path="body.at")
CONFIGURATION = scenario.configuration(GUARDED, settings=SETTINGS)
LAST = ("applied", "$users", "ann")
SECOND = timedelta(seconds=1)


def outcome(at: datetime | str | None, last: datetime | None = examples.AT) -> webhooks.ActionOutcome:
    """What becomes of an event of this time after one that was applied."""
    told = at.isoformat() if isinstance(at, datetime) else at
    webhook = scenario.webhook({"user": "ann", "at": told})
    facts: Any = {} if last is None else {LAST: last}
    [found] = scenario.actions(scenario.evaluate(webhook, CONFIGURATION, facts=facts))
    return found


def test_an_older_event_is_passed_over_and_both_times_are_told() -> None:
    skipped = outcome(examples.AT - SECOND)
    assert isinstance(skipped, ActionSkipped)
    assert skipped.error.code == "stale_event"
    assert "2026-01-15T11:59:59+00:00" in skipped.error.message
    assert "2026-01-15T12:00:00+00:00" in skipped.error.message


@pytest.mark.parametrize("at", [examples.AT, examples.AT + SECOND])
def test_an_equal_or_newer_event_is_applied_and_remembered(at: datetime) -> None:
    executed = outcome(at)
    assert isinstance(executed, ActionExecuted)
    assert executed.occurred_at == at
    assert executed.warnings == ()


def test_the_first_event_is_applied() -> None:
    assert isinstance(outcome(examples.BEFORE, last=None), ActionExecuted)


@pytest.mark.parametrize("at", [None, "yesterday"])
def test_an_event_without_a_time_is_applied_with_a_warning(at: str | None) -> None:
    executed = outcome(at)
    assert isinstance(executed, ActionExecuted)
    assert executed.warnings == (staleness.UNDATED,)
    assert executed.occurred_at is None


def test_deleting_and_identifying_a_user_are_about_the_same_thing() -> None:
    """So that an old update does not bring back what was deleted."""
    told = [staleness.last_applied(each, {"id": "ann"}) for each in ("users_identify", "users_delete")]
    assert told == [LAST, LAST]


def test_without_the_guard_nothing_is_compared_or_remembered() -> None:
    unguarded = scenario.configuration(attrs.evolve(GUARDED, only_newer=False), settings=SETTINGS)
    webhook = scenario.webhook({"user": "ann", "at": examples.BEFORE.isoformat()})
    [executed] = scenario.actions(scenario.evaluate(webhook, unguarded, facts={LAST: examples.AT}))
    assert isinstance(executed, ActionExecuted)
    assert executed.occurred_at is None


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_the_switch_is_true_or_false(value: Any) -> None:
    with pytest.raises(mappings.MappingInvalid, match="only_newer"):
        mappings.parse(_raw("users_identify", {"id": "body.id"}, value), field="mappings[0]")


def test_only_actions_on_one_thing_can_be_guarded() -> None:
    raw = _raw("workflows_cancel", {"key": "w", "cancellation_key": "body.k"}, True)
    with pytest.raises(mappings.MappingInvalid, match="users_identify"):
        mappings.parse(raw, field="mappings[0]")


def _raw(action_type: str, parameters: dict[str, Any], only_newer: Any) -> dict[str, Any]:
    told = {"event_type": "a", "action_type": action_type, "action_parameters": parameters}
    return {**told, "only_newer": only_newer}
