"""A run: a workflow started for one recipient. `triggering` says when one starts, `running` what becomes of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, assert_never

import attrs

from domain import streams
from domain.deliveries import Outcome
from domain.json_values import Json


def stream(run_id: str) -> str:
    """The stream of one run."""
    return streams.name("run", run_id)


TriggerSource = Literal["api", "integration", "rehearsal"]

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
    run = attrs.evolve(run, last_request=event.request_id, due_at=event.retry_at or event.attempted_at)
    if event.outcome == "delivered":
        return attrs.evolve(run, done=run.done + 1, prepared=None, attempts=0, numbered=0)
    return attrs.evolve(run, attempts=run.attempts + 1, numbered=event.attempt)
