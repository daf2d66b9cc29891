"""The event store and what belongs to it, over a test's database, put together as the composition root does it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from application.ports import Clock
from infrastructure import clocks, migrations
from infrastructure.database import SCHEMA, Database
from infrastructure.event_store.appender import GroupCommit
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import LedgerRecorder, WorkerRecorder
from infrastructure.projections.inbox import PostgresInbox

MAPPER = RecordMapper(transcoder=None)  # type: ignore[arg-type]


@contextmanager
def migrated(url: str, *, schema: str = SCHEMA, pool_size: int = 5) -> Iterator[Database]:
    """The database at `url`, brought to shape."""
    database = Database(url, schema=schema, pool_size=pool_size)
    try:
        migrations.migrate(database)
        yield database
    finally:
        database.close()


def ledger(database: Database, clock: Clock = clocks.system) -> PostgresLedger:
    """The event store."""
    return PostgresLedger(recorder=database.recorder(LedgerRecorder), mapper=MAPPER, clock=clock)


def inbox(database: Database, clock: Clock = clocks.system) -> PostgresInbox:
    """The worker's inbox."""
    return PostgresInbox(recorder=database.recorder(WorkerRecorder), mapper=MAPPER, clock=clock)


def group_commit(database: Database, *, conninfo: str | None = None, clock: Clock = clocks.system) -> GroupCommit:
    """The appender. `conninfo` leads it another way to the same database."""
    return GroupCommit(
        recorder=database.recorder(LedgerRecorder),
        mapper=MAPPER,
        conninfo=conninfo or database.conninfo,
        clock=clock,
    )


def rows(database: Database, table: str, columns: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """Everything that a table holds, or these columns of it, sorted by them from left to right."""
    listed = SQL(", ").join(map(Identifier, columns)) if columns else SQL("*")
    query = SQL("SELECT {} FROM {} AS t ORDER BY t::text").format(listed, Identifier(database.schema, table))
    with database.connect() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query).fetchall()
