"""Which actions touched which user, object or tenant: one row for both, which points to the action's event.

The place in the log is not known yet when the row is written, since the log's lock is taken last; the time of recording
is, and is as good for an index. Who needs the very order asks the log for the positions.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from application.records import Recorded
from domain import directory, lineage, recipients
from infrastructure import bulk
from infrastructure.projections.entries import Entry

INSERT = (
    "INSERT INTO {schema}.entity_changes (environment, collection, id, recorded_at, stream, version, removes) "
    "SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b)"
)
TYPES = "text text text timestamptz text bigint boolean"


class EntityChanges:
    """See the module."""

    name = "entity_changes"
    tables = ("entity_changes",)

    def __init__(self, schema: str) -> None:
        self._insert = SQL(INSERT).format(schema=Identifier(schema))
        self._rows: list[tuple[Any, ...]] = []

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        for recorded, action, effects in entry.effects:
            self._take(recorded, action.environment, effects)

    def _take(self, recorded: Recorded, environment: str, effects: Sequence[directory.Effect]) -> None:
        touched: dict[tuple[str, ...], bool] = {}
        for effect in effects:
            reference = lineage.subject(effect)
            if reference is not None:
                removes = isinstance(effect, directory.EntityRemoved)
                touched[reference] = removes or touched.get(reference, False)
        for reference, removes in touched.items():
            place = recipients.place(reference)
            self._rows.append((environment, *place, recorded.recorded_at, recorded.stream, recorded.version, removes))

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            bulk.execute(cursor, self._insert, TYPES, self._rows)
        self._rows = []
