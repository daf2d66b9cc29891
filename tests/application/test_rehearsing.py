"""Rehearsing: a test event of one's own goes the whole way, marked as what it is, and never in production."""

from collections.abc import Callable
from typing import Any

import pytest

from application.errors import Unavailable
from application.payloads import PayloadInvalid
from application.rehearsing import RehearsalForbidden, Rehearsing
from application.waiting import PATIENCE, WaitingRoom
from domain import errors
from domain.json_values import Json
from domain.webhooks import ActionExecuted, ActionFailed, ActionSkipped, WebhookReceived
from infrastructure import bodies
from tests.application.in_memory import ACTOR, SCRIPTS, InMemory, Numbers

MAPPINGS: list[Json] = [
    {"event_type": "order.placed", "action_type": "users_identify", "action_parameters": {"id": "body.user"}},
    {
        "event_type": "order.placed",
        "action_type": "workflows_trigger",
        "action_parameters": {"key": "welcome", "recipients": "headers.x-user"},
    },
]
ORDER: dict[str, Json] = {"body": {"type": "order.placed", "user": "u-1"}, "headers": {"X-User": "u-1"}}


class Waiting:
    """Monotonic seconds that pass while somebody sleeps; meanwhile, the worker works."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.seconds, self._meanwhile = 0.0, meanwhile

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self._meanwhile()


def rehearsing(it: InMemory, waiting: Waiting | None = None) -> Rehearsing:
    waiting = waiting or Waiting(it.pipeline.run_once)
    return Rehearsing(
        store=it.ledger,
        catalogue=it.catalogue,
        clock=it.clock,
        new_id=Numbers("rehearsal"),
        engine=SCRIPTS,
        dumps=bodies.dumps,
        waiting=WaitingRoom(settled=it.inbox.position, now=waiting.now, sleep=waiting.sleep),
    )


def gateway() -> InMemory:
    it = InMemory()
    it.put(mappings=MAPPINGS, settings={"enforce_verification": True})
    return it


def rehearse(it: InMemory, payload: dict[str, Json], **changes: Any) -> Any:
    asked = {"source": "shop", "environment": "development", "payload": payload, "actor": ACTOR, **changes}
    return rehearsing(it).rehearse(**asked)


def test_a_rehearsal_goes_the_whole_way_with_real_effects() -> None:
    it = gateway()
    it.workflow("welcome")
    done = rehearse(it, ORDER)
    assert [type(each) for each in done.actions] == [ActionExecuted, ActionExecuted]
    assert done.actions[1].result["recipients"] == [{"collection": "$users", "id": "u-1"}]
    assert done.problem is None
    assert it.outcome(done.webhook_id) == "executed"


def test_a_rehearsal_is_on_record_as_one() -> None:
    it = gateway()
    done = rehearse(it, ORDER)
    recorded = it.ledger.history(f"webhook-{done.webhook_id}")[0]
    received = recorded.event
    assert isinstance(received, WebhookReceived)
    assert (received.origin, received.verification_status, received.verdict.status) == (
        "rehearsal",
        "skipped",
        "unverified",
    )
    assert (received.headers, received.body) == ({"x-user": "u-1"}, b'{"type":"order.placed","user":"u-1"}')
    assert (recorded.actor, received.configuration_version) == (ACTOR, it.configuration().version)


def test_a_rehearsal_shows_what_failed_and_what_was_skipped() -> None:
    done = rehearse(gateway(), {"body": {"type": "order.placed"}, "headers": {"x-user": "u-1"}})
    assert [type(each) for each in done.actions] == [ActionSkipped, ActionFailed]


def test_a_rehearsal_that_has_no_type_is_told_so() -> None:
    done = rehearse(gateway(), {"body": {"typ": "order.placed"}})
    assert (done.actions, done.problem is None) == ((), False)
    assert "the nearest that exists is body.typ" in done.problem


def test_nobody_rehearses_in_production() -> None:
    it = gateway()
    before = it.ledger.head()
    with pytest.raises(RehearsalForbidden) as refusal:
        rehearse(it, ORDER, environment="production")
    assert refusal.value.field == "environment"
    assert it.ledger.head() == before


@pytest.mark.parametrize(("source", "environment"), [("none", "development"), ("shop", "stagin")])
def test_what_does_not_exist_cannot_be_rehearsed(source: str, environment: str) -> None:
    with pytest.raises(errors.Refused):
        rehearse(gateway(), ORDER, source=source, environment=environment)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "payload.body"),
        ({"body": None}, "payload.body"),
        ({"body": [1]}, "payload.body"),
        ({"body": "{}"}, "payload.body"),
        ({"body": {}, "headers": ["x-user"]}, "payload.headers"),
        ({"body": {}, "headers": {"x-user": 1}}, "payload.headers"),
        ({"body": {}, "headers": ""}, "payload.headers"),
    ],
)
def test_a_payload_is_a_body_and_headers(payload: dict[str, Json], field: str) -> None:
    it = gateway()
    before = it.ledger.head()
    with pytest.raises(PayloadInvalid) as refusal:
        rehearse(it, payload)
    assert refusal.value.field == field
    assert it.ledger.head() == before


def test_a_rehearsal_waits_for_its_turn() -> None:
    it = gateway()
    it.deliver("1", {"user": "u-1"})
    waiting = Waiting(lambda: waiting.seconds > 5 and it.pipeline.run_once())
    done = rehearsing(it, waiting).rehearse(source="shop", environment="development", payload=ORDER, actor=ACTOR)
    assert len(done.actions) == 2


def test_without_a_worker_a_rehearsal_is_given_up() -> None:
    it = gateway()
    waiting = Waiting(lambda: None)
    with pytest.raises(Unavailable, match="is it running"):
        rehearsing(it, waiting).rehearse(source="shop", environment="development", payload=ORDER, actor=ACTOR)
    assert PATIENCE <= waiting.seconds < PATIENCE + 1


def test_what_receiving_would_refuse_of_a_legacy_call_is_refused_here() -> None:
    it = InMemory()
    it.managing.put_source(
        key="shop", body={"source": {"name": "Shop", "preconfigured_provider": "http_legacy"}}, actor=ACTOR
    )
    with pytest.raises(PayloadInvalid, match="event is missing"):
        rehearse(it, {"body": {"type": "track"}})
