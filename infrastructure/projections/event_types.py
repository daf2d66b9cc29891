"""Known event types: which types a source has received in an environment, when last, and the latest webhook."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import webhooks
from infrastructure import bulk
from infrastructure.projections.entries import Entry

UPSERT = """
INSERT INTO {schema}.event_types AS known
    (environment, source, event_type, first_received_at, last_received_at, last_webhook_id, received)
SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b)
ON CONFLICT (environment, source, event_type) DO UPDATE SET
    first_received_at = least(known.first_received_at, excluded.first_received_at),
    last_received_at = greatest(known.last_received_at, excluded.last_received_at),
    last_webhook_id = excluded.last_webhook_id,
    received = known.received + excluded.received
"""
TYPES = "text text text timestamptz timestamptz text bigint"


class EventTypes:
    """See the module."""

    name = "event_types"
    tables = ("event_types",)

    def __init__(self, schema: str) -> None:
        self._upsert = SQL(UPSERT).format(schema=Identifier(schema))
        self._rows: dict[tuple[str, str, str], list[Any]] = {}

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        processed = entry.decision(webhooks.WebhookProcessed)
        if processed is None or processed.event_type is None or processed.evaluation != 1:
            return
        key = processed.environment, processed.source, processed.event_type
        row = self._rows.setdefault(key, [*key, processed.received_at, processed.received_at, "", 0])
        row[3] = min(row[3], processed.received_at)
        row[4] = max(row[4], processed.received_at)
        row[5] = webhooks.id_of(entry.stream)
        row[6] += 1

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            bulk.execute(cursor, self._upsert, TYPES, list(self._rows.values()))
        self._rows = {}
