"""A replay: a configuration run over past webhooks, to see what it would make of them, or to carry the difference out.

What-if first, always: a replay for real carries out what its what-if has found, and nothing else.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, assert_never

import attrs

from domain import errors, streams
from domain.differences import Totals
from domain.slices import Slice
from domain.webhooks import Pin


def stream(replay_id: str) -> str:
    """The stream of one replay."""
    return streams.name("replay", replay_id)


def draft_stream(replay_id: str) -> str:
    """The stream of a replay's draft: the edits that would bring the configuration to it, in force for nobody."""
    return streams.name("draft", replay_id)


Mode = Literal["what_if", "apply"]
MODES: Final[tuple[Mode, ...]] = ("what_if", "apply")
Status = Literal["queued", "running", "completed", "cancelled", "failed"]
STATUSES: Final[tuple[Status, ...]] = ("queued", "running", "completed", "cancelled", "failed")

# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class ReplayRequested:
    """Somebody wants `wanted` run over a slice of a source's webhooks; `pin` None stands for each one's own.

    `per_second` is how many webhooks are evaluated anew in a second where it is for real. `mappings`, where there are
    any, are the only ones that count.
    """

    replay_id: str
    source: str
    environment: str
    mode: Mode
    wanted: str
    pin: Pin | None
    slice: Slice
    mappings: tuple[str, ...]
    reason: str | None
    force: bool
    per_second: int
    requested_at: datetime


@attrs.frozen(kw_only=True)
class ReplayStarted:
    """The slice is fixed: so many webhooks, none received after it was."""

    replay_id: str
    total: int
    started_at: datetime


@attrs.frozen(kw_only=True)
class ReplayProgressed:
    """So far the totals are these; the results are kept beside."""

    replay_id: str
    totals: Totals
    progressed_at: datetime


@attrs.frozen(kw_only=True)
class ReplayApplyRequested:
    """Somebody wants the difference carried out, for a reason; `force` also what was carried out already."""

    replay_id: str
    reason: str
    force: bool
    per_second: int
    requested_at: datetime


@attrs.frozen(kw_only=True)
class ReplayApplied:
    """So far, so many webhooks were asked to be evaluated anew or released, and so many left as they are."""

    replay_id: str
    applied: int
    passed_over: int
    applied_at: datetime


@attrs.frozen(kw_only=True)
class ReplayCompleted:
    """There is nothing left to do."""

    replay_id: str
    completed_at: datetime


@attrs.frozen(kw_only=True)
class ReplayCancelled:
    """Somebody wants no more of it. What was carried out stays."""

    replay_id: str
    cancelled_at: datetime


@attrs.frozen(kw_only=True)
class ReplayFailed:
    """The replay itself broke: a fault of the gateway's."""

    replay_id: str
    error: str
    failed_at: datetime


Event = (
    ReplayRequested
    | ReplayStarted
    | ReplayProgressed
    | ReplayApplyRequested
    | ReplayApplied
    | ReplayCompleted
    | ReplayCancelled
    | ReplayFailed
)


@attrs.frozen(kw_only=True)
class Applying:
    """The carrying out: who wants what and why, and how far it is."""

    reason: str
    force: bool
    per_second: int
    applied: int = 0
    passed_over: int = 0
    done: bool = False


@attrs.frozen(kw_only=True)
class Replay:
    """A replay as it stands. `total` is None until the slice is fixed; `compared` says that all of it was looked at."""

    requested: ReplayRequested
    status: Status = "queued"
    total: int | None = None
    totals: Totals = attrs.Factory(Totals)
    compared: bool = False
    applying: Applying | None = None
    error: str | None = None
    ended_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether anything is still to be done."""
        return self.status in ("queued", "running")


@attrs.frozen(kw_only=True)
class Start:
    """Fix the slice."""

    total: int
    at: datetime


@attrs.frozen(kw_only=True)
class Progress:
    """Count results that come on top."""

    totals: Totals
    at: datetime


@attrs.frozen(kw_only=True)
class Apply:
    """Carry the difference out."""

    reason: str | None
    force: bool
    per_second: int
    at: datetime


@attrs.frozen(kw_only=True)
class RecordApplied:
    """Count webhooks that were asked for on top, and those that are left as they are."""

    applied: int
    passed_over: int
    at: datetime


@attrs.frozen(kw_only=True)
class Complete:
    """Nothing is left to do."""

    at: datetime


@attrs.frozen(kw_only=True)
class Cancel:
    """Do no more."""

    at: datetime


@attrs.frozen(kw_only=True)
class Fail:
    """Give it up."""

    error: str
    at: datetime


Command = Start | Progress | Apply | RecordApplied | Complete | Cancel | Fail


class ReplayEnded(errors.Refused):
    """The replay has ended, so that nothing can be done about it."""


class NotYetCompleted(errors.Refused):
    """Only what a what-if has found can be carried out."""


class AppliedAlready(errors.Refused):
    """The difference was carried out before."""


class ReasonMissing(errors.Refused):
    """What has effects needs a reason that later readers understand."""


def check_reason(reason: str | None, *, field: str = "reason") -> str:
    """The reason. Raises ReasonMissing."""
    if reason is None or not reason.strip():
        raise ReasonMissing(f"{field} is missing; say in words why this is to be carried out", field=field)
    return reason


def decide(state: Replay, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to; none when it is so already."""
    replay_id = state.requested.replay_id
    match command:
        case Start():
            return () if state.total is not None else _start(state, command)
        case Progress():
            return (
                ReplayProgressed(replay_id=replay_id, totals=state.totals + command.totals, progressed_at=command.at),
            )
        case Apply():
            return _apply(state, command)
        case RecordApplied():
            return _applied(state, command)
        case Complete():
            return (ReplayCompleted(replay_id=replay_id, completed_at=command.at),) if state.open else ()
        case Cancel():
            return _cancel(state, command)
        case Fail():
            return (ReplayFailed(replay_id=replay_id, error=command.error, failed_at=command.at),) if state.open else ()
        case _:
            assert_never(command)


def _start(state: Replay, command: Start) -> tuple[Event, ...]:
    return (ReplayStarted(replay_id=state.requested.replay_id, total=command.total, started_at=command.at),)


def _apply(state: Replay, command: Apply) -> tuple[Event, ...]:
    reason = check_reason(command.reason)
    if state.applying is not None:
        raise AppliedAlready("the difference was carried out before; run another replay to see what is left of it")
    if state.status != "completed":
        raise NotYetCompleted(f"the replay is {state.status}; only what a completed one has found can be carried out")
    return (
        ReplayApplyRequested(
            replay_id=state.requested.replay_id,
            reason=reason,
            force=command.force,
            per_second=command.per_second,
            requested_at=command.at,
        ),
    )


def _applied(state: Replay, command: RecordApplied) -> tuple[Event, ...]:
    assert state.applying is not None
    return (
        ReplayApplied(
            replay_id=state.requested.replay_id,
            applied=state.applying.applied + command.applied,
            passed_over=state.applying.passed_over + command.passed_over,
            applied_at=command.at,
        ),
    )


def _cancel(state: Replay, command: Cancel) -> tuple[Event, ...]:
    if state.status == "cancelled":
        return ()  # nobody works on it any more: cancelling again changes nothing
    if not state.open:
        raise ReplayEnded(f"the replay is {state.status} already")
    return (ReplayCancelled(replay_id=state.requested.replay_id, cancelled_at=command.at),)


def folded(events: Iterable[object]) -> Replay | None:
    """The state after all the events of a replay's stream; None if there are none."""
    state: Replay | None = None
    for event in events:
        assert isinstance(event, Event)
        state = evolve(state, event)
    return state


def evolve(state: Replay | None, event: Event) -> Replay | None:
    """The state after `event`."""
    if isinstance(event, ReplayRequested):
        return Replay(requested=event, applying=_at_once(event))
    return state and _evolve(state, event)


def _at_once(event: ReplayRequested) -> Applying | None:
    """What is carried out as soon as it is known, because the replay was for real from the start."""
    if event.mode != "apply":
        return None
    return Applying(reason=event.reason or "", force=event.force, per_second=event.per_second)


def _evolve(state: Replay, event: Event) -> Replay:
    match event:
        case ReplayRequested():
            return state
        case ReplayStarted():
            return attrs.evolve(state, status="running", total=event.total, compared=event.total == 0)
        case ReplayProgressed():
            compared = event.totals.processed == state.total
            return attrs.evolve(state, totals=event.totals, compared=compared)
        case ReplayApplyRequested():
            applying = Applying(reason=event.reason, force=event.force, per_second=event.per_second)
            return attrs.evolve(state, status="running", applying=applying, ended_at=None)
        case ReplayApplied():
            return attrs.evolve(state, applying=_further(state, event))
        case ReplayCompleted():
            return _ended(state, "completed", event.completed_at)
        case ReplayCancelled():
            return _ended(state, "cancelled", event.cancelled_at)
        case ReplayFailed():
            return attrs.evolve(_ended(state, "failed", event.failed_at), error=event.error)
        case _:
            assert_never(event)


def _further(state: Replay, event: ReplayApplied) -> Applying | None:
    return state.applying and attrs.evolve(state.applying, applied=event.applied, passed_over=event.passed_over)


def _ended(state: Replay, status: Status, at: datetime) -> Replay:
    applying = state.applying and attrs.evolve(state.applying, done=True)
    return attrs.evolve(state, status=status, ended_at=at, applying=applying)
