"""The event store and what belongs to it, over a test's database, put together as the composition root does it."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from application.catalogue import ConfigurationHistory
from application.pipeline import Pipeline
from application.ports import Clock
from application.records import Recorded
from infrastructure import bodies, clocks, identifiers, migrations, schemas
from infrastructure.database import SCHEMA, Database
from infrastructure.erasing.destroying import Destroyer
from infrastructure.event_store import codec
from infrastructure.event_store.appender import GroupCommit
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import LedgerRecorder, WorkerRecorder
from infrastructure.projections import registry
from infrastructure.projections.inbox import PostgresInbox
from tests import gateways

MASTER = base64.b64decode(gateways.MASTER_KEY)
"""The master key of all their databases, as the gateways have it that run over them."""


@contextmanager
def migrated(url: str, *, schema: str = SCHEMA, pool_size: int = 5) -> Iterator[Database]:
    """The database at `url`, brought to shape."""
    database = Database(url, master=MASTER, schema=schema, pool_size=pool_size)
    try:
        migrations.migrate(database)
        yield database
    finally:
        database.close()


def ledger(database: Database, clock: Clock = clocks.system) -> PostgresLedger:
    """The event store."""
    return PostgresLedger(recorder=database.recorder(LedgerRecorder), mapper=database.mapper, clock=clock)


def inbox(database: Database, clock: Clock = clocks.system) -> PostgresInbox:
    """The worker's inbox."""
    return PostgresInbox(recorder=database.recorder(WorkerRecorder), mapper=database.mapper, clock=clock)


def group_commit(database: Database, *, conninfo: str | None = None, clock: Clock = clocks.system) -> GroupCommit:
    """The appender. `conninfo` leads it another way to the same database."""
    return GroupCommit(
        recorder=database.recorder(LedgerRecorder),
        mapper=database.mapper,
        conninfo=conninfo or database.conninfo,
        clock=clock,
    )


def pipeline(database: Database, *, page: int = 500, clock: Clock = clocks.system) -> Pipeline:
    """The worker's round."""
    store = ledger(database)
    history = ConfigurationHistory(store)
    return Pipeline(
        inbox=inbox(database, clock),
        configuration_at=history.at,
        configuration_of=history.of,
        histories=store.histories,
        parse=bodies.read,
        check_schema=schemas.violation,
        page=page,
    )


def drain(database: Database, *, page: int = 500, clock: Clock = clocks.system) -> None:
    """Settle everything that waits."""
    working = pipeline(database, page=page, clock=clock)
    while working.run_once():
        pass


def log(database: Database) -> Iterator[Recorded]:
    """The whole log, page by page."""
    store, after = ledger(database), 0
    while page := store.log(after=after, limit=5_000):
        yield from page
        after = page[-1].position or 0


def rows(database: Database, table: str, columns: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """Everything that a table holds, or these columns of it, in an order that follows from what it holds."""
    listed = SQL(", ").join(map(Identifier, columns)) if columns else SQL("*")
    query = SQL("SELECT {} FROM {} AS t ORDER BY t::text").format(listed, Identifier(database.schema, table))
    with database.connect() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query).fetchall()


def read_models(database: Database) -> dict[str, list[str]]:
    """The rows of every projection's tables as PostgreSQL writes them, by table."""
    tables = [table for make in registry.PROJECTIONS.values() for table in make(database.schema).tables]
    return {table: [str(row[0]) for row in _texts(database, table)] for table in tables}


def _texts(database: Database, table: str) -> list[tuple[Any, ...]]:
    query = SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(Identifier(database.schema, table))
    with database.connect() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query).fetchall()


def destroyer(database: Database) -> Destroyer:
    """What destroys keys."""
    return Destroyer(
        recorder=database.recorder(WorkerRecorder),
        ledger=ledger(database),
        mapper=database.mapper,
        new_id=identifiers.new_id,
    )


def decrypt(database: Database, stream: str) -> None:
    """Put a webhook's receipt back into the form that it had before there were keys."""
    recorded = ledger(database).history(stream)[0]
    receipt: Any = recorded.event
    data = codec.data_of(receipt)
    del data["body"]
    state = b'{"v":1,"at":"%b","digest":"0"}\n%b\n%b' % (
        recorded.recorded_at.isoformat().encode(),
        codec.dumps(data),
        receipt.body,
    )
    update = (
        f"UPDATE {database.schema}.ledger_events SET state = %s WHERE originator_id = %s AND originator_version = 1"
    )
    with database.connect() as connection:
        connection.execute(f"ALTER TABLE {database.schema}.ledger_events DISABLE TRIGGER USER".encode())
        connection.execute(update.encode(), (state, stream))
