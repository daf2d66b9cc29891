"""A forward: an executed action on its way to the Knock account of its environment.

It has the events of an executed action's second life: its calls are made one after the other, tried again, and end.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, assert_never

import attrs

from domain import deliveries, streams, touches
from domain.deliveries import Attempt, Outcome
from domain.identities import derived
from domain.webhooks import ActionExecuted


def stream(forward_id: str) -> str:
    """The stream of one forward."""
    return streams.name("forward", forward_id)


def id_of(webhook_id: str, mapping_id: str, evaluation: int) -> str:
    """The id of the forward of an action: it follows from the action, so that none starts twice."""
    return derived("forward", webhook_id, mapping_id, str(evaluation))


def idempotency_key(forward_id: str, call: int) -> str:
    """The key of a forward's call, by number from 0, the same for every attempt."""
    return derived(forward_id, str(call))


def target(environment: str) -> str:
    """What its calls go to, for circuit and schedule: the account of an environment, whatever its address."""
    return f"knock/{environment}"


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class Place:
    """Where a forward stands in line: by position in the log, and by number among those that one webhook led to.

    `touches` are digests of what its action is about: of two that share one, the first goes first.
    """

    position: int
    number: int
    touches: tuple[str, ...]


@attrs.frozen(kw_only=True)
class ForwardStarted:
    """The action that is named here is to be carried out in the environment's account, too."""

    forward_id: str
    environment: str
    webhook_id: str
    mapping_id: str
    evaluation: int
    action_type: str
    place: Place
    started_at: datetime


@attrs.frozen(kw_only=True)
class ForwardAttempted:
    """A call was made, the `call`-th of `calls` from 0, for the `attempt`-th time. See DeliveryAttempted.

    `operation` is the call's name in Knock's clients, `base_url` the account's address.
    """

    forward_id: str
    environment: str
    call: int
    calls: int
    operation: str
    base_url: str
    idempotency_key: str
    request_id: str
    attempt: int
    outcome: Outcome
    status: int | None
    code: str
    message: str
    milliseconds: int
    answer: str
    retry_at: datetime | None
    attempted_at: datetime


@attrs.frozen(kw_only=True)
class ForwardCompleted:
    """The account has carried everything out."""

    forward_id: str
    environment: str
    completed_at: datetime


@attrs.frozen(kw_only=True)
class ForwardFailed:
    """The forward is a dead letter: it stops until somebody retries it, and lets others pass."""

    forward_id: str
    environment: str
    code: str
    message: str
    failed_at: datetime


@attrs.frozen(kw_only=True)
class ForwardRetried:
    """A dead letter goes on with the call that failed, in the place that it had."""

    forward_id: str
    environment: str
    place: Place
    retried_at: datetime


@attrs.frozen(kw_only=True)
class ForwardCancelled:
    """The forward ends, because its environment forwards no more."""

    forward_id: str
    environment: str
    cancelled_at: datetime


Event = ForwardStarted | ForwardAttempted | ForwardCompleted | ForwardFailed | ForwardRetried | ForwardCancelled

Status = Literal["queued", "processing", "completed", "failed", "cancelled"]


@attrs.frozen(kw_only=True)
class Forward:
    """A forward as it stands. `done` calls are behind it; the next was tried `numbered` times.

    `attempts` of these were made since somebody last wanted it retried; `last_request` is the id of the last.
    """

    started: ForwardStarted
    status: Status = "queued"
    done: int = 0
    attempts: int = 0
    numbered: int = 0
    last_request: str | None = None

    @property
    def open(self) -> bool:
        """Whether anything is still to become of it."""
        return self.status in ("queued", "processing")


@attrs.frozen(kw_only=True)
class RecordAttempt:
    """Keep what came of a call, begun `at`, of an action that is `calls` calls. `jitter` is from 0 to 1."""

    operation: str
    calls: int
    base_url: str
    request_id: str
    attempt: Attempt
    jitter: float
    at: datetime
    ended_at: datetime


@attrs.frozen(kw_only=True)
class Fail:
    """Give it up, because it cannot even be tried."""

    code: str
    message: str
    at: datetime


@attrs.frozen(kw_only=True)
class Retry:
    """Let a dead letter go on."""

    at: datetime


@attrs.frozen(kw_only=True)
class Cancel:
    """End it before another call is made."""

    at: datetime


Command = RecordAttempt | Fail | Retry | Cancel


def begun_by(executed: ActionExecuted, webhook_id: str, *, position: int, number: int) -> ForwardStarted:
    """The forward of an executed action. `position` is that of what led to it, `number` tells it from its siblings."""
    return ForwardStarted(
        forward_id=id_of(webhook_id, executed.mapping_id, executed.evaluation),
        environment=executed.environment,
        webhook_id=webhook_id,
        mapping_id=executed.mapping_id,
        evaluation=executed.evaluation,
        action_type=executed.action_type,
        place=Place(position=position, number=number, touches=touches.of(executed.action_type, executed.payload)),
        started_at=executed.executed_at,
    )


def decide(forward: Forward, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to; none when the forward is past it."""
    started = forward.started
    about = {"forward_id": started.forward_id, "environment": started.environment}
    match command:
        case RecordAttempt():
            return _record(forward, command)
        case Fail():
            failed = ForwardFailed(**about, code=command.code, message=command.message, failed_at=command.at)
            return (failed,) if forward.open else ()  # it has ended already
        case Retry():
            retried = ForwardRetried(**about, place=started.place, retried_at=command.at)
            return (retried,) if forward.status == "failed" else ()  # it goes on already, or needs no more
        case Cancel():
            cancelled = ForwardCancelled(**about, cancelled_at=command.at)
            return (cancelled,) if forward.open else ()  # an end is an end
        case _:
            assert_never(command)


def _record(forward: Forward, command: RecordAttempt) -> tuple[Event, ...]:
    if not forward.open or command.request_id == forward.last_request:
        return ()  # on record already
    attempt, started = command.attempt, forward.started
    wait = deliveries.next_attempt(forward.attempts + 1, attempt, command.jitter)
    attempted = _attempted(forward, command, None if wait is None else command.ended_at + timedelta(seconds=wait))
    about = {"forward_id": started.forward_id, "environment": started.environment}
    if attempt.outcome != "delivered" and wait is None:
        failed = ForwardFailed(**about, code=attempt.code, message=attempt.message, failed_at=command.ended_at)
        return (attempted, failed)
    if attempt.outcome == "delivered" and forward.done + 1 >= command.calls:
        return (attempted, ForwardCompleted(**about, completed_at=command.ended_at))
    return (attempted,)


def _attempted(forward: Forward, command: RecordAttempt, retry_at: datetime | None) -> ForwardAttempted:
    attempt, started = command.attempt, forward.started
    return ForwardAttempted(
        forward_id=started.forward_id,
        environment=started.environment,
        call=forward.done,
        calls=command.calls,
        operation=command.operation,
        base_url=command.base_url,
        idempotency_key=idempotency_key(started.forward_id, forward.done),
        request_id=command.request_id,
        attempt=forward.numbered + 1,
        outcome=attempt.outcome,
        status=attempt.status,
        code=attempt.code,
        message=attempt.message,
        milliseconds=attempt.milliseconds,
        answer=attempt.text,
        retry_at=retry_at,
        attempted_at=command.at,
    )


def folded(events: Iterable[object]) -> Forward | None:
    """The state after all the events of a forward's stream; None if there are none."""
    state: Forward | None = None
    for event in events:
        assert isinstance(event, Event)
        state = evolve(state, event)
    return state


def evolve(state: Forward | None, event: Event) -> Forward | None:
    """The state after `event`."""
    if isinstance(event, ForwardStarted):
        return Forward(started=event)
    return state and _evolve(state, event)


def _evolve(forward: Forward, event: Event) -> Forward:
    match event:
        case ForwardStarted():
            return forward
        case ForwardAttempted():
            return _after(forward, event)
        case ForwardCompleted():
            return attrs.evolve(forward, status="completed")
        case ForwardFailed():
            return attrs.evolve(forward, status="failed")
        case ForwardRetried():
            return attrs.evolve(forward, status="queued", attempts=0)
        case ForwardCancelled():
            return attrs.evolve(forward, status="cancelled")
        case _:
            assert_never(event)


def _after(forward: Forward, event: ForwardAttempted) -> Forward:
    tried = attrs.evolve(forward, status="processing", last_request=event.request_id)
    if event.outcome == "delivered":
        return attrs.evolve(tried, done=forward.done + 1, attempts=0, numbered=0)
    return attrs.evolve(tried, attempts=forward.attempts + 1, numbered=event.attempt)
