"""The circuit of a target: while it is down it is spared, and what others wait for is not held up by it.

Closed lets everything through. Failures in a row open it for a while; then one attempt goes ahead alone, half-open, and
its outcome closes the circuit or opens it for twice as long. The caller keeps the state, one for each target.
"""

from datetime import datetime, timedelta
from typing import Final, assert_never

import attrs

from domain.deliveries import UNAUTHORIZED, Attempt

MOST_FAILURES: Final = 5
SHORTEST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=15)
LONGEST_PROBE: Final = timedelta(minutes=2)
"""After so long the attempt that went ahead is taken for lost, with the process that made it."""


@attrs.frozen
class Closed:
    """Attempts go through; `failures` of them failed in a row."""

    failures: int = 0


@attrs.frozen
class Open:
    """No attempt goes through before `until`; `times` in a row the circuit was opened."""

    until: datetime
    times: int = 1


@attrs.frozen
class HalfOpen:
    """One attempt went ahead; the others wait for it, but not beyond `until`."""

    until: datetime
    times: int


Circuit = Closed | Open | HalfOpen


@attrs.frozen
class Admission:
    """Whether an attempt may be made: `wait` is None, or how many seconds it waits. `circuit` is the state after."""

    circuit: Circuit
    wait: float | None = None


def admit(circuit: Circuit, at: datetime) -> Admission:
    """Ask to make an attempt now. What came of it must be reported: a half-open circuit waits for that."""
    match circuit:
        case Closed():
            return Admission(circuit)
        case Open(until, times) | HalfOpen(until, times):
            if at < until:
                return Admission(circuit, (until - at).total_seconds())
            return Admission(HalfOpen(at + LONGEST_PROBE, times))
        case _:
            assert_never(circuit)


def report(circuit: Circuit, attempt: Attempt, at: datetime) -> Circuit:
    """The circuit after an attempt. An answer closes it, whatever it says of the request; see `is_down`."""
    if not _reached(attempt):
        return circuit
    if not is_down(attempt):
        return Closed()
    match circuit:
        case Closed(failures):
            return Open(at + SHORTEST_PAUSE) if failures + 1 >= MOST_FAILURES else Closed(failures + 1)
        case Open():
            return circuit  # began before it was opened, and tells nothing new
        case HalfOpen(_, times):
            return Open(at + min(SHORTEST_PAUSE * 2.0**times, LONGEST_PAUSE), times + 1)
        case _:
            assert_never(circuit)


def withdraw(circuit: Circuit, at: datetime) -> Circuit:
    """The circuit when an attempt was not made after all: if it was to go ahead alone, another may do so at once."""
    return Open(at, circuit.times) if isinstance(circuit, HalfOpen) else circuit


def is_down(attempt: Attempt) -> bool:
    """Whether an attempt says that the target is down: no answer, 429 or 5xx. A 400 comes from one that is up.

    One that does not accept our credentials is as good as down, to all that would be sent with the same.
    """
    if attempt.code == UNAUTHORIZED:
        return True
    status = attempt.status
    return attempt.outcome == "failed" and (status is None or status == 429 or status >= 500)


def _reached(attempt: Attempt) -> bool:
    """Whether the target was asked at all: what the guard refuses never leaves the gateway."""
    return attempt.outcome != "refused" or attempt.status is not None
