"""The Agenda port over the projection `run_schedule`: rows are leased, and what is decided is recorded beside them.

A lease ends with its time, or at once with the process that took it: a process holds an advisory lock while it lives.
Whoever finishes too late is refused by the version of the run's stream, which is the fencing token.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from eventsourcing.persistence import IntegrityError, InterfaceError, OperationalError
from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from application.errors import Conflict, Unavailable
from application.ports import Clock
from application.records import Change, Due
from infrastructure import failpoints
from infrastructure.event_store import envelopes
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.entries import Entry, Projection
from infrastructure.projections.forwards import Forwards
from infrastructure.projections.run_schedule import RunSchedule
from infrastructure.projections.workflows import Workflows

LEASE = timedelta(seconds=90)
"""Longer than any attempt takes."""

OWNERS = 1_284_607_211
"""The first key of the advisory locks that living processes hold; the second is the process's own."""

log = structlog.get_logger(__name__)

NEAR = 100
"""How far down the line of an account is looked for forwards that none before them holds up."""

# Each target has its own share, so that one with a long queue takes nothing from the others. The forwards to an account
# stand in line: one is ready when nothing of what it touches is touched by another before it, or it touches nothing.
CLAIM = """
WITH RECURSIVE gone AS (
    SELECT DISTINCT leased_by FROM {schema}.run_schedule WHERE leased_by IS NOT NULL AND leased_by NOT IN (
        SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = {owners}::oid)
), targets AS (
    SELECT DISTINCT target FROM {schema}.run_schedule WHERE place IS NULL AND due_at <= %(at)s
), due AS (
    SELECT ready.run_id, ready.due_at FROM targets
    LEFT JOIN unnest(%(busy)s::text[], %(free)s::integer[]) AS slots (target, free) USING (target)
    CROSS JOIN LATERAL (
        SELECT run_id, due_at FROM {schema}.run_schedule s
        WHERE s.target = targets.target AND place IS NULL AND due_at <= %(at)s
            AND (leased_until IS NULL OR leased_until <= %(at)s OR leased_by IN (SELECT leased_by FROM gone))
        ORDER BY due_at LIMIT coalesce(slots.free, %(each)s) FOR UPDATE SKIP LOCKED
    ) AS ready
), lines AS (
    (SELECT target FROM {schema}.run_schedule WHERE place IS NOT NULL ORDER BY target LIMIT 1)
    UNION ALL SELECT (
        SELECT s.target FROM {schema}.run_schedule s WHERE place IS NOT NULL AND s.target > lines.target
        ORDER BY s.target LIMIT 1
    ) FROM lines WHERE target IS NOT NULL
), near AS (
    SELECT ahead.* FROM lines CROSS JOIN LATERAL (
        SELECT run_id, s.target, place, touches FROM {schema}.run_schedule s
        WHERE s.target = lines.target AND place IS NOT NULL ORDER BY place LIMIT {near}
    ) AS ahead
), ready AS (
    SELECT run_id FROM (
        SELECT run_id, row_number() OVER (PARTITION BY target, touched ORDER BY place) AS nth
        FROM near, unnest(touches) AS touched
    ) AS ranked GROUP BY run_id HAVING max(nth) = 1
    UNION ALL SELECT run_id FROM near WHERE cardinality(touches) = 0
), forwards AS (
    SELECT first.run_id, first.due_at FROM lines
    LEFT JOIN unnest(%(busy)s::text[], %(free)s::integer[]) AS slots (target, free) USING (target)
    CROSS JOIN LATERAL (
        SELECT run_id, due_at FROM {schema}.run_schedule s
        WHERE run_id IN (SELECT run_id FROM ready) AND s.target = lines.target AND due_at <= %(at)s
            AND (leased_until IS NULL OR leased_until <= %(at)s OR leased_by IN (SELECT leased_by FROM gone))
        ORDER BY place LIMIT coalesce(slots.free, %(each)s) FOR UPDATE SKIP LOCKED
    ) AS first
), cancelled AS (
    SELECT run_id, due_at FROM {schema}.run_schedule WHERE cancelled_by IS NOT NULL
        AND (leased_until IS NULL OR leased_until <= %(at)s OR leased_by IN (SELECT leased_by FROM gone))
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), taken AS (
    SELECT run_id FROM (SELECT * FROM cancelled UNION SELECT * FROM due UNION SELECT * FROM forwards) AS wanted
    ORDER BY due_at LIMIT %(limit)s
)
UPDATE {schema}.run_schedule s SET leased_until = %(until)s, leased_by = %(owner)s FROM taken
WHERE s.run_id = taken.run_id RETURNING s.run_id, s.target, s.cancelled_by, s.place IS NOT NULL
"""
RELEASE = "UPDATE {schema}.run_schedule SET leased_until = NULL, leased_by = NULL WHERE run_id = %s"
DROP = "DELETE FROM {schema}.run_schedule WHERE run_id = %s"
# A rebuild takes this table for itself while it puts new tables in the place of the old.
BESIDE_REBUILDS = "LOCK TABLE {schema}.{tracking} IN ROW SHARE MODE"


class PostgresAgenda:
    """See the port. `owner` tells this process from others; while it lives it holds `owner_lock`."""

    def __init__(self, *, recorder: WorkerRecorder, mapper: RecordMapper, clock: Clock, owner: int) -> None:
        self._recorder, self._mapper, self._clock, self.owner = recorder, mapper, clock, owner
        self._schema = schema = recorder.datastore.schema
        names = {"schema": Identifier(schema), "tracking": Identifier(recorder.tracking_table_name)}
        self._claim, self._release, self._drop, self._beside = (
            SQL(query).format(**names, owners=OWNERS, near=NEAR) for query in (CLAIM, RELEASE, DROP, BESIDE_REBUILDS)
        )
        self.owner_lock = SQL("SELECT pg_advisory_lock({}, {})").format(OWNERS, owner)

    def claim(self, at: datetime, *, limit: int, each: int, slots: Mapping[str, int]) -> tuple[Due, ...]:
        """See the port."""
        wanted = {"busy": list(slots), "free": list(slots.values()), "each": each, "limit": limit}
        rows = self._run(self._claim, {**wanted, "at": at, "until": at + LEASE, "owner": self.owner})
        return tuple(
            Due(run_id=name, target=target, cancelled_by=by, forward=ordered) for name, target, by, ordered in rows
        )

    def release(self, run_id: str) -> None:
        """See the port."""
        self._run(self._release, (run_id,))

    def drop(self, run_id: str) -> None:
        """See the port."""
        self._run(self._drop, (run_id,))

    def record(self, change: Change) -> None:
        """See the port."""
        at = self._clock()
        projections: Sequence[Projection] = (RunSchedule(self._schema), Workflows(self._schema), Forwards(self._schema))
        for recorded in envelopes.enclose(change, at):
            for projection in projections:
                projection.fold(Entry(recorded=recorded, stream=recorded.stream))

        def write(cursor: Cursor[Any]) -> None:
            cursor.execute(self._beside)
            with cursor.connection.cursor(row_factory=tuple_row) as plain:
                for projection in projections:
                    projection.write(plain)
            failpoints.reach("before_commit")

        try:
            self._recorder.insert_rows(self._mapper.rows(change, at), write=write)
            failpoints.reach("after_commit")
        except IntegrityError as error:
            raise Conflict(f"{change.stream} has moved on: the lease was stale") from error
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    def _run(self, statement: Composed, params: Any) -> list[Any]:
        try:
            with self._recorder.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else []
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error
