"""Known event types: which types a source has received in an environment, when last, and the latest webhook.

A sender that makes up types without end fills the log, as it must, but not this table.
"""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier, Literal

from domain import webhooks
from infrastructure import bulk
from infrastructure.projections.entries import Entry

MOST = 2_000
"""Types that are kept apart for a source in an environment; whatever comes after them counts under `OTHER`."""

OTHER = "(other)"

# Which types are among the first follows from the order of the log alone, so that a rebuilt table is the same.
UPSERT = """
WITH given AS (
    SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b) WITH ORDINALITY
        AS each (environment, source, event_type, first_received_at, last_received_at, last_webhook_id, received, turn)
), counted AS (
    SELECT given.*, known.source IS NOT NULL AS is_known,
        count(*) FILTER (WHERE known.source IS NULL) OVER (
            PARTITION BY given.environment, given.source ORDER BY turn) AS rank
    FROM given LEFT JOIN {schema}.event_types AS known USING (environment, source, event_type)
), placed AS (
    SELECT environment, source, first_received_at, last_received_at, last_webhook_id, received,
        CASE WHEN is_known OR rank <= {most} - (
            SELECT count(*) FROM {schema}.event_types AS known
            WHERE known.environment = counted.environment AND known.source = counted.source
                AND known.event_type <> {other}
        ) THEN event_type ELSE {other} END AS event_type
    FROM counted
)
INSERT INTO {schema}.event_types AS known
    (environment, source, event_type, first_received_at, last_received_at, last_webhook_id, received)
SELECT environment, source, event_type, min(first_received_at), max(last_received_at), max(last_webhook_id),
    sum(received)::bigint
FROM placed GROUP BY environment, source, event_type
ON CONFLICT (environment, source, event_type) DO UPDATE SET
    first_received_at = least(known.first_received_at, excluded.first_received_at),
    last_received_at = greatest(known.last_received_at, excluded.last_received_at),
    last_webhook_id = CASE known.event_type WHEN {other} THEN greatest(known.last_webhook_id, excluded.last_webhook_id)
        ELSE excluded.last_webhook_id END,
    received = known.received + excluded.received
"""
TYPES = "text text text timestamptz timestamptz text bigint"


class EventTypes:
    """See the module."""

    name = "event_types"
    tables = ("event_types",)

    def __init__(self, schema: str) -> None:
        self._upsert = SQL(UPSERT).format(schema=Identifier(schema), most=Literal(MOST), other=Literal(OTHER))
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
