"""Of each user, object and tenant under the guard against stale events, the time of the last event applied to it."""

from datetime import datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import staleness
from domain.webhooks import ActionExecuted
from infrastructure import bulk
from infrastructure.projections.entries import Entry

UPSERT = """
INSERT INTO {schema}.applied AS present (environment, collection, id, occurred_at) SELECT * FROM unnest(%b, %b, %b, %b)
ON CONFLICT (environment, collection, id) DO UPDATE SET
    occurred_at = greatest(present.occurred_at, excluded.occurred_at)
"""


class Applied:
    """See the module."""

    name = "applied"
    tables = ("applied",)

    def __init__(self, schema: str) -> None:
        self._upsert = SQL(UPSERT).format(schema=Identifier(schema))
        self._rows: dict[tuple[str, ...], datetime] = {}

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        for recorded in entry.decisions:
            event = recorded.event
            if isinstance(event, ActionExecuted) and event.occurred_at is not None and not recorded.erased:
                _, *place = staleness.last_applied(event.action_type, event.payload)
                key = (event.environment, *place)
                self._rows[key] = staleness.later(self._rows.get(key), event.occurred_at)

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            rows = [(*key, at) for key, at in sorted(self._rows.items())]
            bulk.execute(cursor, self._upsert, "text text text timestamptz", rows)
        self._rows = {}
