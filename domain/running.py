"""What becomes of a run: it goes through its steps, waits, delivers, tries again, and ends. Pure.

Whoever carries a run on asks `decide` to go on, fills in and sends what `next_delivery` names, and reports the attempt.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

import attrs

from domain import conditions, delays, deliveries, run_ids, runs
from domain.deliveries import Attempt
from domain.json_values import Json
from domain.runs import (
    DeliveryAttempted,
    DeliveryPrepared,
    Event,
    Run,
    RunCompleted,
    RunFailed,
    RunPaused,
    StepSkipped,
)
from domain.workflow_steps import Step
from domain.workflows import Definition


@attrs.frozen(kw_only=True)
class Proceed:
    """Go past everything that nobody has to be asked for; `context` is what conditions and delays look at."""

    context: Mapping[str, Json]
    at: datetime


@attrs.frozen(kw_only=True)
class Prepare:
    """Keep what the step at hand delivers."""

    target: str
    content: Mapping[str, Json]
    at: datetime


@attrs.frozen(kw_only=True)
class RecordAttempt:
    """Keep what came of an attempt, begun `at`. `jitter`, from 0 to 1, spreads the next ones."""

    request_id: str
    attempt: Attempt
    jitter: float
    at: datetime
    ended_at: datetime


@attrs.frozen(kw_only=True)
class Fail:
    """Give the run up at the step at hand, because it cannot even be tried."""

    code: str
    message: str
    at: datetime


@attrs.frozen(kw_only=True)
class Cancel:
    """End the run before anything more is delivered."""

    webhook_id: str
    at: datetime


@attrs.frozen(kw_only=True)
class Retry:
    """Let a dead letter go on. `refresh` fills in anew what it delivers: other content under the same key."""

    refresh: bool = False
    at: datetime


Command = Proceed | Prepare | RecordAttempt | Fail | Cancel | Retry


def decide(run: Run, definition: Definition, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to; none when the run is past it."""
    match command:
        case Proceed():
            return _proceed(run, definition, command)
        case Prepare():
            return _prepare(run, definition, command)
        case RecordAttempt():
            return _record(run, command)
        case Fail():
            return _give_up(run, definition, command)
        case Cancel():
            return _cancel(run, command)
        case Retry():
            return _retry(run, command)
        case _:
            assert_never(command)


def completed_at_once(started: runs.RunStarted) -> RunCompleted:
    """The end of a run that has no steps."""
    return RunCompleted(run_id=started.run_id, environment=started.environment, completed_at=started.started_at)


def next_delivery(run: Run, definition: Definition) -> Step | None:
    """The step that is to be delivered next, once `Proceed` leads no further."""
    ahead = definition.steps[run.done :]
    return ahead[0] if run.open and ahead and ahead[0].type != "delay" else None


def _proceed(run: Run, definition: Definition, command: Proceed) -> tuple[Event, ...]:
    # One that is not due, in delivery or closed has nothing to proceed to: asked again, it stays where it is.
    if not run.open or run.prepared or command.at < run.due_at:
        return ()
    if run.status == "queued" and run.done == 0 and not conditions.hold(definition.conditions, command.context):
        return (_skipped(run, None, command.at), _completed(run, command.at))
    events: list[Event] = []
    for step in definition.steps[run.done :]:
        if not conditions.hold(step.conditions, command.context):
            events.append(_skipped(run, step.ref, command.at))
        elif step.type != "delay":
            return tuple(events)
        else:
            events.append(_delayed(run, step, command))
            if not _passed(events[-1], command.at):
                return tuple(events)
    return (*events, _completed(run, command.at))


def _delayed(run: Run, step: Step, command: Proceed) -> RunPaused | RunFailed:
    until = delays.end(step, command.context, command.at)
    if until is None:
        shown = f"{step.settings['until_path']} names no moment, or one more than a year ahead"
        return _failed(run, step.ref, delays.UNRESOLVED, shown, command.at)
    return RunPaused(
        run_id=run.started.run_id,
        environment=run.started.environment,
        step=step.ref,
        until=until,
        paused_at=command.at,
    )


def _passed(event: Event, at: datetime) -> bool:
    return isinstance(event, RunPaused) and event.until <= at


def _prepare(run: Run, definition: Definition, command: Prepare) -> tuple[Event, ...]:
    step = next_delivery(run, definition)
    if step is None or run.prepared:
        return ()  # what was once prepared is what every attempt sends
    run_id = run.started.run_id
    return (
        DeliveryPrepared(
            run_id=run_id,
            environment=run.started.environment,
            step=step.ref,
            delivery_id=run_ids.of_delivery(run_id, step.ref),
            type=step.type,
            target=command.target,
            content=command.content,
            prepared_at=command.at,
        ),
    )


def _record(run: Run, command: RecordAttempt) -> tuple[Event, ...]:
    prepared, attempt = run.prepared, command.attempt
    if not run.open or prepared is None or command.request_id == run.last_request:
        return ()  # on record already
    wait = deliveries.next_attempt(run.attempts + 1, attempt, command.jitter)
    attempted = DeliveryAttempted(
        run_id=prepared.run_id,
        environment=prepared.environment,
        step=prepared.step,
        delivery_id=prepared.delivery_id,
        request_id=command.request_id,
        target=prepared.target,
        attempt=run.numbered + 1,
        outcome=attempt.outcome,
        status=attempt.status,
        code=attempt.code,
        message=attempt.message,
        milliseconds=attempt.milliseconds,
        answer=attempt.text,
        retry_at=None if wait is None else command.ended_at + timedelta(seconds=wait),
        attempted_at=command.at,
    )
    if attempt.outcome == "delivered" or wait is not None:
        return (attempted,)
    return (attempted, _failed(run, prepared.step, attempt.code, attempt.message, command.ended_at))


def _give_up(run: Run, definition: Definition, command: Fail) -> tuple[Event, ...]:
    if not run.open:
        return ()  # it has ended already
    step = next_delivery(run, definition)
    return (_failed(run, step.ref if step else None, command.code, command.message, command.at),)


def _cancel(run: Run, command: Cancel) -> tuple[Event, ...]:
    if not run.open:
        return ()  # it has ended already, and an end is an end
    started = run.started
    return (
        runs.RunCancelled(
            run_id=started.run_id,
            environment=started.environment,
            webhook_id=command.webhook_id,
            cancelled_at=command.at,
        ),
    )


def _retry(run: Run, command: Retry) -> tuple[Event, ...]:
    if run.status != "failed":
        return ()  # it goes on already, or needs no more
    waiting = None if command.refresh else run.prepared
    return (
        runs.RunRetried(
            run_id=run.started.run_id,
            environment=run.started.environment,
            refreshed=command.refresh,
            target=waiting.target if waiting else "",
            retried_at=command.at,
        ),
    )


def _skipped(run: Run, step: str | None, at: datetime) -> StepSkipped:
    return StepSkipped(run_id=run.started.run_id, environment=run.started.environment, step=step, skipped_at=at)


def _completed(run: Run, at: datetime) -> RunCompleted:
    return RunCompleted(run_id=run.started.run_id, environment=run.started.environment, completed_at=at)


def _failed(run: Run, step: str | None, code: str, message: str, at: datetime) -> RunFailed:
    return RunFailed(
        run_id=run.started.run_id,
        environment=run.started.environment,
        step=step,
        code=code,
        message=message,
        failed_at=at,
    )
