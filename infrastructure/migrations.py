"""Bringing a database to the shape that this program needs: once, by one process at a time, repeatable.

A read model that is new to a log is filled from it before its tables appear, so that none is ever there half filled.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import rebuilding, registry
from infrastructure.projections.inbox import READER

log = structlog.get_logger(__name__)

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
        connection.execute("SET lock_timeout = 0; SET statement_timeout = 0")  # who fills a read model takes its time
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(database.schema)))
        recorder = database.recorder(WorkerRecorder)
        recorder.create_table()
        connection.execute(SQL(OPERATIONS).format(schema=Identifier(database.schema)))
        new = _new(connection, database.schema) if recorder.max_tracking_id(READER) else ()
        for name in registry.PROJECTIONS:
            if name not in new:
                connection.execute(registry.create_tables(name, database.schema))
        if new:
            _fill(database, new)
        connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))


def _new(connection: psycopg.Connection[Any], schema: str) -> Sequence[str]:
    """The projections of which a table does not exist."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
    present = {row[0] for row in connection.execute(query, (schema,))}
    return [name for name, make in registry.PROJECTIONS.items() if not present.issuperset(make(schema).tables)]


def _fill(database: Database, names: Sequence[str]) -> None:
    log.info("new read models are filled from the log", names=list(names))
    rebuilding.rebuild(database, names, lambda done, total: None)
