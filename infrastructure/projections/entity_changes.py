"""Which actions touched which user, object or tenant: one row for both, which points to the action's event.

The place in the log is not known yet when the row is written, since the log's lock is taken last; the time of recording
is, and is as good for an index. Who needs the very order asks the log for the positions.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from application.records import Recorded
from domain import directory, lineage, recipients, restatements
from domain.actions.outcomes import Reference
from domain.restatements import EntityRestated
from domain.webhooks import ActionExecuted
from infrastructure import bulk
from infrastructure.projections.entries import Entry

INSERT = (
    "INSERT INTO {schema}.entity_changes (environment, collection, id, recorded_at, stream, version, removes) "
    "SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b)"
)
TYPES = "text text text timestamptz text bigint boolean"


Row = tuple[Any, ...]


class EntityChanges:
    """See the module."""

    name = "entity_changes"
    tables = ("entity_changes",)

    def __init__(self, schema: str) -> None:
        self._insert = SQL(INSERT).format(schema=Identifier(schema))
        self._rows: list[Row] = []

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        self._rows += rows_of(entry)

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            bulk.execute(cursor, self._insert, TYPES, self._rows)
        self._rows = []


def rows_of(entry: Entry) -> list[Row]:
    """The rows that an entry makes: one for each entity that an action touched or a restatement names."""
    rows = [row for recorded, action, effects in entry.effects for row in _touched(recorded, action, effects)]
    if entry.recorded is not None and isinstance(entry.recorded.event, EntityRestated) and not entry.recorded.erased:
        rows += _restated(entry.recorded, entry.recorded.event)
    return rows


def _touched(recorded: Recorded, action: ActionExecuted, effects: Sequence[directory.Effect]) -> list[Row]:
    touched: dict[Reference, bool] = {}
    for effect in effects:
        reference = lineage.subject(effect)
        if reference is not None:
            removes = isinstance(effect, directory.EntityRemoved)
            touched[reference] = removes or touched.get(reference, False)
    return [_row(action.environment, each, recorded, removes=removes) for each, removes in touched.items()]


def _restated(recorded: Recorded, event: EntityRestated) -> list[Row]:
    """Also for the other entities that are named, so that all that names an entity can be found."""
    removed = None if event.described else restatements.reference_of(event)
    named = sorted(restatements.named_in(event))
    return [_row(event.environment, each, recorded, removes=each == removed) for each in named]


def _row(environment: str, reference: Reference, recorded: Recorded, *, removes: bool) -> Row:
    place = recipients.place(reference)
    return (environment, *place, recorded.recorded_at, recorded.stream, recorded.version, removes)
