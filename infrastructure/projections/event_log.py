"""The event log: one row for each received or rejected webhook, without its payload.

Positions follow the time of receipt, but not strictly: clocks differ. So the times of each block of positions are kept
too, by which a span of time is found on the log's own order.
"""

from datetime import datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import webhooks
from infrastructure import bulk
from infrastructure.event_store.codec import dumps
from infrastructure.projections.entries import Entry

RECEIPT = "position, id, source, environment, received_at, configuration_version, verification_status, origin"
DECIDED = (
    "event_type, occurred_at, idempotency_outcome, idempotency_key, original_id, "
    "outcome, error, actions_count, evaluations"
)
INSERT = (
    "INSERT INTO {schema}.event_logs (" + RECEIPT + ", " + DECIDED + ") SELECT * FROM unnest("
    "%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)"
)
UPDATE = (
    "UPDATE {schema}.event_logs AS log SET (" + DECIDED + ") = "
    "(new.a, new.b, new.c, new.d, new.e, new.f, new.g, new.h, new.i) FROM unnest("
    "%b, %b, %b, %b, %b, %b, %b, %b, %b, %b) AS new (id, a, b, c, d, e, f, g, h, i) WHERE log.id = new.id"
)

TIMES = (
    "INSERT INTO {schema}.event_log_times AS known (block, earliest, latest) SELECT * FROM unnest(%b, %b, %b) "
    "ON CONFLICT (block) DO UPDATE SET "
    "earliest = least(known.earliest, excluded.earliest), latest = greatest(known.latest, excluded.latest)"
)
BLOCK = 4_096
"""Positions in a block."""
RELEASE = """
UPDATE {schema}.event_logs AS log SET verification_status = new.a, configuration_version = new.b
FROM unnest(%b, %b, %b) AS new (id, a, b) WHERE log.id = new.id
"""

RECEIPT_TYPES = "bigint text text text timestamptz integer text text "
DECIDED_TYPES = "text timestamptz text text text text json integer integer"

KEY, ERROR = 11, 14
"""Where a row has the idempotency key and the error."""

Row = tuple[Any, ...]
PENDING: Row = (None, None, None, None, None, "pending", None, 0, 0)


class EventLog:
    """See the module."""

    name = "event_log"
    tables = ("event_logs", "event_log_times")

    def __init__(self, schema: str) -> None:
        self._insert, self._update, self._release, self._times = (
            SQL(query).format(schema=Identifier(schema)) for query in (INSERT, UPDATE, RELEASE, TIMES)
        )
        self._new: dict[str, Row] = {}
        self._changed: dict[str, Row] = {}
        self._released: dict[str, Row] = {}
        self._blocks: dict[int, tuple[datetime, datetime]] = {}

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        recorded = entry.recorded
        if recorded is not None and isinstance(recorded.event, webhooks.Receipt):
            self._new[webhooks.id_of(recorded.stream)] = row_of(entry)
            self._note_time(recorded.position or 0, recorded.event.received_at)
            return
        if recorded is not None and isinstance(recorded.event, webhooks.WebhookReleased):
            self._take_in(webhooks.id_of(recorded.stream), recorded.event)
        if entry.decisions:
            self._decide(webhooks.id_of(entry.stream), _decided(entry))

    def _note_time(self, position: int, at: datetime) -> None:
        block = position // BLOCK
        earliest, latest = self._blocks.get(block, (at, at))
        self._blocks[block] = min(earliest, at), max(latest, at)

    def _take_in(self, webhook_id: str, released: webhooks.WebhookReleased) -> None:
        self._released[webhook_id] = (webhook_id, released.verification_status, released.pin.version)

    def _decide(self, webhook_id: str, decided: Row) -> None:
        new = self._new.get(webhook_id)
        if new is None:
            self._changed[webhook_id] = (webhook_id, *decided)
        else:
            self._new[webhook_id] = (*new[:8], *decided)

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._new:
            bulk.execute(cursor, self._insert, RECEIPT_TYPES + DECIDED_TYPES, list(self._new.values()))
        if self._changed:
            bulk.execute(cursor, self._update, "text " + DECIDED_TYPES, list(self._changed.values()))
        if self._released:
            bulk.execute(cursor, self._release, "text text integer", list(self._released.values()))
        if self._blocks:
            rows = [(block, *times) for block, times in self._blocks.items()]
            bulk.execute(cursor, self._times, "bigint timestamptz timestamptz", rows)
        self._new, self._changed, self._released, self._blocks = {}, {}, {}, {}


def row_of(entry: Entry, receipt: webhooks.Receipt | None = None) -> Row:
    """The row of a receipt, or of the one that counts in its place, with whatever decisions come with it."""
    assert entry.recorded is not None
    receipt = receipt or entry.recorded.event  # type: ignore[assignment]
    assert isinstance(receipt, webhooks.Receipt)
    decided = _rejected(receipt) if isinstance(receipt, webhooks.WebhookRejected) else _decided(entry)
    return (entry.recorded.position, webhooks.id_of(entry.recorded.stream), *_receipt(receipt), *decided)


def _receipt(receipt: webhooks.Receipt) -> Row:
    return (
        receipt.source,
        receipt.environment,
        receipt.received_at,
        receipt.configuration_version,
        receipt.verification_status,
        getattr(receipt, "origin", None),
    )


def _rejected(receipt: webhooks.WebhookRejected) -> Row:
    error = dumps({"code": receipt.reason, "message": receipt.message}).decode()
    return (None, None, None, None, None, "rejected", error, 0, 0)


def _decided(entry: Entry) -> Row:
    processed = entry.decision(webhooks.WebhookProcessed)
    if processed is None:
        return PENDING
    key = entry.decision(webhooks.IdempotencyDecided)
    classified = entry.decision(webhooks.WebhookClassified) or entry.decision(webhooks.ClassificationFailed)
    return (
        processed.event_type,
        classified.occurred_at if classified else None,
        key.outcome if key else None,
        key.key if key else None,
        key.original_id if key else None,
        processed.outcome,
        _error(entry),
        processed.actions_count,
        processed.evaluation,
    )


def _error(entry: Entry) -> str | None:
    unclassified = entry.decision(webhooks.ClassificationFailed)
    if unclassified is not None:
        path, nearest = unclassified.event_type_path, unclassified.nearest
        error = {"code": unclassified.reason, "message": unclassified.message, "path": path, "nearest": nearest}
        return dumps(error).decode()
    broken = entry.decision(webhooks.EvaluationFailed)
    return dumps(_broken(broken)).decode() if broken else None


def _broken(event: webhooks.EvaluationFailed) -> dict[str, str]:
    if event.reason is not None:
        return {"code": event.reason, "message": "what was received was erased before it could be evaluated"}
    return {"code": "evaluation_failed", "message": event.error}
