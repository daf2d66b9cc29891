"""Redelivery: what a second delivery of the same key still has to do."""

from datetime import timedelta

import attrs
import pytest

from domain import idempotency, webhooks
from domain.json_values import Json
from domain.webhooks import Decision, EvaluationFailed, IdempotencyDecided
from tests import examples, scenario

IDENTIFY = scenario.mapping("users_identify", {"id": "body.user"})
FOLLOW = scenario.mapping(
    "objects_subscribe", {"collection": {"value": "shops"}, "object_id": "body.shop", "recipients": "body.user"}
)
TRIGGER = scenario.mapping("workflows_trigger", {"key": "welcome", "recipients": "body.user"})
ALL = scenario.configuration(IDENTIFY, FOLLOW, TRIGGER)
BODY: dict[str, Json] = {"key": "k", "user": "u-1", "shop": "s-1"}
FIRST = scenario.webhook(BODY)
AGAIN = scenario.webhook(BODY, id="2", at=examples.LATER)
WELCOME = scenario.knowing(welcome=True)


def carried_out(decisions: tuple[Decision, ...]) -> list[str]:
    return [action.mapping_id for action in scenario.actions(decisions)]


def test_a_duplicate_has_no_actions_and_names_its_original() -> None:
    first = scenario.evaluate(FIRST, ALL, facts=WELCOME)
    again = scenario.evaluate(AGAIN, ALL, facts=WELCOME, after=first)
    assert (carried_out(again), scenario.outcome(again)) == ([], "duplicate")
    decided = scenario.only(IdempotencyDecided, again)
    assert (decided.outcome, decided.original_id, decided.same_body) == ("replayed", "0", True)


def test_after_a_partial_failure_only_what_has_not_succeeded_runs() -> None:
    first = scenario.evaluate(FIRST, ALL)
    assert carried_out(first) == ["users_identify", "objects_subscribe", "workflows_trigger"]
    again = scenario.evaluate(AGAIN, ALL, facts={**WELCOME, ("user", "u-1"): True}, after=first)
    assert (carried_out(again), scenario.outcome(again)) == (["workflows_trigger"], "executed")


def test_once_the_rest_has_succeeded_a_third_delivery_is_a_duplicate() -> None:
    first = scenario.evaluate(FIRST, ALL)
    again = scenario.evaluate(AGAIN, ALL, facts=WELCOME, after=first)
    assert scenario.outcome(scenario.evaluate(AGAIN, ALL, facts=WELCOME, after=again)) == "duplicate"


def test_while_the_rest_fails_what_has_succeeded_is_remembered() -> None:
    first = scenario.evaluate(FIRST, ALL)
    again = scenario.evaluate(AGAIN, ALL, after=first)
    assert (carried_out(again), scenario.outcome(again)) == (["workflows_trigger"], "failed")
    assert carried_out(scenario.evaluate(AGAIN, ALL, after=again)) == ["workflows_trigger"]


def test_a_skipped_action_does_not_make_it_a_failure() -> None:
    follower = scenario.webhook({"key": "k", "user": "u-1"})
    first = scenario.evaluate(follower, scenario.configuration(IDENTIFY, FOLLOW))
    assert scenario.outcome(first) == "partially_executed"
    again = scenario.evaluate(AGAIN, scenario.configuration(IDENTIFY, FOLLOW), after=first)
    assert scenario.outcome(again) == "duplicate"


def test_an_unmapped_event_was_a_success() -> None:
    first = scenario.evaluate(FIRST, scenario.configuration())
    assert scenario.outcome(scenario.evaluate(AGAIN, ALL, after=first)) == "duplicate"


def test_a_mapping_added_after_a_partial_failure_runs_with_the_rest() -> None:
    first = scenario.evaluate(FIRST, scenario.configuration(IDENTIFY, TRIGGER))
    assert carried_out(scenario.evaluate(AGAIN, ALL, after=first)) == ["objects_subscribe", "workflows_trigger"]


def test_a_redelivery_with_nothing_left_to_do_is_executed() -> None:
    first = scenario.evaluate(FIRST, scenario.configuration(IDENTIFY, TRIGGER))
    again = scenario.evaluate(AGAIN, scenario.configuration(IDENTIFY), after=first)
    assert (carried_out(again), scenario.outcome(again)) == ([], "executed")


@pytest.mark.parametrize("body", [{"user": "u-1"}, {"user": "u-1", "key": ""}, {"user": "u-1", "key": True}])
def test_events_without_a_key_never_collapse_into_one_another(body: dict[str, Json]) -> None:
    first = scenario.evaluate(scenario.webhook(body), ALL)
    assert idempotency.precedent_of("1", examples.AT, first) is None
    assert len(carried_out(scenario.evaluate(AGAIN, ALL, after=first))) == 3


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (timedelta(hours=23, minutes=59, seconds=59), "duplicate"),
        (timedelta(hours=24), "executed"),
        (-timedelta(hours=25), "duplicate"),
    ],
)
def test_a_delivery_is_repeated_for_a_day(after: timedelta, outcome: webhooks.Outcome) -> None:
    configuration = scenario.configuration(IDENTIFY)
    first = scenario.evaluate(FIRST, configuration)
    later = scenario.webhook(BODY, id="2", at=examples.AT + after)
    assert scenario.outcome(scenario.evaluate(later, configuration, after=first)) == outcome


def test_a_duplicate_leaves_the_original_as_the_precedent() -> None:
    first = scenario.evaluate(FIRST, ALL, facts=WELCOME)
    again = scenario.evaluate(AGAIN, ALL, facts=WELCOME, after=first)
    assert idempotency.precedent_of("2", examples.LATER, again) is None


def test_a_broken_evaluation_is_no_precedent() -> None:
    broken = (EvaluationFailed(evaluation=1, error="RecursionError"), examples.WEBHOOK_PROCESSED)
    assert idempotency.precedent_of("1", examples.AT, broken) is None


def test_a_precedent_says_what_was_done_and_whether_that_was_all() -> None:
    first = idempotency.precedent_of("1", examples.AT, scenario.evaluate(FIRST, ALL))
    assert first == idempotency.Precedent(
        webhook_id="1",
        received_at=examples.AT,
        complete=False,
        done=("users_identify", "objects_subscribe"),
        body_digest=idempotency.digest(FIRST.received.body),
    )


def test_a_mapping_that_is_switched_off_is_passed_over_by_a_redelivery_too() -> None:
    first = scenario.evaluate(FIRST, scenario.configuration(IDENTIFY, TRIGGER))
    off = scenario.configuration(IDENTIFY, attrs.evolve(TRIGGER, active=False))
    assert carried_out(scenario.evaluate(AGAIN, off, after=first)) == []
