"""Bringing a database to the shape that this program needs: once, by one process at a time, repeatable."""

from psycopg.sql import SQL, Identifier

from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import registry

LOCK = 7_402_511_843
OPERATIONS = """
CREATE TABLE IF NOT EXISTS {schema}.parked (
    position bigint PRIMARY KEY,
    stream text NOT NULL,
    error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


def migrate(database: Database) -> None:
    """Create what is missing. Other processes that migrate at the same time wait until this one is done."""
    with database.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(database.schema)))
        recorder = database.recorder(WorkerRecorder)
        recorder.create_table()
        for name in registry.PROJECTIONS:
            connection.execute(registry.create_tables(name, database.schema))
        connection.execute(SQL(OPERATIONS).format(schema=Identifier(database.schema)))
        connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
