"""Calling: a call is a webhook on record, answered once it was processed."""

import attrs
import pytest

from application.access import Caller
from application.calling import Called, Calling
from application.errors import Unavailable
from application.judging import REDACTED
from application.requests import Request
from application.waiting import WaitingRoom
from domain import api_calls
from domain.json_values import Json
from domain.webhooks import ActionExecuted, WebhookReceived
from infrastructure import bodies
from tests.application.in_memory import InMemory, Numbers

KEY = Caller(key_id="key-7", role="environment", environment="development")
REQUEST = Request(
    method="PUT",
    query="",
    remote_address="192.0.2.7",
    headers={"authorization": "Bearer sk_x", "user-agent": "Knock/Python"},
    body=b"",
    request_id="req-1",
)
IDENTIFY: dict[str, Json] = {"operation": "users.update", "id": "u-1", "name": "Zoë"}


@attrs.define
class Waiting:
    """Monotonic seconds that pass while somebody sleeps; meanwhile the worker works, unless it is away."""

    it: InMemory
    away: bool = False
    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        if not self.away:
            self.it.pipeline.run_once()


def calling(it: InMemory, *, away: bool = False) -> Calling:
    waiting = Waiting(it, away)
    return Calling(
        store=it.ledger,
        clock=it.clock,
        new_id=Numbers("call"),
        dumps=bodies.dumps,
        waiting=WaitingRoom(settled=it.inbox.position, now=waiting.now, sleep=waiting.sleep),
    )


def call(it: InMemory, *operations: dict[str, Json]) -> tuple[Called, ...]:
    return calling(it).call(operations, environment="development", caller=KEY, request=REQUEST)


def test_a_call_is_answered_with_what_came_of_it() -> None:
    [called] = call(InMemory(), IDENTIFY)
    assert (called.webhook_id, called.outcome) == ("call-1", "executed")
    [done] = called.actions
    assert isinstance(done, ActionExecuted)
    assert done.payload["name"] == "Zoë"


def test_a_call_is_on_record_with_the_key_that_made_it_and_not_with_the_key_itself() -> None:
    it = InMemory()
    call(it, IDENTIFY)
    recorded = it.ledger.history("webhook-call-1")[0]
    received = recorded.event
    assert isinstance(received, WebhookReceived)
    assert (recorded.actor, recorded.correlation_id) == ("key-7", "req-1")
    assert (received.source, received.origin, received.verdict.secret_id) == (api_calls.SOURCE, "api", "key-7")
    assert received.headers == {"authorization": REDACTED, "user-agent": "Knock/Python"}
    assert bodies.parse(received.body) == IDENTIFY


def test_several_operations_are_recorded_together_and_run_in_their_order() -> None:
    it = InMemory()
    before = it.ledger.head()
    called = call(it, IDENTIFY, {"operation": "users.delete", "id": "u-1"})
    assert [each.outcome for each in called] == ["executed", "executed"]
    assert called[1].actions[0].result == {"id": "u-1", "deleted": True}  # type: ignore[union-attr]
    received = it.ledger.log(after=before, limit=2)
    assert [each.stream for each in received] == ["webhook-call-1", "webhook-call-2"]


def test_a_repeated_call_names_the_one_that_it_repeats() -> None:
    it = InMemory()
    it.workflow("welcome")
    trigger: dict[str, Json] = {
        "operation": "workflows.trigger",
        "key": "welcome",
        "recipients": [{"id": "u-1"}],
        "idempotency_key": "k",
    }
    caller, asked = calling(it), {"environment": "development", "caller": KEY, "request": REQUEST}
    [first], [again], [other] = (
        caller.call([body], **asked)  # type: ignore[arg-type]
        for body in (trigger, trigger, {**trigger, "recipients": [{"id": "u-2"}]})
    )
    assert (first.outcome, first.original_id) == ("executed", None)
    assert (again.outcome, again.original_id, again.same, again.actions) == ("duplicate", "call-1", True, ())
    assert (other.original_id, other.same) == ("call-1", False)


def test_a_call_waits_for_the_worker_no_longer_than_it_can() -> None:
    it = InMemory()
    caller = calling(it, away=True)
    with pytest.raises(Unavailable, match="worker"):
        caller.call([IDENTIFY], environment="development", caller=KEY, request=REQUEST)
    assert it.ledger.history("webhook-call-1")  # it is on record, and will be carried out
    assert caller.look_up("call-1") is None
