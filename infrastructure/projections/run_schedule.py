"""What is to be done about runs and forwards, and when: a row for each that is open, gone with its end.

A forward has a place in line and what it touches beside its time; a run has neither.

A projection like every other, so that the log stays the truth: a row is written in the transaction that decides it, and
all of them can be made anew from the log.
"""

from datetime import datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import forwarding, forwards, runs, triggering, webhooks
from domain.webhooks import ActionExecuted
from infrastructure import bulk
from infrastructure.projections.entries import Entry
from infrastructure.projections.forwards import place_key

# A cancellation stays until the run has ended, whatever else happens to it. Whoever writes gives the lease back.
PUT = """
INSERT INTO {schema}.run_schedule (run_id, due_at, target, place, touches)
SELECT a, b, c, d, string_to_array(e, ',') FROM unnest(%b, %b, %b, %b, %b) AS open (a, b, c, d, e)
ON CONFLICT (run_id) DO UPDATE SET due_at = excluded.due_at, target = excluded.target, leased_until = NULL,
    leased_by = NULL
"""
# A run may have ended at this very moment; then its row only says that there is nothing left to cancel.
CANCEL = """
INSERT INTO {schema}.run_schedule (run_id, due_at, target, cancelled_by) SELECT a, b, '', c
FROM unnest(%b, %b, %b) AS gone (a, b, c)
ON CONFLICT (run_id) DO UPDATE SET cancelled_by = excluded.cancelled_by
"""
STOP = """
UPDATE {schema}.run_schedule SET cancelled_by = b FROM unnest(%b, %b) AS stopped (a, b)
WHERE target = stopped.a AND place IS NOT NULL
"""
DROP = """
DELETE FROM {schema}.run_schedule USING unnest(%b) AS ended (id) WHERE run_id = ended.id
"""

NOWHERE = ""
"""The target of a run that has nothing prepared."""


class RunSchedule:
    """See the module."""

    name = "run_schedule"
    tables = ("run_schedule",)

    def __init__(self, schema: str) -> None:
        self._put, self._cancel, self._stop, self._drop = (
            SQL(query).format(schema=Identifier(schema)) for query in (PUT, CANCEL, STOP, DROP)
        )
        self._forget()

    def _forget(self) -> None:
        self._due: dict[str, tuple[datetime, str]] = {}
        self._places: dict[str, forwards.Place] = {}
        self._stopped: dict[str, str] = {}
        self._cancelled: dict[str, tuple[datetime, str]] = {}
        self._ended: set[str] = set()
        self._new: set[str] = set()

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        if entry.recorded is not None:
            event = entry.recorded.event
            if isinstance(event, forwards.Event):
                self._forward(event)
            else:
                self._take(event)
        for decision in entry.decisions:
            if isinstance(decision.event, ActionExecuted) and not decision.erased:
                for run_id in triggering.cancelled_by(decision.event):
                    self._cancelled[run_id] = (decision.event.executed_at, webhooks.id_of(entry.stream))

    def _take(self, event: object) -> None:
        match event:
            case runs.RunStarted():
                self._new.add(event.run_id)
                self._due[event.run_id] = (event.started_at, NOWHERE)
            case runs.RunPaused():
                self._due[event.run_id] = (event.until, NOWHERE)
            case runs.DeliveryPrepared():
                self._due[event.run_id] = (event.prepared_at, event.target)
            case runs.DeliveryAttempted():
                target = NOWHERE if event.outcome == "delivered" else event.target
                self._due[event.run_id] = (event.retry_at or event.attempted_at, target)
            case runs.RunRetried():
                self._ended.discard(event.run_id)
                self._due[event.run_id] = (event.retried_at, event.target)
            case runs.RunCompleted() | runs.RunFailed() | runs.RunCancelled():
                self._end(event.run_id)
            case forwarding.ForwardingRemoved():
                self._remove(forwards.target(event.environment), forwarding.stream(event.environment), event.removed_at)
            case _:
                pass  # nothing that makes anything due

    def _forward(self, event: forwards.Event) -> None:
        target = forwards.target(event.environment)
        match event:
            case forwards.ForwardStarted():
                self._new.add(event.forward_id)
                self._line_up(event.forward_id, event.place, event.started_at, target)
            case forwards.ForwardAttempted():
                self._due[event.forward_id] = (event.retry_at or event.attempted_at, target)
            case forwards.ForwardRetried():
                self._ended.discard(event.forward_id)
                self._line_up(event.forward_id, event.place, event.retried_at, target)
            case forwards.ForwardCompleted() | forwards.ForwardFailed() | forwards.ForwardCancelled():
                self._end(event.forward_id)

    def _line_up(self, forward_id: str, place: forwards.Place, at: datetime, target: str) -> None:
        self._due[forward_id], self._places[forward_id] = (at, target), place

    def _remove(self, target: str, by: str, at: datetime) -> None:
        """Cancel all that is on its way to a target until now."""
        self._stopped[target] = by
        for forward_id, (_, its_target) in self._due.items():
            if its_target == target:
                self._cancelled[forward_id] = (at, by)

    def _end(self, run_id: str) -> None:
        self._due.pop(run_id, None)
        self._cancelled.pop(run_id, None)
        if run_id not in self._new:
            self._ended.add(run_id)

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        writes = (
            (self._drop, "text", [(run_id,) for run_id in sorted(self._ended)]),
            (self._stop, "text text", list(self._stopped.items())),
            (self._put, "text timestamptz text text text", [self._row(run_id) for run_id in sorted(self._due)]),
            (self._cancel, "text timestamptz text", [(key, *why) for key, why in sorted(self._cancelled.items())]),
        )
        for statement, types, rows in writes:
            if rows:
                bulk.execute(cursor, statement, types, rows)
        self._forget()

    def _row(self, run_id: str) -> tuple[str, datetime, str, str | None, str | None]:
        place = self._places.get(run_id)
        if place is None:
            return (run_id, *self._due[run_id], None, None)
        return (run_id, *self._due[run_id], place_key(place), ",".join(place.touches))
