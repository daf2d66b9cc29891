"""An erasure: everything on record about one user, object or tenant becomes unreadable for good, and that is on record.

Nothing here names the subject: `subject` is a digest that only the master key makes, so that whoever knows the id can
have it proved, and nobody can read it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_never

import attrs

from domain import errors, recipients, streams

Kind = Literal["user", "object", "tenant"]
KINDS: tuple[Kind, ...] = ("user", "object", "tenant")
LONGEST_REASON = 500


def stream(erasure_id: str) -> str:
    """The stream of one erasure."""
    return streams.name("erasure", erasure_id)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class ErasureRequested:
    """Somebody wants a subject forgotten, for a reason. `searched` says how many texts were looked for everywhere."""

    erasure_id: str
    environment: str
    kind: Kind
    subject: str
    reason: str
    searched: int
    requested_at: datetime


@attrs.frozen(kw_only=True)
class ErasureCompleted:
    """The keys of `streams` are destroyed, and the read models know nothing of them any more.

    `digest` is the SHA-256 of their names, sorted, a line each. `restated` other entities were put on record anew, and
    `ended` runs were still open.
    """

    erasure_id: str
    environment: str
    streams: tuple[str, ...]
    digest: str
    webhooks: int
    runs: int
    restated: int
    ended: int
    completed_at: datetime


Event = ErasureRequested | ErasureCompleted


@attrs.frozen(kw_only=True)
class Erasure:
    """What later decisions read of an erasure."""

    requested: ErasureRequested
    completed: ErasureCompleted | None = None


@attrs.frozen(kw_only=True)
class Subject:
    """Who or what is to be forgotten."""

    kind: Kind
    id: str = attrs.field(repr=False)
    collection: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """The collection and id under which the directory has it."""
        return {"user": recipients.USERS, "tenant": recipients.TENANTS}.get(self.kind, self.collection), self.id


@attrs.frozen(kw_only=True)
class Request:
    """Forget a subject, whose digest is `digest`."""

    erasure_id: str
    environment: str
    subject: Subject
    digest: str
    reason: str
    searched: int
    at: datetime


@attrs.frozen(kw_only=True)
class Complete:
    """The keys of these streams are destroyed."""

    streams: Sequence[str]
    restated: int
    ended: int
    at: datetime


Command = Request | Complete


class ErasureInvalid(errors.Refused):
    """An erasure that nobody could account for later."""


class SubjectUnknown(errors.Refused):
    """Nothing on record concerns the subject."""


def decide(state: Erasure | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to."""
    match command:
        case Request():
            return _request(state, command)
        case Complete():
            return _complete(state, command)
        case _:
            assert_never(command)


def _request(state: Erasure | None, command: Request) -> tuple[Event, ...]:
    _check(command)
    if state is not None:
        return ()  # the same request twice is one erasure
    return (
        ErasureRequested(
            erasure_id=command.erasure_id,
            environment=command.environment,
            kind=command.subject.kind,
            subject=command.digest,
            reason=command.reason,
            searched=command.searched,
            requested_at=command.at,
        ),
    )


def _check(command: Request) -> None:
    if not command.reason.strip() or len(command.reason) > LONGEST_REASON:
        message = f"reason has {len(command.reason)} characters; say in 1 to {LONGEST_REASON} why this is erased"
        raise ErasureInvalid(message, field="reason")
    if not command.subject.id:
        raise ErasureInvalid("subject.id is empty; name who is to be forgotten", field="subject.id")
    if command.subject.kind == "object" and not command.subject.collection:
        raise ErasureInvalid("subject.collection is missing; an object is named by it and its id", field="subject")
    if command.subject.id in command.reason.split():
        # It would outlive everything else about the subject.
        raise ErasureInvalid("reason names the subject; refer to the request, not to the person", field="reason")


def _complete(state: Erasure | None, command: Complete) -> tuple[Event, ...]:
    if state is None or state.completed is not None:
        return ()  # an erasure that is done is done
    if not command.streams:
        requested = state.requested
        raise SubjectUnknown(
            f"nothing on record in environment {requested.environment!r} concerns this {requested.kind}; "
            "look at its id, or name webhooks or texts to search for",
            field="subject.id",
        )
    names = tuple(sorted(command.streams))
    return (
        ErasureCompleted(
            erasure_id=state.requested.erasure_id,
            environment=state.requested.environment,
            streams=names,
            digest=digest_of(names),
            webhooks=_count(names, "webhook"),
            runs=_count(names, "run"),
            restated=command.restated,
            ended=command.ended,
            completed_at=command.at,
        ),
    )


def digest_of(names: Sequence[str]) -> str:
    """The digest of a list of streams, which must be sorted."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _count(names: Sequence[str], category: str) -> int:
    return sum(streams.category(name) == category for name in names)


def evolve(state: Erasure | None, event: Event) -> Erasure | None:
    """The state after `event`."""
    match event:
        case ErasureRequested():
            return Erasure(requested=event)
        case ErasureCompleted():
            return state and attrs.evolve(state, completed=event)
        case _:
            assert_never(event)
