"""The pipeline: everything that waits is decided once, in order, and nothing that breaks holds up the rest."""

import attrs
import pytest

from application.records import Change
from domain import runs, webhooks
from domain.json_values import Json
from domain.webhooks import IdempotencyDecided, WebhookReceived
from tests import examples
from tests.application.in_memory import InMemory

IDENTIFY: dict[str, Json] = {
    "event_type": "order.placed",
    "action_type": "users_identify",
    "action_parameters": {"id": "body.user"},
}
TRIGGER: dict[str, Json] = {
    "event_type": "order.placed",
    "action_type": "workflows_trigger",
    "action_parameters": {"key": "welcome", "recipients": "body.user", "cancellation_key": "body.order"},
}
CANCEL: dict[str, Json] = {
    "event_type": "order.cancelled",
    "action_type": "workflows_cancel",
    "action_parameters": {"key": "welcome", "cancellation_key": "body.order"},
}
BY_KEY: dict[str, Json] = {"idempotency_key_path": "body.key"}


def gateway(*mappings: dict[str, Json], settings: dict[str, Json] = BY_KEY) -> InMemory:
    it = InMemory()
    it.put(settings=settings, mappings=list(mappings))
    settle_all(it)
    return it


def settle_all(it: InMemory, page: int = 500) -> None:
    pipeline = attrs.evolve(it.pipeline, page=page)
    while pipeline.run_once():
        pass


def test_what_waits_is_decided_and_waits_no_longer() -> None:
    it = gateway(IDENTIFY)
    it.deliver("1", {"user": "u-1"})
    assert (it.pipeline.run_once(), it.pipeline.run_once()) == (1, 0)
    assert it.outcome("1") == "executed"
    assert it.executed() == [("1", "users_identify")]


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_the_size_of_a_page_changes_nothing(page: int) -> None:
    it = gateway(IDENTIFY, TRIGGER)
    it.workflow("welcome")
    for number in range(7):
        it.deliver(str(number), {"user": f"u-{number % 3}", "key": str(number % 4)})
    settle_all(it, page)
    assert [it.outcome(str(number)) for number in range(7)] == ["executed"] * 4 + ["duplicate"] * 3


def test_decisions_follow_their_webhook_in_its_own_stream() -> None:
    it = gateway(IDENTIFY)
    it.deliver("1", {"user": "u-1"})
    settle_all(it)
    history = it.ledger.history("webhook-1")
    assert [each.version for each in history] == [1, 2, 3, 4, 5][: len(history)]
    assert {each.actor for each in history[1:]} == {"worker"}


def test_a_webhook_is_judged_by_the_configuration_that_it_was_received_under() -> None:
    it = gateway(IDENTIFY)
    it.deliver("1", {"user": "u-1"})
    it.put(mappings=[])
    it.deliver("2", {"user": "u-1"})
    settle_all(it)
    assert (it.outcome("1"), it.outcome("2")) == ("executed", "unmapped")


@pytest.mark.parametrize("page", [1, 500])
def test_a_hundred_copies_of_one_key_are_executed_once(page: int) -> None:
    it = gateway(IDENTIFY)
    for number in range(100):
        it.deliver(str(number), {"user": "u-1", "key": "k"})
    settle_all(it, page)
    assert it.executed() == [("0", "users_identify")]
    decided = [each for each in it.decisions("99") if isinstance(each, IdempotencyDecided)]
    assert [(each.outcome, each.original_id, each.same_body) for each in decided] == [("replayed", "0", True)]


@pytest.mark.parametrize("page", [1, 500])
def test_after_a_partial_failure_a_redelivery_runs_the_rest(page: int) -> None:
    it = gateway(IDENTIFY, TRIGGER)
    it.deliver("1", {"user": "u-1", "key": "k"})
    it.workflow("welcome")
    it.deliver("2", {"user": "u-1", "key": "k"})
    it.deliver("3", {"user": "u-1", "key": "k"})
    settle_all(it, page)
    assert it.executed() == [("1", "users_identify"), ("2", "workflows_trigger")]
    assert [it.outcome(each) for each in "123"] == ["partially_executed", "executed", "duplicate"]


@pytest.mark.parametrize(
    ("body", "hours", "outcome"),
    [
        ({"user": "u-1", "key": "k"}, 23, "duplicate"),
        ({"user": "u-1", "key": "k"}, 24, "executed"),
        ({"user": "u-1", "key": "k"}, -25, "duplicate"),
        ({"user": "u-1", "key": "k", "type": "order.paid"}, 1, "unmapped"),
        ({"user": "u-1", "key": "l"}, 1, "executed"),
        ({"user": "u-1"}, 1, "executed"),
    ],
)
def test_a_key_counts_within_its_type_and_its_window(body: dict[str, Json], hours: int, outcome: str) -> None:
    it = gateway(IDENTIFY)
    it.deliver("1", {"user": "u-1", "key": "k"})
    settle_all(it)
    it.clock.advance(hours=hours)
    it.deliver("2", body)
    settle_all(it)
    assert it.outcome("2") == outcome


@pytest.mark.parametrize("page", [1, 500])
def test_what_one_webhook_makes_known_the_next_one_knows(page: int) -> None:
    it = gateway(IDENTIFY, {**TRIGGER, "event_type": "order.paid"})
    it.workflow("welcome")
    it.deliver("1", {"user": "u-1"})
    it.deliver("2", {"user": ["u-1", "u-2"], "type": "order.paid"})
    settle_all(it, page)
    triggered = next(each for each in it.decisions("2") if isinstance(each, webhooks.ActionExecuted))
    assert triggered.result["recipients"] == [{"collection": "$users", "id": "u-1"}]
    assert len(triggered.warnings) == 1


@pytest.mark.parametrize("page", [1, 500])
def test_an_edit_of_a_workflow_counts_for_those_behind_it(page: int) -> None:
    it = gateway({**TRIGGER, "action_parameters": {"key": "welcome", "recipients": {"value": {"id": "u-1"}}}})
    for number, active in enumerate([None, True, False, True]):
        if active is not None:
            it.workflow("welcome", active=active)
        it.deliver(str(number), {})
    settle_all(it, page)
    assert [it.outcome(str(number)) for number in range(4)] == ["failed", "executed", "failed", "executed"]


@pytest.mark.parametrize("page", [1, 500])
def test_runs_are_started_and_cancelled_one_webhook_after_the_other(page: int) -> None:
    it = gateway(
        IDENTIFY, TRIGGER, CANCEL, {**CANCEL, "action_parameters": {**_parameters(CANCEL), "recipients": "user"}}
    )
    it.workflow("welcome")
    for number, (kind, order) in enumerate([("placed", "o-1"), ("placed", "o-2"), ("cancelled", "o-1")] * 2):
        it.deliver(str(number), {"type": f"order.{kind}", "user": "u-1", "order": order})
    settle_all(it, page)
    started = [each for each in _log(it) if isinstance(each, runs.RunStarted)]
    cancelled = [runs.cancelled_by(each) for each in _log(it) if isinstance(each, webhooks.ActionExecuted)]
    assert [each.webhook_id for each in started] == ["0", "1", "3", "4"]
    assert [ids for ids in cancelled if ids] == [(started[0].run_id,), (started[2].run_id,)]


@pytest.mark.parametrize("page", [1, 500])
def test_runs_that_have_nothing_to_deliver_end_at_once_and_are_never_cancelled(page: int) -> None:
    it = gateway(IDENTIFY, TRIGGER, CANCEL)
    it.workflow("welcome", told={})
    for number, kind in enumerate(["placed", "cancelled"]):
        it.deliver(str(number), {"type": f"order.{kind}", "user": "u-1", "order": "o-1"})
    settle_all(it, page)
    assert len([each for each in _log(it) if isinstance(each, runs.RunCompleted)]) == 1
    assert not any(runs.cancelled_by(each) for each in _log(it) if isinstance(each, webhooks.ActionExecuted))


@pytest.mark.parametrize("page", [1, 500])
def test_a_run_keeps_to_the_steps_of_its_start_and_data_to_the_schema(page: int) -> None:
    it = gateway({**TRIGGER, "action_parameters": {"key": "welcome", "recipients": {"value": {"id": "u-1"}}}})
    it.workflow("welcome")
    it.deliver("0", {})
    it.workflow("welcome", told={"trigger_data_schema": {"required": ["total"]}})
    it.deliver("1", {})
    it.workflow("welcome", told={"trigger_data_schema": None})
    it.deliver("2", {})
    settle_all(it, page)
    started = [each for each in _log(it) if isinstance(each, runs.RunStarted)]
    assert [(each.webhook_id, each.workflow_version) for each in started] == [("0", 2), ("2", 4)]
    (failed,) = (each for each in _log(it) if isinstance(each, webhooks.ActionFailed))
    assert (failed.error.code, failed.error.field) == ("trigger_data_invalid", "data")


def _parameters(mapping: dict[str, Json]) -> dict[str, Json]:
    parameters = mapping["action_parameters"]
    assert isinstance(parameters, dict)
    return parameters


def _log(it: InMemory) -> list[object]:
    return [each.event for each in it.ledger.log(after=0, limit=2**31)]


def test_a_rejected_webhook_waits_for_nothing_but_its_place() -> None:
    it = gateway(IDENTIFY)
    it.ledger.append(Change(stream="webhook-r", version=0, events=(examples.WEBHOOK_REJECTED,)))
    assert (it.pipeline.run_once(), it.decisions("r")) == (1, [])


def test_environments_know_nothing_of_one_another() -> None:
    it = gateway(IDENTIFY)
    it.put(environment="production", mappings=[IDENTIFY], settings=BY_KEY)
    it.deliver("1", {"user": "u-1", "key": "k"})
    it.deliver("2", {"user": "u-1", "key": "k"}, environment="production")
    settle_all(it)
    assert it.executed() == [("1", "users_identify"), ("2", "users_identify")]


def test_what_arrived_is_what_is_evaluated() -> None:
    it = gateway(IDENTIFY)
    it.deliver("1", {"user": "u-1"})
    (received,) = [each for each in _log(it) if isinstance(each, WebhookReceived)]
    assert received.body == b'{"type": "order.placed", "user": "u-1"}'
