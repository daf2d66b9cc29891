"""The built-in source: every call of the directory's API is mapped to its one action."""

from collections.abc import Mapping

import pytest

from domain import api_calls, errors, evaluation, slugs
from domain.actions import catalogue
from domain.evaluation import Preceding
from domain.json_values import Json
from domain.webhooks import ActionExecuted, ActionSkipped, IdempotencyDecided, Webhook
from tests import scenario

USER: Mapping[str, Json] = {"id": "u-1", "name": "Zoë", "properties": {"plan": "pro"}}


def decisions(body: Mapping[str, Json]) -> tuple[object, ...]:
    webhook = Webhook(id="w", received=scenario.received(body), body=body)
    return evaluation.evaluate(webhook, api_calls.configuration("production"), Preceding())


@pytest.mark.parametrize("operation", api_calls.OPERATIONS)
def test_each_operation_has_one_action_that_takes_its_members(operation: str) -> None:
    configuration = api_calls.configuration("production")
    [mapping] = configuration.by_event_type[operation]
    action = catalogue.ACTIONS[mapping.action_type]
    required = {name for name, rule in action.parameters.items() if rule.required}
    assert required <= mapping.parameters.keys() <= action.parameters.keys()


def test_every_action_can_be_called() -> None:
    assert {action_type for action_type, _ in api_calls.OPERATIONS.values()} == set(catalogue.ACTIONS)


def test_a_call_is_carried_out_like_any_mapping() -> None:
    _, _, done, _ = decisions({"operation": "users.update", **USER})
    assert isinstance(done, ActionExecuted)
    assert (done.mapping_id, done.action_type) == ("users.update", "users_identify")
    assert done.payload == {"id": "u-1", "name": "Zoë", "properties": {"plan": "pro"}}
    assert done.origins["name"] == {"path": "body.name"}


def test_what_a_call_does_not_say_wipes_nothing_and_null_does() -> None:
    _, _, done, _ = decisions({"operation": "users.update", "id": "u-1", "email": None})
    assert isinstance(done, ActionExecuted)
    assert done.payload == {"id": "u-1", "email": None, "properties": {}}


def test_the_workflow_of_a_trigger_comes_from_the_call() -> None:
    _, _, failed, _ = decisions({"operation": "workflows.trigger", "key": "welcome", "recipients": ["u-1"]})
    assert failed.error.code == "workflow_missing"  # type: ignore[attr-defined]
    assert failed.payload["key"] == "welcome"  # type: ignore[attr-defined]


def test_without_what_it_requires_a_call_is_skipped_with_words() -> None:
    _, _, skipped, _ = decisions({"operation": "users.update", "name": "Zoë"})
    assert isinstance(skipped, ActionSkipped)
    assert skipped.error.field == "id"


@pytest.mark.parametrize(("body", "outcome"), [({}, "no_key"), ({"idempotency_key": "k-1"}, "executed")])
def test_only_a_call_with_a_key_of_its_own_is_compared_with_earlier_ones(
    body: Mapping[str, Json], outcome: str
) -> None:
    decided = decisions({"operation": "users.update", **USER, **body})[1]
    assert isinstance(decided, IdempotencyDecided)
    assert decided.outcome == outcome


def test_nobody_can_have_a_source_of_the_same_name() -> None:
    with pytest.raises(errors.Refused):
        slugs.check(api_calls.SOURCE, field="key")
