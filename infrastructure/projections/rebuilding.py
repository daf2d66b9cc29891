"""Rebuilding a projection from the log while the worker goes on: into tables of its own, which then take over.

The new tables follow the worker until little is left, then the worker waits for the moment in which they catch up
and change places with the old ones.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from application.errors import Busy
from application.records import Recorded
from domain import errors, webhooks
from infrastructure.database import Database
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import registry
from infrastructure.projections.entries import Entry, Projection
from infrastructure.projections.inbox import READER

SHADOW = "hookledger_rebuild"
PAGE = 5_000
NEAR = 20_000
LOCK = 7_402_511_845

Progress = Callable[[int, int], None]
"""Told how many positions of the log are done, and how many there are."""


class ProjectionUnknown(errors.Refused):
    """No projection has this name."""


def rebuild(database: Database, names: Sequence[str], progress: Progress) -> None:
    """Rebuild the named projections, without names all. Raises ProjectionUnknown, or Busy while another runs."""
    for name in names:
        if name not in registry.PROJECTIONS:
            known = ", ".join(registry.PROJECTIONS)
            raise ProjectionUnknown(f"projection {name!r} does not exist; there are {known}", field="name")
    with database.connect() as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        if not (row and row[0]):
            raise Busy("another rebuild is under way")
        _Rebuild(database, names or list(registry.PROJECTIONS), progress).run(connection)


class _Rebuild:
    def __init__(self, database: Database, names: Sequence[str], progress: Progress) -> None:
        self._live, self._progress = database.schema, progress
        self._recorder = database.recorder(WorkerRecorder)
        self._mapper = RecordMapper(transcoder=None)  # type: ignore[arg-type]
        self._names = names
        self._projections: list[Projection] = [registry.PROJECTIONS[name](SHADOW) for name in names]
        self._groups = Groups()
        self._done = 0

    def run(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute("SET statement_timeout = 0")
        self._make_shadow(connection)
        while True:
            bound = self._settled()
            self._follow(connection, bound)
            if self._settled() - bound < NEAR:
                break
        self._take_over(connection)

    def _make_shadow(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(SHADOW)))
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(SHADOW)))
        for name in self._names:
            connection.execute(registry.create_tables(name, SHADOW))

    def _settled(self) -> int:
        return self._recorder.max_tracking_id(READER) or 0

    def _follow(self, connection: psycopg.Connection[Any], bound: int) -> None:
        """Fold what lies up to `bound`: there, every event that the worker reads has been settled."""
        while self._done < bound:
            stored = self._recorder.notifications(self._recorder.page_statement, (self._done, bound, PAGE))
            if not stored:
                break
            with connection.transaction():
                self._fold(connection, [self._mapper.to_domain_event(each) for each in stored])
            self._done = stored[-1].id
            self._progress(self._done, self._recorder.max_notification_id() or 0)

    def _take_over(self, connection: psycopg.Connection[Any]) -> None:
        tracking = Identifier(self._live, self._recorder.tracking_table_name)
        with connection.transaction():
            connection.execute(SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(tracking))
            settled = self._settled()
            self._fold(connection, self._rest(settled))
            for projection in self._projections:
                for table in projection.tables:
                    self._swap(connection, table)
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(SHADOW)))
        head = self._recorder.max_notification_id() or 0
        self._progress(head, head)

    def _rest(self, settled: int) -> Iterator[Recorded]:
        """What the worker has read up to where it stands, and all that it wrote."""
        after = self._done
        while stored := self._recorder.notifications(self._recorder.rest_statement, (after, settled, PAGE)):
            yield from (self._mapper.to_domain_event(each) for each in stored)
            after = stored[-1].id

    def _swap(self, connection: psycopg.Connection[Any], table: str) -> None:
        connection.execute(SQL("DROP TABLE {}").format(Identifier(self._live, table)))
        connection.execute(
            SQL("ALTER TABLE {} SET SCHEMA {}").format(Identifier(SHADOW, table), Identifier(self._live))
        )

    def _fold(self, connection: psycopg.Connection[Any], events: Iterable[Recorded]) -> None:
        for entry in self._groups.entries(events):
            for projection in self._projections:
                projection.fold(entry)
        with connection.cursor() as cursor:
            for projection in self._projections:
                projection.write(cursor)


class Groups:
    """Puts the decisions of one evaluation together again, also across pages."""

    def __init__(self) -> None:
        self._open: list[Recorded] = []

    def entries(self, events: Iterable[Recorded]) -> Iterator[Entry]:
        """The entries that these events complete."""
        for recorded in events:
            if not isinstance(recorded.event, webhooks.Decision):
                yield Entry(recorded=recorded, stream=recorded.stream)
                continue
            self._open.append(recorded)
            if isinstance(recorded.event, webhooks.WebhookProcessed):
                yield Entry(stream=recorded.stream, decisions=tuple(self._open))
                self._open = []
