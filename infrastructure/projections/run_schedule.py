"""What is to be done about runs, and when: a row for each that is open, gone with its end.

A projection like every other, so that the log stays the truth: a row is written in the transaction that decides it, and
all of them can be made anew from the log.
"""

from datetime import datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import runs, triggering, webhooks
from domain.webhooks import ActionExecuted
from infrastructure import bulk
from infrastructure.projections.entries import Entry

# A cancellation stays until the run has ended, whatever else happens to it. Whoever writes gives the lease back.
PUT = """
INSERT INTO {schema}.run_schedule (run_id, due_at, target) SELECT * FROM unnest(%b, %b, %b)
ON CONFLICT (run_id) DO UPDATE SET due_at = excluded.due_at, target = excluded.target, leased_until = NULL,
    leased_by = NULL
"""
# A run may have ended at this very moment; then its row only says that there is nothing left to cancel.
CANCEL = """
INSERT INTO {schema}.run_schedule (run_id, due_at, target, cancelled_by) SELECT a, b, '', c
FROM unnest(%b, %b, %b) AS gone (a, b, c)
ON CONFLICT (run_id) DO UPDATE SET cancelled_by = excluded.cancelled_by
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
        self._put, self._cancel, self._drop = (
            SQL(query).format(schema=Identifier(schema)) for query in (PUT, CANCEL, DROP)
        )
        self._forget()

    def _forget(self) -> None:
        self._due: dict[str, tuple[datetime, str]] = {}
        self._cancelled: dict[str, tuple[datetime, str]] = {}
        self._ended: set[str] = set()
        self._new: set[str] = set()

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        if entry.recorded is not None:
            self._take(entry.recorded.event)
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
            case _:
                pass  # nothing that makes anything due

    def _end(self, run_id: str) -> None:
        self._due.pop(run_id, None)
        self._cancelled.pop(run_id, None)
        if run_id not in self._new:
            self._ended.add(run_id)

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        writes = (
            (self._drop, "text", [(run_id,) for run_id in sorted(self._ended)]),
            (self._put, "text timestamptz text", [(run_id, *due) for run_id, due in sorted(self._due.items())]),
            (self._cancel, "text timestamptz text", [(key, *why) for key, why in sorted(self._cancelled.items())]),
        )
        for statement, types, rows in writes:
            if rows:
                bulk.execute(cursor, statement, types, rows)
        self._forget()
