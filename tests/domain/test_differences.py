"""Comparing what a webhook came to with what it would come to."""

from collections.abc import Mapping
from typing import Any

import attrs

from domain import differences, webhooks
from domain.differences import Standing, Totals
from domain.json_values import Json
from tests import examples, scenario

EXECUTED: webhooks.ActionExecuted = examples.ACTION_EXECUTED
FAILED: webhooks.ActionFailed = examples.ACTION_FAILED


def standing(*actions: webhooks.ActionOutcome, **said: Any) -> Standing:
    """A webhook with these actions."""
    return Standing(
        verification_status="enforced:verified",
        outcome="executed",
        actions={each.mapping_id: each for each in actions},
        **said,
    )


def executed(mapping_id: str = "m", evaluation: int = 1, **payload: Json) -> webhooks.ActionExecuted:
    """An executed identification."""
    return attrs.evolve(
        EXECUTED,
        mapping_id=mapping_id,
        evaluation=evaluation,
        action_type="users_identify",
        payload=payload,
        result={},
        warnings=(),
    )


def failed(mapping_id: str = "m", code: str = "invalid_params") -> webhooks.ActionFailed:
    """A failed identification."""
    error = webhooks.ActionError(code=code, message="it does not fit")
    return attrs.evolve(FAILED, mapping_id=mapping_id, action_type="users_identify", error=error)


def kinds(before: Standing, after: Standing) -> list[tuple[str, str | None]]:
    """The kinds and fields of the changes."""
    return [(each.kind, each.field) for each in differences.compare(before, after)]


def test_the_same_is_no_difference() -> None:
    assert kinds(standing(executed(id="a")), standing(executed(id="a"))) == []


def test_an_action_changes_field_by_field() -> None:
    before, after = executed(id="a", p={"x": 1, "y": 2}), executed(id="a", p={"x": True, "z": 2})
    found = kinds(standing(before), standing(after))
    assert found == [("action_changed", f"payload.p.{name}") for name in "xyz"]


def test_an_action_that_succeeds_now_is_added_and_its_error_gone() -> None:
    assert kinds(standing(failed()), standing(executed(id="a"))) == [("action_added", None), ("error_removed", None)]


def test_an_action_that_fails_now_is_removed_and_its_error_new() -> None:
    assert kinds(standing(executed(id="a")), standing(failed())) == [("action_removed", None), ("error_added", None)]


def test_another_error_is_a_change() -> None:
    assert kinds(standing(failed()), standing(failed(code="other"))) == [("error_changed", None)]


def test_actions_without_a_twin_are_added_or_removed() -> None:
    assert kinds(standing(), standing(executed(id="a"))) == [("action_added", None)]
    assert kinds(standing(executed(id="a")), standing()) == [("action_removed", None)]


def test_another_id_of_the_same_mapping_is_no_difference() -> None:
    assert kinds(standing(executed("here", id="a")), standing(executed("there", id="a"))) == []


def test_results_that_follow_from_ids_are_no_difference() -> None:
    one, other = (attrs.evolve(EXECUTED, result={**EXECUTED.result, "id": each}) for each in ("run-1", "run-2"))
    assert kinds(standing(one), standing(other)) == []


def test_results_of_different_evaluations_are_not_compared() -> None:
    one = attrs.evolve(executed(id="a"), result={"created": True})
    assert kinds(standing(one), standing(attrs.evolve(one, evaluation=2, result={"created": False}))) == []
    assert kinds(standing(one), standing(attrs.evolve(one, result={"created": False}))) != []


def test_what_was_carried_out_once_stays_so() -> None:
    first = differences.after(standing(), (executed(id="a"),))
    assert differences.after(first, (failed(),)).actions == first.actions


def test_what_is_due_is_added_or_altered_and_never_removed() -> None:
    before = standing(executed("altered", id="a"), attrs.evolve(executed("gone"), action_type="tenants_set"))
    after = standing(executed("altered", id="b"), attrs.evolve(executed("new"), action_type="objects_set"))
    assert differences.due(differences.compare(before, after)) == ("altered", "new")


def test_totals_count_webhooks_once_and_actions_each() -> None:
    before, after = standing(executed(id="a", n=1)), standing(executed(id="b", n=2), failed("other"))
    changes = differences.compare(before, after)
    assert differences.count(changes) == Totals(evaluated=1, changed=1, actions_changed=1, errors_added=1)
    assert differences.count(()) == Totals(evaluated=1, unchanged=1)
    gone: Mapping[str, Json] = {"reason": "erased"}
    assert differences.count([differences.Change(kind="not_evaluable", after=gone)]) == Totals(not_evaluable=1)


def test_every_verdict_outcome_and_key_that_differs_is_told() -> None:
    decided = scenario.only(
        webhooks.IdempotencyDecided, scenario.evaluate(scenario.webhook({"key": "k"}), scenario.configuration())
    )
    after = attrs.evolve(
        standing(idempotency=decided, broken="KeyError", event_type="b"), verification_status="x", outcome="failed"
    )
    assert [kind for kind, _ in kinds(standing(), after)] == [
        "verdict",
        "outcome",
        "event_type",
        "evaluation_error",
        "idempotency",
        "idempotency",
    ]
