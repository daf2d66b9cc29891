"""A run: a workflow started for one recipient by one executed trigger. What becomes of it is decided in `running`."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal, assert_never

import attrs

from domain import streams
from domain.deliveries import Outcome
from domain.json_values import Json
from domain.webhooks import ActionExecuted


def stream(run_id: str) -> str:
    """The stream of one run."""
    return streams.name("run", run_id)


TriggerSource = Literal["api", "integration", "rehearsal"]
TRIGGER_SOURCES: Final[Mapping[str, TriggerSource]] = {"api": "api", "rehearsal": "rehearsal"}
"""By the origin of the webhook that triggered; all others came from a source."""

# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class RunStarted:
    """A workflow runs for `recipient`. The trigger's data stays with the action that is named here.

    `subscribed_to` is the object through whose subscription the recipient was reached, None for one who was named.
    `workflow_version` names the steps that it takes, whatever becomes of the workflow meanwhile; runs of old had none.
    """

    run_id: str
    workflow_run_id: str
    environment: str
    workflow: str
    recipient: Mapping[str, Json]
    actor: Mapping[str, Json] | None
    tenant: str | None
    cancellation_key: str | None
    webhook_id: str
    mapping_id: str
    evaluation: int
    started_at: datetime
    workflow_version: int | None = None
    trigger_source: TriggerSource = "integration"
    subscribed_to: Mapping[str, Json] | None = None


@attrs.frozen(kw_only=True)
class StepSkipped:
    """A step's conditions did not hold, so the run went past it. `step` None means those of the whole workflow."""

    run_id: str
    environment: str
    step: str | None
    skipped_at: datetime


@attrs.frozen(kw_only=True)
class RunPaused:
    """The run waits, at the delay `step`, until a time."""

    run_id: str
    environment: str
    step: str
    until: datetime
    paused_at: datetime


@attrs.frozen(kw_only=True)
class DeliveryPrepared:
    """What a step delivers, filled in once, so that every attempt sends the same under the same `delivery_id`.

    `content` is `{url, body}` of a webhook and `{to, subject, text, html?}` of an e-mail. `target` names the server.
    """

    run_id: str
    environment: str
    step: str
    delivery_id: str
    type: str
    target: str
    content: Mapping[str, Json]
    prepared_at: datetime


@attrs.frozen(kw_only=True)
class DeliveryAttempted:
    """An attempt was made, the `attempt`-th of its delivery; `answer` is what came back, its first 4 KiB as text.

    `retry_at` is when the next one is due, None when there is none.
    """

    run_id: str
    environment: str
    step: str
    delivery_id: str
    request_id: str
    target: str
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
class RunCompleted:
    """Every step is behind the run."""

    run_id: str
    environment: str
    completed_at: datetime


@attrs.frozen(kw_only=True)
class RunFailed:
    """The run is a dead letter: it stops at `step` until somebody retries it."""

    run_id: str
    environment: str
    step: str | None
    code: str
    message: str
    failed_at: datetime


@attrs.frozen(kw_only=True)
class RunRetried:
    """A dead letter goes on where it stopped; `refreshed`, what it delivers is filled in anew.

    `target` is the one of the delivery that waits, empty where none is prepared.
    """

    run_id: str
    environment: str
    refreshed: bool
    target: str
    retried_at: datetime


@attrs.frozen(kw_only=True)
class RunCancelled:
    """The run ends, and delivers no more, because a cancellation named its key."""

    run_id: str
    environment: str
    webhook_id: str
    cancelled_at: datetime


Event = (
    RunStarted
    | StepSkipped
    | RunPaused
    | DeliveryPrepared
    | DeliveryAttempted
    | RunCompleted
    | RunFailed
    | RunRetried
    | RunCancelled
)

Status = Literal["queued", "processing", "paused", "completed", "failed", "cancelled"]
OPEN: tuple[Status, ...] = ("queued", "processing", "paused")


@attrs.frozen(kw_only=True)
class Run:
    """A run as it stands. `done` steps are behind it, and nothing is to be done before `due_at`.

    `prepared` is the delivery in hand: tried `numbered` times, `attempts` of them since somebody last wanted it
    retried; `last_request` is the id of the last attempt.
    """

    started: RunStarted
    status: Status = "queued"
    done: int = 0
    due_at: datetime
    prepared: DeliveryPrepared | None = None
    attempts: int = 0
    numbered: int = 0
    last_request: str | None = None

    @property
    def open(self) -> bool:
        """Whether anything is still to become of it."""
        return self.status in OPEN


def begun_by(
    executed: ActionExecuted,
    webhook_id: str,
    *,
    workflow_version: int | None = None,
    trigger_source: TriggerSource = "integration",
) -> tuple[RunStarted, ...]:
    """One run for each recipient whom the trigger reached. Ids follow from the action, so that none starts twice."""
    payload: Mapping[str, Any] = executed.payload
    workflow_run_id = trigger_id(webhook_id, executed.mapping_id, executed.evaluation)
    return tuple(
        RunStarted(
            run_id=_derived(workflow_run_id, recipient["collection"], recipient["id"]),
            workflow_run_id=workflow_run_id,
            environment=executed.environment,
            workflow=str(payload["key"]),
            recipient=recipient,
            actor=payload.get("actor"),
            tenant=payload.get("tenant"),
            cancellation_key=payload.get("cancellation_key"),
            webhook_id=webhook_id,
            mapping_id=executed.mapping_id,
            evaluation=executed.evaluation,
            started_at=executed.executed_at,
            workflow_version=workflow_version,
            trigger_source=trigger_source,
            subscribed_to=subscribed_to,
        )
        for recipient, subscribed_to in _reached(executed)
    )


def _reached(executed: ActionExecuted) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
    """Who was named by a trigger; then who follows an object that was, or one that follows it, and which."""
    result: Mapping[str, Any] = executed.result if executed.action_type == "workflows_trigger" else {"recipients": ()}
    yield from ((recipient, None) for recipient in result["recipients"])
    for group in result.get("subscribers", ()):
        yield from ((recipient, group["subscribed_to"]) for recipient in group["recipients"])


def cancelled_by(executed: ActionExecuted) -> tuple[str, ...]:
    """The ids of the runs that the action found open, each of which is to end."""
    if executed.action_type != "workflows_cancel":
        return ()
    cancelled = executed.result["cancelled"]
    assert isinstance(cancelled, list)
    return tuple(cancelled)


def trigger_id(webhook_id: str, mapping_id: str, evaluation: int) -> str:
    """The id that all runs of one trigger share: Knock's `workflow_run_id`."""
    return _derived(webhook_id, mapping_id, str(evaluation))


def delivery_id(run_id: str, step: str) -> str:
    """The id of what a step of a run delivers, the same for every attempt: the receiver's idempotency key."""
    return _derived(run_id, step)


def _derived(*parts: str) -> str:
    """A UUID (version 8, RFC 9562) that follows from the parts."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def folded(events: Iterable[object]) -> Run | None:
    """The state after all the events of a run's stream; None if there are none."""
    state: Run | None = None
    for event in events:
        assert isinstance(event, Event)
        state = evolve(state, event)
    return state


def evolve(state: Run | None, event: Event) -> Run | None:
    """The state after `event`."""
    if isinstance(event, RunStarted):
        return Run(started=event, due_at=event.started_at)
    return state and _evolve(state, event)


def _evolve(run: Run, event: Event) -> Run:
    match event:
        case RunStarted():
            return run
        case StepSkipped():
            return attrs.evolve(run, done=run.done + (event.step is not None))
        case RunPaused():
            return attrs.evolve(run, status="paused", done=run.done + 1, due_at=event.until)
        case DeliveryPrepared():
            return attrs.evolve(run, status="processing", prepared=event, due_at=event.prepared_at)
        case DeliveryAttempted():
            return _attempted(run, event)
        case RunCompleted():
            return attrs.evolve(run, status="completed")
        case RunFailed():
            return attrs.evolve(run, status="failed")
        case RunRetried():
            prepared = None if event.refreshed else run.prepared
            return attrs.evolve(run, status="queued", prepared=prepared, due_at=event.retried_at, attempts=0)
        case RunCancelled():
            return attrs.evolve(run, status="cancelled")
        case _:
            assert_never(event)


def _attempted(run: Run, event: DeliveryAttempted) -> Run:
    if event.outcome == "delivered":
        return attrs.evolve(
            run,
            done=run.done + 1,
            prepared=None,
            attempts=0,
            numbered=0,
            last_request=event.request_id,
            due_at=event.attempted_at,
        )
    return attrs.evolve(
        run,
        attempts=run.attempts + 1,
        numbered=event.attempt,
        last_request=event.request_id,
        due_at=event.retry_at or event.attempted_at,
    )
