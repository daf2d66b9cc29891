"""Rebuilding a projection from the log while the worker goes on: into tables of its own, which then take over.

The new tables follow the worker until little is left, then the worker waits for the moment in which they catch up
and change places with the old ones.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs
import psycopg
from eventsourcing.persistence import Notification
from psycopg.sql import SQL, Identifier

from application.errors import Busy
from application.records import Recorded
from domain import errors, forwards, restatements, runs, webhooks
from infrastructure import leases
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import checksums, registry
from infrastructure.projections.checksums import Checksum
from infrastructure.projections.entries import Entry, Projection
from infrastructure.projections.inbox import READER

SHADOW = "hookledger_rebuild"
AT_ONCE = runs.Event | forwards.Event | restatements.Event
"""What counts from its very place in the log on, since it was written together with its read models."""

PAGE = 5_000
NEAR = 20_000
LOCK = AdvisoryLock.REBUILD

Progress = Callable[[int, int], None]
"""Told how many positions of the log are done, and how many there are."""


class ProjectionUnknown(errors.Refused):
    """No projection has this name."""


@attrs.frozen(kw_only=True)
class Compared:
    """A table as it stands, and as the log alone makes it."""

    table: str
    live: Checksum
    rebuilt: Checksum

    @property
    def equal(self) -> bool:
        """Whether the two hold the same rows."""
        return self.live == self.rebuilt


def rebuild(database: Database, names: Sequence[str], progress: Progress) -> None:
    """Rebuild the named projections, without names all. Raises ProjectionUnknown, or Busy while another runs."""
    require_known(names)
    _run(database, Rebuild(database, names or list(registry.PROJECTIONS), progress))


def compare(database: Database, names: Sequence[str], progress: Progress) -> Sequence[Compared]:
    """Rebuild as `rebuild` does, but throw the new tables away: only say whether they hold what the old ones hold.

    The worker waits while the two are compared, so that neither moves meanwhile.
    """
    require_known(names)
    comparison = _Comparison(database, names or list(registry.PROJECTIONS), progress)
    _run(database, comparison)
    return comparison.compared


def _run(database: Database, wanted: "Rebuild") -> None:
    with database.connect() as connection:
        claim(connection)
        wanted.run(connection)


def claim(connection: psycopg.Connection[Any]) -> None:
    """Be the only one who reads the whole log, until the connection ends: nobody erases any of it meanwhile.

    What was read before an erasure would come back with the new tables. Raises Busy.
    """
    if not leases.held(connection, LOCK):
        raise Busy("another rebuild or an erasure is under way; try again when it has ended")


def require_known(names: Sequence[str]) -> None:
    """Raise ProjectionUnknown unless each name is one of a projection."""
    for name in names:
        if name not in registry.PROJECTIONS:
            known = ", ".join(registry.PROJECTIONS)
            raise ProjectionUnknown(f"projection {name!r} does not exist; there are {known}", field="name")


class Rebuild:
    """Folds the log into new tables of the named projections, in `schema`, which take the place of the old ones."""

    def __init__(self, database: Database, names: Sequence[str], progress: Progress, *, schema: str = SHADOW) -> None:
        self._live, self._schema, self._progress = database.schema, schema, progress
        self._recorder = database.recorder(WorkerRecorder)
        self._mapper = database.mapper
        self._names = names
        self._projections: list[Projection] = [registry.PROJECTIONS[name](self._schema) for name in names]
        self._groups = Groups()
        self._done = 0

    def run(self, connection: psycopg.Connection[Any]) -> None:
        """Do it all, on a connection of one's own."""
        connection.execute("SET statement_timeout = 0")
        self.make_tables(connection)
        while True:
            bound = self._settled()
            self.follow(connection, bound)
            if self._settled() - bound < NEAR:
                break
        self._take_over(connection)

    def make_tables(self, connection: psycopg.Connection[Any]) -> None:
        """Make the new tables, in the place of any that are left of a rebuild that was interrupted."""
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(self._schema)))
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(self._schema)))
        for name in self._names:
            connection.execute(registry.create_tables(name, self._schema))

    def _settled(self) -> int:
        return self._recorder.max_tracking_id(READER) or 0

    def follow(self, connection: psycopg.Connection[Any], bound: int) -> None:
        """Fold what lies up to `bound`: there, every event that the worker reads has been settled."""
        while self._done < bound:
            stored = self._recorder.notifications(self._recorder.page_statement, (self._done, bound, PAGE))
            if not stored:
                break
            with connection.transaction():
                self._fold(connection, self._groups.entries(self._events(connection, stored)))
            self._done = stored[-1].id
            self._progress(self._done, self._recorder.max_notification_id() or 0)

    def _take_over(self, connection: psycopg.Connection[Any]) -> None:
        tracking = Identifier(self._live, self._recorder.tracking_table_name)
        with connection.transaction():
            connection.execute(SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(tracking))
            settled = self._settled()
            self._fold(connection, self._groups.entries(self._rest(connection, settled)))
            self.complete(connection)
            for table in self._tables():
                self._finish(connection, table)
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(self._schema)))
        head = self._recorder.max_notification_id() or 0
        self._progress(head, head)

    def complete(self, connection: psycopg.Connection[Any]) -> None:
        """Fold what waited for decisions that are not to come."""
        self._fold(connection, self._groups.rest())

    def _events(self, connection: psycopg.Connection[Any], stored: Sequence[Notification]) -> Iterator[Recorded]:
        """The events but those that are parked: the worker did not settle them either."""
        parked = SQL("SELECT position FROM {} WHERE position = ANY(%s)").format(Identifier(self._live, "parked"))
        aside = {row[0] for row in connection.execute(parked, ([each.id for each in stored],))}
        return (self._mapper.to_domain_event(each) for each in stored if each.id not in aside)

    def _rest(self, connection: psycopg.Connection[Any], settled: int) -> Iterator[Recorded]:
        """What the worker has read up to where it stands, and all that it wrote."""
        after = self._done
        while stored := self._recorder.notifications(self._recorder.rest_statement, (after, settled, PAGE)):
            yield from self._events(connection, stored)
            after = stored[-1].id

    def _tables(self) -> list[str]:
        return [table for projection in self._projections for table in projection.tables]

    def _finish(self, connection: psycopg.Connection[Any], table: str) -> None:
        """Put the new table in the place of the old."""
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(self._live, table)))
        connection.execute(
            SQL("ALTER TABLE {} SET SCHEMA {}").format(Identifier(self._schema, table), Identifier(self._live))
        )

    def _fold(self, connection: psycopg.Connection[Any], entries: Iterable[Entry]) -> None:
        for entry in entries:
            for projection in self._projections:
                projection.fold(entry)
        with connection.cursor() as cursor:
            for projection in self._projections:
                projection.write(cursor)


class _Comparison(Rebuild):
    compared: tuple[Compared, ...] = ()

    def _finish(self, connection: psycopg.Connection[Any], table: str) -> None:
        """Compare the new table with the old."""
        live, rebuilt = (checksums.of_table(connection, schema, table) for schema in (self._live, self._schema))
        self.compared += (Compared(table=table, live=live, rebuilt=rebuilt),)


class Groups:
    """Brings the log into the order in which the worker takes it in, also across pages.

    The decisions of one evaluation come together. What was told while webhooks were still undecided counts after the
    decisions about them, although it lies before these in the log.
    """

    def __init__(self) -> None:
        self._open: list[Recorded] = []
        self._received = self._decided = 0
        self._edits: deque[tuple[int, Recorded]] = deque()

    def entries(self, events: Iterable[Recorded]) -> Iterator[Entry]:
        """The entries that these events complete."""
        for recorded in events:
            if isinstance(recorded.event, AT_ONCE):
                yield _alone(recorded)  # belongs to the decision before it, which counts before what was told since
            else:
                yield from self._due(self._decided)
                yield from self._take(recorded)

    def rest(self) -> Iterator[Entry]:
        """What is left at the end: edits that wait for decisions which are not to come."""
        return self._due(self._received)

    def _take(self, recorded: Recorded) -> Iterator[Entry]:
        if isinstance(recorded.event, webhooks.Decision):
            yield from self._decide(recorded, recorded.event)
        elif isinstance(recorded.event, webhooks.Receipt | webhooks.Occasion):
            self._received += isinstance(recorded.event, webhooks.Occasion)
            yield _alone(recorded)
        else:
            self._edits.append((self._received, recorded))

    def _decide(self, recorded: Recorded, decision: webhooks.Decision) -> Iterator[Entry]:
        self._open.append(recorded)
        if isinstance(decision, webhooks.WebhookProcessed):
            yield Entry(stream=recorded.stream, decisions=tuple(self._open))
            self._open = []
            self._decided += 1

    def _due(self, decided: int) -> Iterator[Entry]:
        while self._edits and self._edits[0][0] <= decided:
            yield _alone(self._edits.popleft()[1])


def _alone(recorded: Recorded) -> Entry:
    return Entry(recorded=recorded, stream=recorded.stream)
