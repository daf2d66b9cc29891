"""Accounting: how many webhooks of a source ended in which outcome, by the day (UTC) of their receipt."""

from datetime import UTC, datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import webhooks
from infrastructure import bulk
from infrastructure.projections.entries import Entry

ADD = """
INSERT INTO {schema}.accounting AS present (environment, source, day, outcome, webhooks, last_received_at)
SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)
ON CONFLICT (environment, source, day, outcome) DO UPDATE SET
    webhooks = present.webhooks + excluded.webhooks,
    last_received_at = greatest(present.last_received_at, excluded.last_received_at)
"""
TYPES = "text text date text bigint timestamptz"

Counted = webhooks.WebhookRejected | webhooks.WebhookReleased | webhooks.WebhookProcessed


class Accounting:
    """See the module."""

    name = "accounting"
    tables = ("accounting",)

    def __init__(self, schema: str) -> None:
        self._add = SQL(ADD).format(schema=Identifier(schema))
        self._rows: dict[tuple[Any, ...], list[Any]] = {}

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        recorded = entry.recorded
        if recorded is not None and isinstance(recorded.event, webhooks.WebhookRejected):
            self._count(recorded.event, "rejected")
        if recorded is not None and isinstance(recorded.event, webhooks.WebhookReleased):
            self._count(recorded.event, "rejected", -1)
        processed = entry.decision(webhooks.WebhookProcessed)
        if processed is not None and processed.evaluation == 1:
            self._count(processed, processed.outcome)

    def _count(self, event: Counted, outcome: str, times: int = 1) -> None:
        at: datetime = event.received_at
        key = event.environment, event.source, at.astimezone(UTC).date(), outcome
        row = self._rows.setdefault(key, [*key, 0, at])
        row[4] += times
        row[5] = max(row[5], at)

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            bulk.execute(cursor, self._add, TYPES, list(self._rows.values()))
        self._rows = {}
