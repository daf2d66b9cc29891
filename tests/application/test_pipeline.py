"""The pipeline: everything that waits is decided once, in order, and nothing that breaks holds up the rest."""

import attrs
import pytest

from application.records import Change
from domain import runs, subscribers, triggering, webhooks
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
    cancelled = [triggering.cancelled_by(each) for each in _log(it) if isinstance(each, webhooks.ActionExecuted)]
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
    assert not any(triggering.cancelled_by(each) for each in _log(it) if isinstance(each, webhooks.ActionExecuted))


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


FOLLOW: dict[str, Json] = {
    "event_type": "followed",
    "action_type": "objects_subscribe",
    "action_parameters": {"collection": {"value": "groups"}, "object_id": "body.group", "recipients": "body.who"},
}
LEAVE: dict[str, Json] = {**FOLLOW, "event_type": "left", "action_type": "objects_unsubscribe"}
DELETE: dict[str, Json] = {
    "event_type": "deleted",
    "action_type": "users_delete",
    "action_parameters": {"id": "body.who"},
}
DISSOLVE: dict[str, Json] = {
    "event_type": "dissolved",
    "action_type": "objects_delete",
    "action_parameters": {"collection": {"value": "groups"}, "id": "body.group"},
}
NEWS: dict[str, Json] = {
    "event_type": "news",
    "action_type": "workflows_trigger",
    "action_parameters": {"key": "welcome", "recipients": "body.groups", "cancellation_key": "body.order"},
}


def group(name: str) -> dict[str, Json]:
    return {"collection": "groups", "id": name}


@pytest.mark.parametrize("page", [1, 2, 500])
def test_a_trigger_reaches_those_who_follow_at_that_moment(page: int) -> None:
    it = gateway(FOLLOW, LEAVE, DELETE, DISSOLVE, NEWS)
    it.workflow("welcome")
    people: list[Json] = [{"id": name} for name in ("ann", "ben", "cat")]
    steps: list[tuple[str, dict[str, Json]]] = [
        ("followed", {"group": "a", "who": [*people[:2], group("b")]}),
        ("news", {}),
        ("followed", {"group": "b", "who": people[2:]}),
        ("news", {}),
        ("left", {"group": "a", "who": "ann"}),
        ("news", {}),
        ("deleted", {"who": "ben"}),
        ("news", {}),
        ("dissolved", {"group": "b"}),
        ("news", {}),
    ]
    for number, (kind, body) in enumerate(steps):
        it.deliver(str(number), {"type": kind, "groups": [group("a")], **body})
    settle_all(it, page)
    reached = [
        {str(each.recipient["id"]) for each in _log(it) if isinstance(each, runs.RunStarted) and each.webhook_id == id}
        for id in "13579"
    ]
    assert reached == [
        {"a", "ann", "ben"},
        {"a", "b", "ann", "ben", "cat"},
        {"a", "b", "ben", "cat"},
        {"a", "b", "cat"},
        {"a"},
    ]


@pytest.mark.parametrize("page", [1, 500])
def test_an_object_that_has_just_begun_to_follow_brings_those_who_follow_it_for_long(page: int) -> None:
    it = gateway(FOLLOW, NEWS)
    it.workflow("welcome")
    it.deliver("1", {"type": "followed", "group": "b", "who": {"id": "ann"}})
    settle_all(it)
    it.deliver("2", {"type": "followed", "group": "a", "who": group("b")})
    it.deliver("3", {"type": "news", "groups": group("a")})
    settle_all(it, page)
    reached = [each.recipient["id"] for each in _log(it) if isinstance(each, runs.RunStarted)]
    assert reached == ["a", "b", "ann"]


@pytest.mark.parametrize("page", [1, 500])
def test_who_was_reached_through_a_subscription_is_cancelled_by_name(page: int) -> None:
    by_name = {**CANCEL, "action_parameters": {**_parameters(CANCEL), "recipients": "body.who"}}
    it = gateway(FOLLOW, NEWS, by_name)
    it.workflow("welcome")
    it.deliver("1", {"type": "followed", "group": "a", "who": [{"id": "ann"}, {"id": "ben"}]})
    it.deliver("2", {"type": "news", "groups": group("a"), "order": "o-1"})
    it.deliver("3", {"type": "order.cancelled", "order": "o-1", "who": "ben"})
    settle_all(it, page)
    (ben,) = (each for each in _log(it) if isinstance(each, runs.RunStarted) and each.recipient["id"] == "ben")
    cancelled = [triggering.cancelled_by(each) for each in _log(it) if isinstance(each, webhooks.ActionExecuted)]
    assert [ids for ids in cancelled if ids] == [(ben.run_id,)]


def test_what_starts_many_runs_is_settled_in_portions() -> None:
    """Nothing is left out and nothing decided otherwise, however little one transaction takes."""
    it = gateway(FOLLOW, NEWS)
    it.workflow("welcome")
    settle_all(it)
    it.deliver("0", {"type": "followed", "group": "a", "who": [{"id": f"u-{number}"} for number in range(5)]})
    for number in range(1, 8):
        it.deliver(str(number), {"type": "news", "groups": group("a")})
    portions = []
    settle = it.inbox.settle
    it.inbox.settle = lambda entries: (portions.append(len(entries)), settle(entries))[1]  # type: ignore[func-returns-value, method-assign]
    assert attrs.evolve(it.pipeline, most_changes=14).run_once() == 8
    assert portions == [3, 2, 2, 1]
    assert [it.outcome(str(number)) for number in range(8)] == ["executed"] * 8
    assert len([each for each in _log(it) if isinstance(each, runs.RunStarted)]) == 7 * 6


def test_subscribers_of_many_objects_are_looked_up_for_as_many_webhooks_as_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a single webhook that needs more than all the others could have fails, and it alone."""
    it = gateway(FOLLOW, NEWS)
    it.workflow("welcome")
    for name in ("a", "b", "c"):
        it.deliver(name, {"type": "followed", "group": name, "who": [{"id": f"{name}-{n}"} for n in range(3)]})
    settle_all(it)
    monkeypatch.setattr(subscribers, "MOST_AT_ONCE", 7)
    for number, groups in enumerate(("a", "b", "abc", "c", "bc")):
        it.deliver(str(number), {"type": "news", "groups": [group(each) for each in groups]})
    settle_all(it)
    assert [it.outcome(str(number)) for number in range(5)] == ["executed", "executed", "failed", *["executed"] * 2]
    (failed,) = (each for each in it.decisions("2") if isinstance(each, webhooks.ActionFailed))
    assert failed.error.code == "too_many_subscribers"


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
