"""Bringing a database to the shape that this program needs: once, by one process at a time, repeatable.

A read model that is new to a log, or had another shape, is filled from it before its tables appear, so that none is
ever there half filled.
"""

from typing import Any

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from infrastructure import master_keys, recounts
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections import rebuilding, registry, shapes
from infrastructure.replays import journal
from infrastructure.seals import tables

log = structlog.get_logger(__name__)

LOCK = AdvisoryLock.MIGRATION
OPERATIONS = """
CREATE TABLE IF NOT EXISTS {schema}.parked (
    position bigint PRIMARY KEY,
    stream text NOT NULL,
    error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


def migrate(database: Database) -> None:
    """Create what is missing, and make anew what has another shape.

    Other processes that migrate at the same time wait until this one is done.
    """
    with database.connect() as connection:
        connection.execute("SET lock_timeout = 0; SET statement_timeout = 0")  # who fills a read model takes its time
        connection.execute("SELECT pg_advisory_lock(%s)", (int(LOCK),))
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(database.schema)))
        recorder = database.recorder(WorkerRecorder)
        recorder.create_table()
        connection.execute(SQL(OPERATIONS).format(schema=Identifier(database.schema)))
        tables.create(connection, database.schema)
        recounts.create_table(connection, database.schema)
        connection.execute(journal.create_table(database.schema))
        master_keys.keep(connection, database)
        if recorder.max_notification_id() is None:
            _begin(connection, database.schema)
        else:
            _bring_up_to_date(connection, database)
        connection.execute("SELECT pg_advisory_unlock(%s)", (int(LOCK),))


def _begin(connection: psycopg.Connection[Any], schema: str) -> None:
    """Make the tables of a log that is empty, whatever tables it had."""
    for name, make in registry.PROJECTIONS.items():
        for table in make(schema).tables:
            connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(schema, table)))
        connection.execute(registry.create_tables(name, schema))


def _bring_up_to_date(connection: psycopg.Connection[Any], database: Database) -> None:
    outdated = shapes.outdated(connection, database.schema)
    for name in registry.PROJECTIONS:
        if name not in outdated:
            connection.execute(registry.create_tables(name, database.schema))  # for indexes that are new
    if outdated:
        log.info("read models are made anew from the log", names=list(outdated))
        rebuilding.rebuild(database, outdated, lambda done, total: None)
