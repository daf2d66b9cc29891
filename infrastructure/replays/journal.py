"""The Journal and Orders ports: results in a table of their own, written with the replay's events in one transaction.

Results are derived: whoever deletes them loses nothing that another replay would not bring back.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

from eventsourcing.persistence import IntegrityError, InterfaceError, OperationalError
from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from application.applying import Asked, Outstanding
from application.errors import Conflict, Unavailable
from application.passages import Member, Result
from application.ports import Clock
from application.records import Change
from domain import replays, webhooks
from domain.replays import Replay
from domain.slices import Slice
from infrastructure import bulk
from infrastructure.event_store.codec import RecordMapper, dumps
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER

SLICE = """
    environment = %(environment)s AND source = %(source)s
    AND (%(starting_at)s::timestamptz IS NULL OR received_at >= %(starting_at)s)
    AND (%(ending_at)s::timestamptz IS NULL OR received_at < %(ending_at)s)
    AND (%(event_types)s::text[] IS NULL OR event_type = ANY(%(event_types)s))
    AND (outcome = ANY(%(outcomes)s) OR (%(outcomes)s::text[] IS NULL AND outcome <> 'rejected'))
    AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s))
"""
COUNT = "SELECT count(*) FROM (SELECT FROM {schema}.event_logs WHERE " + SLICE + " LIMIT %(limit)s) AS counted"
# The sample is spread over the slice, and the same one every time.
FIX = (
    "INSERT INTO {schema}.replay_results (replay_id, position, webhook_id, evaluations) "
    "SELECT %(replay_id)s, position, id, evaluations FROM {schema}.event_logs WHERE " + SLICE + "{sample}"
)
SAMPLE = " ORDER BY md5(id) LIMIT %(limit)s"
FIRST = """
SELECT min(r.position), min(l.received_at) FROM {schema}.replay_results r
JOIN {schema}.event_logs l ON l.position = r.position WHERE r.replay_id = %s
"""
BEFORE = """
SELECT min(position) FROM {schema}.event_logs
WHERE environment = %s AND source = %s AND received_at >= %s - make_interval(secs => %s)
"""
MEMBERS = """
SELECT webhook_id, evaluations, changed FROM {schema}.replay_results
WHERE replay_id = %s AND position >= %s AND position <= %s
"""
# What was erased since it was read has been marked so by the erasure, and stays as it is marked.
RESULTS = """
UPDATE {schema}.replay_results AS r SET changed = new.a OR r.changes IS NOT NULL,
    kinds = CASE WHEN r.changes IS NULL THEN new.b ELSE r.kinds END, changes = coalesce(r.changes, new.c),
    due = CASE WHEN r.changes IS NULL THEN new.d ELSE '' END,
    carried = CASE WHEN r.changes IS NULL THEN new.e ELSE '' END, releases = new.f AND r.changes IS NULL
FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b) AS new (replay_id, webhook_id, a, b, c, d, e, f)
WHERE (r.replay_id, r.webhook_id) = (new.replay_id, new.webhook_id) AND r.changed IS NULL
"""
RESULT_TYPES = "text text boolean text json text text boolean"
OUTSTANDING = """
SELECT webhook_id, evaluations, due, carried, releases FROM {schema}.replay_results
WHERE replay_id = %s AND applied IS NULL AND (due <> '' OR releases OR (%s AND carried <> ''))
ORDER BY position LIMIT %s
"""
APPLIED = """
UPDATE {schema}.replay_results AS r SET applied = new.applied
FROM unnest(%b, %b, %b) AS new (replay_id, webhook_id, applied)
WHERE (r.replay_id, r.webhook_id) = (new.replay_id, new.webhook_id)
"""
OPEN = "SELECT id FROM {schema}.replays WHERE status IN ('queued', 'running') ORDER BY position"
FORGET = "DELETE FROM {schema}.replay_results WHERE replay_id = %s"
# An erasure takes this table for itself: it sees every slice that was fixed before, and ends before what comes after.
BESIDE_ERASURES = "LOCK TABLE {schema}.{tracking} IN ROW SHARE MODE"
QUERIES = {
    "beside": BESIDE_ERASURES,
    "forget": FORGET,
    "count": COUNT,
    "first": FIRST,
    "before": BEFORE,
    "members": MEMBERS,
    "results": RESULTS,
    "outstanding": OUTSTANDING,
    "applied": APPLIED,
    "open": OPEN,
}


def create_table(schema: str) -> Composed:
    """The statements that create the table of results."""
    text = resources.files(__package__).joinpath("tables.sql").read_text()
    return SQL(text).format(schema=Identifier(schema))


class PostgresJournal:
    """See the ports."""

    def __init__(self, *, recorder: WorkerRecorder, ledger: PostgresLedger, mapper: RecordMapper, clock: Clock) -> None:
        self._recorder, self._ledger, self._mapper, self._clock = recorder, ledger, mapper, clock
        self._schema = Identifier(recorder.datastore.schema)
        names = {"schema": self._schema, "tracking": Identifier(recorder.tracking_table_name)}
        self._statements = {name: SQL(query).format(**names) for name, query in QUERIES.items()}

    def open(self) -> Sequence[str]:
        """The ids of the replays about which something is to be done, oldest first."""
        return [row[0] for row in self._rows("open", ())]

    def count(self, source: str, environment: str, wanted: Slice) -> int:
        """How many webhooks belong to a slice."""
        [[found]] = self._rows("count", _params(source, environment, wanted))
        return int(found)

    def find(self, replay_id: str) -> tuple[Replay, int]:
        """See the port."""
        history = self._ledger.history(replays.stream(replay_id))
        state = replays.folded(each.event for each in history)
        assert state is not None
        return state, len(history)

    def actor(self, replay_id: str) -> str | None:
        """See the port."""
        wishes = (replays.ReplayRequested, replays.ReplayApplyRequested)
        history = self._ledger.history(replays.stream(replay_id))
        return next((each.actor for each in reversed(history) if isinstance(each.event, wishes)), None)

    def start(self, replay: Replay, version: int) -> None:
        """See the port. Whoever comes second finds the slice fixed."""
        wanted = replay.requested
        params = {**_params(wanted.source, wanted.environment, wanted.slice), "replay_id": wanted.replay_id}
        sample = SQL(SAMPLE if wanted.slice.limit is not None else "")
        fix = SQL(FIX).format(schema=self._schema, sample=sample)
        with self._recorder.datastore.get_connection() as conn, conn.transaction(), conn.cursor() as cursor:
            cursor.execute(SQL("SET LOCAL statement_timeout = 0"))
            cursor.execute(self._statements["forget"], (wanted.replay_id,))
            total = int(cursor.execute(fix, params).rowcount)
        self._append(wanted.replay_id, version, replays.decide(replay, replays.Start(total=total, at=self._clock())))

    def beginning(self, replay: Replay, *, window: int) -> int:
        """See the port."""
        wanted = replay.requested
        position, received_at = self._rows("first", (wanted.replay_id,))[0]
        if position is None:
            return 0
        [[before]] = self._rows("before", (wanted.environment, wanted.source, received_at, window))
        return int(min(position, before or position)) - 1

    def members(self, replay_id: str, first: int, last: int) -> Mapping[str, Member]:
        """See the port."""
        return {
            webhooks.stream(webhook_id): Member(
                webhook_id=webhook_id, evaluations=evaluations, known=changed is not None, changed=bool(changed)
            )
            for webhook_id, evaluations, changed in self._rows("members", (replay_id, first, last))
        }

    def record(self, replay_id: str, version: int, results: Sequence[Result], events: Sequence[replays.Event]) -> None:
        """See the port."""
        rows = [_row(replay_id, each) for each in results]

        def write(cursor: Cursor[Any]) -> None:
            if rows:
                bulk.execute(cursor, self._statements["results"], RESULT_TYPES, rows)

        self._append(replay_id, version, events, write=write)

    def outstanding(self, replay_id: str, *, force: bool, limit: int) -> Sequence[Outstanding]:
        """See the port."""
        return [
            Outstanding(
                webhook_id=webhook_id,
                evaluations=evaluations,
                due=tuple(due.split()),
                carried=tuple(carried.split()),
                releases=releases,
            )
            for webhook_id, evaluations, due, carried, releases in self._rows("outstanding", (replay_id, force, limit))
        ]

    def order(self, replay_id: str, version: int, asked: Asked, events: Sequence[replays.Event]) -> None:
        """See the port."""
        rows = [(replay_id, each, True) for each in asked.applied]
        rows += [(replay_id, each, False) for each in asked.passed_over]

        def write(cursor: Cursor[Any]) -> None:
            bulk.execute(cursor, self._statements["applied"], "text text boolean", rows)

        self._append(replay_id, version, events, *asked.changes, write=write)

    def ordered(self, replay_id: str) -> int:
        """See the port. What is counted is appended right behind what was asked for, and the worker comes to it too."""
        history = self._ledger.history(replays.stream(replay_id))
        counted = (each.position for each in reversed(history) if isinstance(each.event, replays.ReplayApplied))
        return next(counted, None) or 0

    def reached(self, position: int) -> bool:
        """See the port."""
        return (self._recorder.max_tracking_id(READER) or 0) >= position

    def _append(
        self,
        replay_id: str,
        version: int,
        events: Sequence[replays.Event],
        *others: Change,
        write: Callable[[Cursor[Any]], None] | None = None,
    ) -> None:
        def beside(cursor: Cursor[Any]) -> None:
            cursor.execute(self._statements["beside"])
            if write is not None:
                write(cursor)

        at = self._clock()
        own = Change(stream=replays.stream(replay_id), version=version, events=events)
        rows = [row for change in (*others, own) for row in self._mapper.rows(change, at)]
        try:
            self._recorder.insert_rows(rows, write=beside)
        except IntegrityError as error:
            raise Conflict(f"replay {replay_id}, or a webhook that it is about, has moved on") from error
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    def _rows(self, name: str, params: Any) -> list[Any]:
        try:
            with self._recorder.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
                return cursor.execute(self._statements[name], params).fetchall()
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error


def _params(source: str, environment: str, wanted: Slice) -> dict[str, Any]:
    return {
        "source": source,
        "environment": environment,
        "starting_at": wanted.starting_at,
        "ending_at": wanted.ending_at,
        "event_types": list(wanted.event_types) or None,
        "outcomes": list(wanted.outcomes) or None,
        "ids": list(wanted.ids) or None,
        "limit": wanted.limit,
    }


def _row(replay_id: str, result: Result) -> tuple[Any, ...]:
    kinds = dict.fromkeys(each.kind for each in result.changes)
    return (
        replay_id,
        result.webhook_id,
        bool(result.changes),
        "".join(f" {kind} " for kind in kinds),
        dumps([_change(each) for each in result.changes]).decode() if result.changes else None,
        " ".join(result.due),
        " ".join(result.carried),
        result.releases,
    )


def _change(change: Any) -> dict[str, Any]:
    optional = ("action_type", "mapping_id", "field")
    told = {name: getattr(change, name) for name in optional if getattr(change, name) is not None}
    return {"kind": change.kind, **told, "before": change.before, "after": change.after}
