"""The read models as of a position: folded from the log up to there, into a schema of their own, to be asked in SQL."""

from collections.abc import Sequence
from typing import Any, LiteralString

from psycopg import Cursor
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier

from domain import errors
from infrastructure.database import Database
from infrastructure.projections import registry
from infrastructure.projections.rebuilding import SHADOW, Progress, Rebuild, claim, require_known

PREFIX = "hookledger_as_of_"
LEFT: LiteralString = "SELECT nspname FROM pg_namespace WHERE nspname ~ %s"


class PositionUnknown(errors.Refused):
    """The log does not reach that far."""


class SchemaInTheWay(errors.Refused):
    """A schema holds what is to be erased, and belongs to somebody else."""


def build(database: Database, position: int, head: int, names: Sequence[str], progress: Progress) -> str:
    """Make the tables of the named projections, of all without names, as of a position; the schema they are in.

    What was in that schema is made anew. Raises ProjectionUnknown, PositionUnknown, or Busy as a rebuild does.
    """
    require_known(names)
    if not 0 <= position <= head:
        raise PositionUnknown(f"position is {position}; the log goes from 1 to {head}", field="position")
    schema = f"{PREFIX}{position}"
    rebuild = Rebuild(database, names or list(registry.PROJECTIONS), progress, schema=schema)
    with database.connect() as connection:
        claim(connection)
        connection.execute("SET statement_timeout = 0")
        rebuild.make_tables(connection)
        rebuild.follow(connection, position)
        with connection.transaction():
            rebuild.complete(connection)
    progress(position, position)
    return schema


def drop_all(cursor: Cursor[Any]) -> None:
    """Drop every such schema, and what a rebuild that was interrupted left: they hold what the log held then.

    Raises SchemaInTheWay.
    """
    for (schema,) in cursor.execute(LEFT, (f"^({PREFIX}[0-9]+|{SHADOW})$",)).fetchall():
        try:
            cursor.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))
        except InsufficientPrivilege as error:
            message = f"schema {schema} belongs to another role; as that role: DROP SCHEMA {schema} CASCADE"
            raise SchemaInTheWay(message) from error
