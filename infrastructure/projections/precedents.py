"""Precedents: for each key, the delivery that later ones repeat. A scope is stored as a digest that cannot collide."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import idempotency, webhooks
from domain.idempotency import Precedent, Scope
from infrastructure import bulk
from infrastructure.projections.entries import Entry

UPSERT = """
INSERT INTO {schema}.precedents (scope, webhook_id, received_at, complete, done, body_digest)
SELECT scope, webhook_id, received_at, complete,
       CASE done WHEN '' THEN '{{}}'::text[] ELSE string_to_array(done, ' ') END, body_digest
FROM unnest(%b, %b, %b, %b, %b, %b)
    AS new (scope, webhook_id, received_at, complete, done, body_digest)
ON CONFLICT (scope) DO UPDATE SET (webhook_id, received_at, complete, done, body_digest) =
    (excluded.webhook_id, excluded.received_at, excluded.complete, excluded.done, excluded.body_digest)
"""
SELECT = (
    "SELECT scope, webhook_id, received_at, complete, done, body_digest FROM {schema}.precedents WHERE scope = ANY(%b)"
)
TYPES = "bytea text timestamptz boolean text text"


def digest(scope: Scope) -> bytes:
    """A digest of the scope's parts as a JSON list, so that ("ab", "c") is not ("a", "bc")."""
    return hashlib.sha256(orjson.dumps(scope)).digest()


def scope_of(entry: Entry) -> Scope | None:
    """The scope that an evaluation was in; None where it had no key or no type."""
    decided, processed = entry.decision(webhooks.IdempotencyDecided), entry.decision(webhooks.WebhookProcessed)
    if decided is None or decided.key is None or processed is None or processed.event_type is None:
        return None
    return processed.source, processed.environment, processed.event_type, decided.key


class Precedents:
    """See the module."""

    name = "precedents"
    tables = ("precedents",)

    def __init__(self, schema: str) -> None:
        self._upsert, self._select = (SQL(query).format(schema=Identifier(schema)) for query in (UPSERT, SELECT))
        self._rows: dict[bytes, tuple[Any, ...]] = {}

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        key = scope_of(entry)
        processed = entry.decision(webhooks.WebhookProcessed)
        if key is None or processed is None:
            return
        events: Any = [each.event for each in entry.decisions]
        webhook_id = webhooks.id_of(entry.stream)
        precedent = idempotency.precedent_of(webhook_id, processed.received_at, events)
        if precedent is not None:
            scope = digest(key)
            self._rows[scope] = (
                scope,
                webhook_id,
                precedent.received_at,
                precedent.complete,
                " ".join(precedent.done),
                precedent.body_digest,
            )

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            bulk.execute(cursor, self._upsert, TYPES, list(self._rows.values()))
        self._rows = {}

    def find(self, cursor: Cursor[Any], scopes: Sequence[Scope]) -> dict[Scope, Precedent]:
        """The precedents of those scopes that have one."""
        by_digest = {digest(scope): scope for scope in scopes}
        if not by_digest:
            return {}
        rows = bulk.execute(cursor, self._select, "bytea", [(scope,) for scope in by_digest]).fetchall()
        return {
            by_digest[bytes(scope)]: Precedent(
                webhook_id=webhook_id,
                received_at=received_at,
                complete=complete,
                done=tuple(done),
                body_digest=body_digest,
            )
            for scope, webhook_id, received_at, complete, done, body_digest in rows
        }
