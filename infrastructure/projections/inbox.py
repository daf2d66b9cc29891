"""The Inbox port: what waits in the log, looked up and settled in PostgreSQL, one transaction a batch."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    Notification,
    OperationalError,
    Tracking,
)
from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from application.errors import Conflict, Unavailable
from application.ports import Clock, LookedUp, Settled
from application.records import Recorded
from domain import forwards, runs
from domain.actions.outcomes import KnownWorkflow, OpenRun, Reference
from domain.idempotency import Scope
from infrastructure import bulk
from infrastructure.event_store import envelopes
from infrastructure.event_store.codec import RecordMapper, Row
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import registry
from infrastructure.projections.directory import key_of
from infrastructure.projections.entries import Entry, Projection
from infrastructure.projections.precedents import Precedents
from infrastructure.projections.subscribers import Subscribers

READER = "worker"
ERASER = "eraser"
"""Tracks the position of the last erasure, for those who decide by what they looked up before it."""

QUERY_CANCELED = "57014"
ENTITIES = """
SELECT environment, collection, id FROM {schema}.entities
JOIN unnest(%b, %b, %b) AS wanted (environment, collection, id)
USING (environment, collection, id)
"""
WORKFLOWS = """
SELECT environment, key, active, version, steps, trigger_data_schema FROM {schema}.workflows
JOIN unnest(%b, %b) AS wanted (environment, key) USING (environment, key)
"""
AUDIENCES = """
SELECT environment, key FROM {schema}.audiences
JOIN unnest(%b, %b) AS wanted (environment, key) USING (environment, key)
"""
LAST_APPLIED = """
SELECT environment, collection, id, occurred_at FROM {schema}.applied
JOIN unnest(%b, %b, %b) AS wanted (environment, collection, id) USING (environment, collection, id)
"""
OPEN_RUNS = """
SELECT environment, workflow, cancellation_key, id, recipient_collection, recipient_id FROM {schema}.runs
JOIN unnest(%b, %b, %b) AS wanted (environment, workflow, cancellation_key)
USING (environment, workflow, cancellation_key) WHERE status IN ('queued', 'processing', 'paused') ORDER BY position_key
"""
FORWARDING = """
SELECT environment FROM {schema}.forwarding JOIN unnest(%b) AS wanted (environment) USING (environment)
"""
OF_OTHERS = runs.Event | forwards.Event
"""What decisions lead to in other streams."""

PARK = """
INSERT INTO {schema}.parked (position, stream, error) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""

# Within the transaction that has taken the reading position, for which who destroys keys waits.
KEYS = "SELECT count(*) FROM {schema}.data_keys WHERE stream = ANY(%b)"

Wanted = Sequence[tuple[str, Reference]]
Facts = dict[tuple[str, Reference], object]


class PostgresInbox:
    """See the port. One instance, one worker."""

    def __init__(self, *, recorder: WorkerRecorder, mapper: RecordMapper, clock: Clock) -> None:
        self._schema = schema = recorder.datastore.schema
        self._recorder, self._mapper, self._clock = recorder, mapper, clock
        self._precedents, self._subscribers = Precedents(schema), Subscribers(schema)
        self._entities, self._workflows, self._audiences, self._applied, self._runs, self._forwarding = (
            SQL(query).format(schema=Identifier(schema))
            for query in (ENTITIES, WORKFLOWS, AUDIENCES, LAST_APPLIED, OPEN_RUNS, FORWARDING)
        )
        self._park, self._keys = (SQL(query).format(schema=Identifier(schema)) for query in (PARK, KEYS))
        self._erasure: int | None = None

    def position(self) -> int:
        """How far the log is settled."""
        return self._recorder.max_tracking_id(READER) or 0

    def waiting(self, limit: int) -> tuple[Recorded, ...]:
        """See the port. An event that this program does not know, or cannot read, is parked when its turn comes."""
        while True:
            try:
                self._erasure = self._recorder.max_tracking_id(ERASER)
                after = self.position()
                stored = self._recorder.notifications(self._recorder.inbox_statement, (after, limit))
            except (OperationalError, InterfaceError) as error:
                raise Unavailable("the event store cannot be reached") from error
            readable, problem = self._readable(stored)
            if readable or problem is None:
                return readable
            self._put_aside(stored[0].id, str(stored[0].originator_id), f"{type(problem).__name__}: {problem}")

    def _readable(self, stored: Sequence[Notification]) -> tuple[tuple[Recorded, ...], Exception | None]:
        """The events up to the first that cannot be read, and why it cannot."""
        events: list[Recorded] = []
        try:
            for each in stored:
                events.append(self._mapper.to_domain_event(each))
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with it, those behind it must go on
            return tuple(events), error
        return tuple(events), None

    def look_up(self, references: Wanted, scopes: Sequence[Scope]) -> LookedUp:
        """See the port."""
        try:
            with self._recorder.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
                return self._facts(cursor, references), self._precedents.find(cursor, scopes)
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    def _facts(self, cursor: Cursor[Any], references: Wanted) -> Facts:
        facts: Facts = self._subscribers.find(cursor, _of(references, "subscribers"))
        self._look_up_entities(cursor, references, facts)
        for environment, key, active, *told in _rows(cursor, self._workflows, _of(references, "workflow")):
            known = dict(zip(("version", "steps", "schema"), told, strict=True))
            facts[environment, ("workflow", key)] = KnownWorkflow(active=active, **known)
        for environment, key in _rows(cursor, self._audiences, _of(references, "audience")):
            facts[environment, ("audience", key)] = True
        for (environment,) in _rows(cursor, self._forwarding, _of(references, "forwarding")):
            facts[environment, ("forwarding",)] = True
        for environment, *place, occurred_at in _rows(cursor, self._applied, _of(references, "applied")):
            facts[environment, ("applied", *place)] = occurred_at
        return facts | self._open_runs(cursor, references)

    def _open_runs(self, cursor: Cursor[Any], references: Wanted) -> Facts:
        opened: dict[tuple[str, Reference], list[OpenRun]] = defaultdict(list)
        for environment, workflow, key, run, *recipient in _rows(cursor, self._runs, _of(references, "runs")):
            known = OpenRun(id=run, recipient=dict(zip(("collection", "id"), recipient, strict=True)))
            opened[environment, ("runs", workflow, key)].append(known)
        return {name: tuple(known) for name, known in opened.items()}

    def _look_up_entities(self, cursor: Cursor[Any], references: Wanted, facts: Facts) -> None:
        wanted = {
            key_of(environment, reference): (environment, reference)
            for environment, reference in references
            if reference[0] in ("user", "object", "tenant")
        }
        for key in _rows(cursor, self._entities, wanted):
            facts[wanted[key]] = True

    def settle(self, entries: Sequence[Settled]) -> None:
        """See the port."""
        at, projections = self._clock(), registry.make_all(self._schema)
        rows: list[Row] = []
        for settled in entries:
            changes = [envelopes.enclose(change, at) for change in settled.changes]
            _fold(projections, settled.recorded, changes)
            for change in settled.changes:
                rows += self._mapper.rows(change, at)

        def write(cursor: Cursor[Any]) -> None:
            with cursor.connection.cursor(row_factory=tuple_row) as plain:
                self._require_facts(plain)
                self._require_keys(plain, [each.recorded for each in entries])
                for projection in projections:
                    projection.write(plain)

        first, last = entries[0].recorded.position, entries[-1].recorded.position
        assert first is not None
        assert last is not None
        self._insert(rows, first, last, write)

    def _require_facts(self, cursor: Cursor[Any]) -> None:
        """Refuse to settle what was decided by facts about somebody who was erased since: it would bring them back."""
        if cursor.execute(self._recorder.max_tracking_id_statement, (ERASER,)).fetchone() != (self._erasure,):
            raise Conflict("somebody was erased meanwhile")

    def _require_keys(self, cursor: Cursor[Any], events: Sequence[Recorded]) -> None:
        """Refuse to settle what was read before it was erased: it must be looked at again."""
        streams = [(each.stream,) for each in events if each.key_id is not None and not each.erased]
        if streams:
            found = bulk.execute(cursor, self._keys, "text", streams).fetchone()
            if found != (len(streams),):
                raise Conflict("what was received was erased meanwhile")

    def park(self, recorded: Recorded, error: str) -> None:
        """See the port."""
        assert recorded.position is not None
        self._put_aside(recorded.position, recorded.stream, error)

    def _put_aside(self, position: int, stream: str, error: str) -> None:
        def write(cursor: Cursor[Any]) -> None:
            cursor.execute(self._park, (position, stream, error))

        self._insert([], position, position, write)

    def _insert(self, rows: Sequence[Row], first: int, last: int, write: Callable[[Cursor[Any]], None]) -> None:
        try:
            self._recorder.insert_rows(rows, tracking=Tracking(READER, last), write=write)
        except IntegrityError as error:
            if self.position() < first:
                raise  # nobody settled it meanwhile: something in the batch itself cannot be stored
            raise Conflict("another worker has settled this batch") from error
        except (OperationalError, InterfaceError) as error:
            if not _passes(error.__cause__):
                raise  # the server will not have it, however often it is tried
            raise Unavailable("the event store cannot be reached") from error


def _passes(cause: BaseException | None) -> bool:
    """Whether what the server complains of may pass by itself: connections, shut-downs, resources, locks."""
    state = getattr(cause, "sqlstate", None)
    return state is None or (state[:2] in ("08", "53", "55", "57") and state != QUERY_CANCELED)


def _fold(projections: Sequence[Projection], recorded: Recorded, changes: Sequence[Sequence[Recorded]]) -> None:
    decisions = changes[0] if changes else ()
    entries = [Entry(recorded=recorded, stream=recorded.stream, decisions=decisions)]
    entries += [Entry(recorded=each) for change in changes[1:] for each in change if isinstance(each.event, OF_OTHERS)]
    for entry in entries:
        for projection in projections:
            projection.fold(entry)


def _of(references: Wanted, kind: str) -> list[Any]:
    return [(environment, *reference[1:]) for environment, reference in references if reference[0] == kind]


def _rows(cursor: Cursor[Any], statement: Any, wanted: Iterable[tuple[str, ...]]) -> list[Any]:
    rows = list(wanted)
    return bulk.execute(cursor, statement, " ".join(["text"] * len(rows[0])), rows).fetchall() if rows else []
