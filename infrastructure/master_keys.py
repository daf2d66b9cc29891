"""Which master key a database's payloads are sealed under: a proof of it is kept, and nobody works under another.

What was sealed under one key, nobody could read with the other, and would notice it only when it is too late.
"""

from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from infrastructure.database import Database
from infrastructure.vault import MasterKeyInvalid

TABLE = """
CREATE TABLE IF NOT EXISTS {schema}.master_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    proof bytea NOT NULL
)
"""
KEEP = "INSERT INTO {schema}.master_key (proof) VALUES (%s) ON CONFLICT DO NOTHING"
KEPT = "SELECT proof FROM {schema}.master_key"


def keep(connection: psycopg.Connection[Any], database: Database) -> None:
    """Keep the proof of the first key, and refuse every other. Raises MasterKeyInvalid."""
    schema = Identifier(database.schema)
    connection.execute(SQL(TABLE).format(schema=schema))
    connection.execute(SQL(KEEP).format(schema=schema), (database.mapper.keys.proof(),))
    _require(connection, database)


def require(database: Database) -> None:
    """Refuse to go on under another key than the first. Raises MasterKeyInvalid."""
    with database.connect() as connection:
        _require(connection, database)


def _require(connection: psycopg.Connection[Any], database: Database) -> None:
    row = connection.execute(SQL(KEPT).format(schema=Identifier(database.schema))).fetchone()
    if row is None or row[0] != database.mapper.keys.proof():
        raise MasterKeyInvalid(
            "HOOKLEDGER_MASTER_KEY, or master.key in the data directory, is not the key under which the payloads in "
            "this database are sealed; give the one that it was first migrated with",
            field="HOOKLEDGER_MASTER_KEY",
        )
