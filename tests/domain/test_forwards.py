"""What becomes of a forward: given its events, a command leads to these, and a second time to none."""

import functools
from datetime import timedelta

import attrs
import pytest

from domain import deliveries, forwards
from domain.deliveries import Attempt
from domain.forwards import Cancel, Command, Event, Fail, Forward, ForwardAttempted, RecordAttempt, Retry
from tests import examples

AT = examples.AT
STARTED = examples.FORWARD_STARTED
DELIVERED = Attempt(outcome="delivered", status=200, code="answered", message="ok", milliseconds=5, answer=b"ok\0")
FAILED = attrs.evolve(DELIVERED, outcome="failed", status=500, message="broken")
REFUSED = attrs.evolve(DELIVERED, outcome="refused", status=422, code="invalid_params", message="no")
FAIL = Fail(code="action_unreadable", message="gone", at=AT)


def forward(*events: Event) -> Forward:
    state = functools.reduce(forwards.evolve, events, forwards.evolve(None, STARTED))
    assert state is not None
    return state


def tried(attempt: Attempt, request: str = "req-1", *, calls: int = 1, jitter: float = 0.5) -> RecordAttempt:
    return RecordAttempt(
        operation="workflows.trigger",
        calls=calls,
        base_url="https://api.knock.app",
        request_id=request,
        attempt=attempt,
        jitter=jitter,
        at=AT,
        ended_at=AT,
    )


def names(events: tuple[Event, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


def after(*commands: Command) -> Forward:
    state = forward()
    for command in commands:
        state = functools.reduce(
            lambda one, event: forwards.evolve(one, event) or one, forwards.decide(state, command), state
        )
    return state


def test_the_forward_of_an_action_has_one_id_whoever_begins_it() -> None:
    begun = [forwards.begun_by(examples.ACTION_EXECUTED, "w-1", position=p, number=0) for p in (1, 2)]
    assert begun[0].forward_id == begun[1].forward_id
    other = attrs.evolve(examples.ACTION_EXECUTED, evaluation=2)
    assert forwards.begun_by(other, "w-1", position=1, number=0).forward_id != begun[0].forward_id


def test_it_touches_what_its_action_is_about() -> None:
    begun = forwards.begun_by(examples.ACTION_EXECUTED, "w-1", position=7, number=2)
    assert (begun.place.position, begun.place.number, len(begun.place.touches)) == (7, 2, 2)


def test_a_call_that_was_carried_out_completes_it() -> None:
    attempted, completed = forwards.decide(forward(), tried(DELIVERED))
    assert isinstance(attempted, ForwardAttempted)
    assert attempted.idempotency_key == forwards.idempotency_key(STARTED.forward_id, 0)
    assert (attempted.call, attempted.attempt, attempted.answer, attempted.retry_at) == (0, 1, "ok\ufffd", None)
    assert names((completed,)) == ["ForwardCompleted"]


def test_of_several_calls_the_last_completes_it_and_each_has_a_key_of_its_own() -> None:
    assert names(forwards.decide(forward(), tried(DELIVERED, calls=2))) == ["ForwardAttempted"]
    second, _ = forwards.decide(after(tried(DELIVERED, calls=2)), tried(DELIVERED, "req-2", calls=2))
    assert isinstance(second, ForwardAttempted)
    assert (second.call, second.attempt) == (1, 1)
    assert second.idempotency_key != forwards.idempotency_key(STARTED.forward_id, 0)


def test_a_call_that_failed_is_due_again_later() -> None:
    (attempted,) = forwards.decide(forward(), tried(FAILED))
    assert isinstance(attempted, ForwardAttempted)
    assert attempted.retry_at == AT + timedelta(seconds=2.5)
    assert after(tried(FAILED)).status == "processing"


def test_the_same_attempt_is_recorded_once() -> None:
    assert forwards.decide(after(tried(FAILED)), tried(FAILED)) == ()


def test_a_refused_call_makes_a_dead_letter_at_once() -> None:
    _, failed = forwards.decide(forward(), tried(REFUSED))
    assert failed == attrs.evolve(examples.FORWARD_FAILED, code="invalid_params", message="no", failed_at=AT)


def test_what_keeps_failing_makes_a_dead_letter_in_the_end() -> None:
    most = deliveries.DEFAULT_POLICY.most_attempts
    requests = [tried(FAILED, f"req-{number}") for number in range(most)]
    assert after(*requests[:-1]).open
    assert names(forwards.decide(after(*requests[:-1]), requests[-1])) == ["ForwardAttempted", "ForwardFailed"]


def test_a_retried_one_goes_on_with_the_call_that_failed_in_its_old_place() -> None:
    dead = after(tried(DELIVERED, calls=3), tried(REFUSED, "req-2", calls=3))
    (retried,) = forwards.decide(dead, Retry(at=examples.LATER))
    assert retried == examples.FORWARD_RETRIED
    again = forwards.evolve(dead, retried)
    assert again is not None
    assert (again.status, again.done, again.attempts, again.numbered) == ("queued", 1, 0, 1)


@pytest.mark.parametrize(
    ("state", "command"),
    [
        (after(tried(DELIVERED)), Retry(at=AT)),
        (after(tried(FAILED)), Retry(at=AT)),
        (after(tried(DELIVERED)), Cancel(at=AT)),
        (after(Cancel(at=AT)), Cancel(at=AT)),
        (after(Cancel(at=AT)), tried(DELIVERED)),
        (after(tried(REFUSED)), FAIL),
    ],
    ids=["completed", "open", "done", "cancelled", "too late", "failed"],
)
def test_what_is_past_it_changes_nothing(state: Forward, command: Command) -> None:
    assert forwards.decide(state, command) == ()


def test_an_open_one_can_be_cancelled_or_given_up() -> None:
    assert names(forwards.decide(after(tried(FAILED)), Cancel(at=AT))) == ["ForwardCancelled"]
    assert names(forwards.decide(forward(), FAIL)) == ["ForwardFailed"]


def test_the_history_folds_into_the_state() -> None:
    assert forwards.folded([]) is None
    assert forwards.folded([STARTED, examples.FORWARD_ATTEMPTED]) == forward(examples.FORWARD_ATTEMPTED)
