"""The read models as of a position: folded from the log up to there, into a schema of their own, to be asked in SQL."""

from collections.abc import Sequence

from domain import errors
from infrastructure.database import Database
from infrastructure.projections import registry
from infrastructure.projections.rebuilding import Progress, Rebuild, require_known

PREFIX = "hookledger_as_of_"


class PositionUnknown(errors.Refused):
    """The log does not reach that far."""


def build(database: Database, position: int, head: int, names: Sequence[str], progress: Progress) -> str:
    """Make the tables of the named projections, of all without names, as of a position; the schema they are in.

    What was in that schema is made anew. Raises ProjectionUnknown or PositionUnknown.
    """
    require_known(names)
    if not 0 <= position <= head:
        raise PositionUnknown(f"position is {position}; the log goes from 1 to {head}", field="position")
    schema = f"{PREFIX}{position}"
    rebuild = Rebuild(database, names or list(registry.PROJECTIONS), progress, schema=schema)
    with database.connect() as connection:
        connection.execute("SET statement_timeout = 0")
        rebuild.make_tables(connection)
        rebuild.follow(connection, position)
        with connection.transaction():
            rebuild.complete(connection)
    progress(position, position)
    return schema
