"""What the doctor finds about checkpoints: whether the log is sealed, and how far the outside is behind."""

from collections.abc import Iterator
from datetime import UTC, datetime

from eventsourcing.persistence import ProgrammingError

from application.errors import Unavailable
from application.sealing import Sealing
from application.seals import Publication
from domain.checkpoints import Checkpoint
from domain.errors import Refused
from infrastructure.findings import Finding, Grade
from infrastructure.seals.checkpoint_file import PLACE

LATE_SECONDS = 60.0
SHORT_LAG, LONG_LAG = 10, 100
"""Checkpoints."""


def examine(sealing: Sealing) -> Iterator[Finding]:
    """Look at the checkpoints here and outside."""
    try:
        sealing.require_whole_log()
        yield _sealed(sealing)
        yield from _published(sealing)
    except (Refused, Unavailable) as problem:
        yield Finding("problem", "checkpoints", str(problem))
    except ProgrammingError:
        yield Finding("problem", "checkpoints", "their table is missing; run hookledger migrate")


def _sealed(sealing: Sealing) -> Finding:
    last, head = sealing.checkpoints.last(), sealing.log.head()
    position = last.position if last else 0
    if head == position:
        return Finding("ok", "checkpoints", f"the log is sealed up to its end, position {position}")
    words = f"{head - position} positions are not sealed yet, from {position + 1} on"
    late = last is not None and _age(last) > max(LATE_SECONDS, 3 * sealing.seconds)
    return Finding("warning" if late or last is None else "ok", "checkpoints", words)


def _age(last: Checkpoint) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(last.at)).total_seconds()


def _published(sealing: Sealing) -> Iterator[Finding]:
    last = sealing.checkpoints.last()
    for each in sealing.checkpoints.published():
        behind = (last.number if last else 0) - each.number
        subject = f"checkpoints, {each.place}"
        words = f"{behind} behind the database{f': {each.error}' if each.error else ''}"
        yield Finding(_grade(each, behind), subject, words)


def _grade(place: Publication, behind: int) -> Grade:
    """Another's server may be away for a while; a disk of ours that takes nothing, or a long lag, is a problem."""
    if behind > LONG_LAG or (place.error and place.place == PLACE):
        return "problem"
    return "warning" if place.error or behind > SHORT_LAG else "ok"
