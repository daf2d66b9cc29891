"""One destruction of keys: while the worker waits, all that belongs to it in one transaction, or nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import attrs
from eventsourcing.persistence import IntegrityError, InterfaceError, OperationalError, Tracking
from psycopg import Cursor
from psycopg.rows import dict_row, tuple_row
from psycopg.sql import SQL, Identifier

from application.errors import Busy, Conflict, Unavailable
from application.ports import NewId
from application.records import Attribution, Change, Recorded
from domain import recipients, restatements
from domain.actions.outcomes import Reference
from domain.restatements import EntityRestated
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.erasing.finding import Finder, pages
from infrastructure.erasing.losses import Losses, ended
from infrastructure.erasing.present import Present, Wanted
from infrastructure.erasing.read_models import ReadModels
from infrastructure.event_store import envelopes
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import as_of
from infrastructure.projections.directory import Directory
from infrastructure.projections.entity_changes import EntityChanges
from infrastructure.projections.entries import Entry, Projection
from infrastructure.projections.forwards import Forwards
from infrastructure.projections.inbox import ERASER
from infrastructure.projections.run_schedule import RunSchedule

PATIENCE = "SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '300s'"
# The worker and whoever carries runs on wait for this lock, as they do for a rebuild.
LOCK: LiteralString = "LOCK TABLE {schema}.{tracking} IN EXCLUSIVE MODE"
# Who rebuilds reads the log for a long time without holding anybody up, and must not have read what is destroyed.
NO_REBUILD: LiteralString = "SELECT pg_try_advisory_xact_lock_shared(%s)"
RESTATED_BEFORE: LiteralString = """
SELECT DISTINCT c.stream FROM unnest(%s::text[], %s::text[]) AS wanted (collection, id)
JOIN {schema}.entity_changes c USING (collection, id) WHERE c.environment = %s AND c.stream LIKE 'entity-%%'
"""


@attrs.frozen(kw_only=True)
class Destroyed:
    """The streams whose keys are destroyed, and how many entities were restated and runs ended because of it."""

    streams: Sequence[str]
    restated: int
    ended: int


Find = Callable[[Finder], set[str]]
Conclude = Callable[[Destroyed], Sequence[Change]]


@attrs.frozen(kw_only=True)
class Destroyer:
    """Destroys keys, over the recorder of the worker, for whose reading position it waits."""

    recorder: WorkerRecorder
    ledger: PostgresLedger
    mapper: RecordMapper
    new_id: NewId

    def destroy(self, wanted: Wanted, find: Find, conclude: Conclude, by: Attribution) -> None:
        """Destroy the keys of what `find` finds, and put on record what `conclude` makes of that."""
        with self._transaction() as (cursor, dictionaries):
            changes = self._destroy(cursor, wanted, find, conclude)
            rows = [row for each in changes for row in self.mapper.rows(attrs.evolve(each, attribution=by), wanted.at)]
            positions = self.recorder.append(dictionaries, rows)
            if wanted.but is not None:
                self.recorder.track(dictionaries, Tracking(ERASER, positions[-1]))

    def found(self, find: Find) -> set[str]:
        """What would be destroyed, as of now; nothing is."""
        with self.reading() as cursor:
            return find(Finder(cursor, self.recorder, self.ledger))

    def _destroy(self, cursor: Cursor[Any], wanted: Wanted, find: Find, conclude: Conclude) -> list[Change]:
        doomed, losses = find(Finder(cursor, self.recorder, self.ledger)), Losses()
        self._lose(losses, doomed)
        before = self._restated_before(cursor, wanted, losses)
        self._lose(losses, before - doomed)
        doomed |= before
        restated, models = self._restated(cursor, wanted, losses), self._read_models(cursor)
        destroyed = models.destroy_keys(sorted(doomed))
        models.forget(doomed, losses, self.ledger)
        as_of.drop_all(cursor)
        if wanted.but is not None:
            models.forget_entity(wanted.environment, wanted.but)
        ends = [
            Change(stream=stream, version=version, events=(ended(started, wanted.at),))
            for stream, (started, version) in losses.open_runs.items()
        ]
        self._write(cursor, [*restated, *ends], wanted)
        count = sum(isinstance(each.events[0], EntityRestated) for each in restated)
        done = Destroyed(streams=sorted(destroyed), restated=count, ended=len(ends))
        return [*restated, *ends, *conclude(done)]

    def _lose(self, losses: Losses, streams: set[str]) -> None:
        for page in pages(streams):
            for history in self.ledger.histories(page).values():
                losses.take(history)

    def _restated_before(self, cursor: Cursor[Any], wanted: Wanted, losses: Losses) -> set[str]:
        """Earlier restatements of what is restated now: nobody needs to be able to read them any more."""
        collections, ids = zip(*map(recipients.place, losses.entities), strict=True) if losses.entities else ((), ())
        rows = cursor.execute(
            SQL(RESTATED_BEFORE).format(**self._names()), (list(collections), list(ids), wanted.environment)
        )
        found = set[str]()
        for page in pages(stream for (stream,) in rows.fetchall()):
            for history in self.ledger.histories(page).values():
                if _about(history[0]) in losses.entities:
                    found.add(history[0].stream)
        return found

    def _restated(self, cursor: Cursor[Any], wanted: Wanted, losses: Losses) -> list[Change]:
        present = Present(cursor, self.recorder.datastore.schema)
        events = (
            *present.entities(wanted, losses.entities, losses.removed),
            *present.audiences(wanted, losses.audiences),
        )
        return [Change(stream=restatements.stream(self.new_id()), version=0, events=(each,)) for each in events]

    def _write(self, cursor: Cursor[Any], changes: Sequence[Change], wanted: Wanted) -> None:
        """What is restated is so already, but lineage leads to the restatements from now on; and ends are ends."""
        schema = self.recorder.datastore.schema
        projections: Sequence[Projection] = [make(schema) for make in (Directory, EntityChanges, Forwards, RunSchedule)]
        for change in changes:
            for recorded in envelopes.enclose(change, wanted.at):
                for projection in projections:
                    projection.fold(Entry(recorded=recorded, stream=recorded.stream))
        for projection in projections:
            projection.write(cursor)

    def _read_models(self, cursor: Cursor[Any]) -> ReadModels:
        return ReadModels(cursor, self.recorder.datastore.schema)

    def _names(self) -> dict[str, Identifier]:
        tracking = Identifier(self.recorder.tracking_table_name)
        return {"schema": Identifier(self.recorder.datastore.schema), "tracking": tracking}

    @contextmanager
    def reading(self) -> Iterator[Cursor[Any]]:
        """A cursor to read rows with, on a connection of the pool. Raises Unavailable."""
        try:
            with self.recorder.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
                yield cursor
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached, or others held it for too long") from error

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Cursor[Any], Cursor[Any]]]:
        try:
            with self.reading() as cursor, cursor.connection.transaction():
                cursor.execute(PATIENCE)
                self._lock(cursor)
                with cursor.connection.cursor(row_factory=dict_row) as dictionaries:
                    yield cursor, dictionaries
        except IntegrityError as error:
            raise Conflict("somebody carried on a run that is to be erased; try again") from error

    def _lock(self, cursor: Cursor[Any]) -> None:
        row = cursor.execute(NO_REBUILD, (int(AdvisoryLock.REBUILD),)).fetchone()
        if not (row and row[0]):
            raise Busy("a rebuild of read models is under way; nothing can be erased until it has ended")
        cursor.execute(SQL(LOCK).format(**self._names()))


def _about(recorded: Recorded) -> Reference | None:
    """The entity that a restatement is about, if that is what it is and can be read."""
    event = recorded.event
    return restatements.reference_of(event) if isinstance(event, EntityRestated) and not recorded.erased else None
