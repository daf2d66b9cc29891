"""What the read models must forget: rows that a rebuild could not make any more, columns that it would leave empty."""

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import recipients, webhooks
from domain.idempotency import Scope
from infrastructure import bulk
from infrastructure.erasing.losses import Losses, evaluations
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.projections import precedents

KEYS: LiteralString = "DELETE FROM {schema}.data_keys WHERE stream = ANY(%s) RETURNING stream"
LOGS: LiteralString = """
UPDATE {schema}.event_logs SET idempotency_key = left_over.key, error = left_over.error
FROM unnest(%b, %b, %b) AS left_over (id, key, error) WHERE event_logs.id = left_over.id
"""
CHANGES: LiteralString = """
DELETE FROM {schema}.entity_changes c USING unnest(%b, %b, %b, %b, %b, %b) AS gone (a, b, c, d, e, f)
WHERE (c.environment, c.collection, c.id, c.recorded_at, c.stream, c.version) = (a, b, gone.c, d, e, f)
"""
RUNS: LiteralString = "DELETE FROM {schema}.runs WHERE id = ANY(%s)"
SCHEDULE: LiteralString = "DELETE FROM {schema}.run_schedule WHERE run_id = ANY(%s)"
WORDS: LiteralString = "DELETE FROM {schema}.payload_words WHERE stream = ANY(%s)"
PARKED: LiteralString = "UPDATE {schema}.parked SET error = 'erased' WHERE stream = ANY(%s)"
# A replay that found a difference keeps what it was about; whoever asks is told why there is nothing left of it.
REPLAYED: LiteralString = """
UPDATE {schema}.replay_results SET kinds = ' not_evaluable ', due = '', carried = '', releases = false,
    changes = '[{{"kind": "not_evaluable", "before": null, "after": {{"reason": "payload_erased"}}}}]'
WHERE webhook_id = ANY(%s)
"""
PRECEDENTS: LiteralString = """
DELETE FROM {schema}.precedents p USING unnest(%b, %b) AS gone (scope, webhook_id)
WHERE (p.scope, p.webhook_id) = (gone.scope, gone.webhook_id)
"""
# An earlier delivery under the same key, of which the one that goes was no repetition: its window had ended.
EARLIER: LiteralString = """
SELECT id FROM {schema}.event_logs
WHERE source = %s AND environment = %s AND event_type = %s AND idempotency_key = %s AND idempotency_outcome = 'executed'
ORDER BY position
"""
FORWARDS: LiteralString = """
UPDATE {schema}.forwards SET error = ('{{"code":' || to_json(error ->> 'code')::text || ',"message":""}}')::json
WHERE id = ANY(%s) AND error IS NOT NULL
"""
APPLIED: LiteralString = "DELETE FROM {schema}.applied WHERE (environment, collection, id) = (%s, %s, %s)"
ENTITY: LiteralString = "DELETE FROM {schema}.entities WHERE (environment, collection, id) = (%s, %s, %s)"
SUBSCRIPTIONS: LiteralString = """
DELETE FROM {schema}.subscriptions WHERE environment = %s
AND ((collection, object_id) = (%s, %s) OR (recipient_collection, recipient_id) = (%s, %s))
"""
MEMBERSHIPS: LiteralString = "DELETE FROM {schema}.audience_members WHERE environment = %s AND "
MEMBER: LiteralString = MEMBERSHIPS + "user_id = %s"
TENANT: LiteralString = MEMBERSHIPS + "tenant = %s"


class ReadModels:
    """Writes in the transaction of a cursor."""

    def __init__(self, cursor: Cursor[Any], schema: str) -> None:
        self._cursor, self._schema = cursor, schema

    def destroy_keys(self, streams: Sequence[str]) -> set[str]:
        """Destroy the keys of streams; those that had one."""
        return {stream for (stream,) in self._run(KEYS, (list(streams),)).fetchall()}

    def forget(self, streams: Iterable[str], losses: Losses, ledger: PostgresLedger) -> None:
        """Bring the read models to what a rebuild would make of streams whose keys are destroyed."""
        names = sorted(streams)
        begun, forwarded, received = (
            [each.removeprefix(category) for each in names if each.startswith(category)]
            for category in ("run-", "forward-", "webhook-")
        )
        for query, given in (
            (RUNS, begun),
            (SCHEDULE, begun),
            (FORWARDS, forwarded),
            (PARKED, names),
            (WORDS, names),
            (REPLAYED, received),
        ):
            self._run(query, (given,))
        self._bulk(LOGS, "text text json", losses.logs)
        self._bulk(CHANGES, "text text text timestamptz text bigint", [row[:6] for row in losses.changes])
        scopes = [(precedents.digest(scope), webhook_id) for scope, webhook_id in losses.scopes]
        self._bulk(PRECEDENTS, "bytea text", scopes)
        for scope in {scope for scope, _ in losses.scopes}:
            self._restore_precedent(scope, ledger)

    def forget_entity(self, environment: str, place: tuple[str, str]) -> None:
        """Remove a user, object or tenant with all its relations."""
        for query in (ENTITY, APPLIED):
            self._run(query, (environment, *place))
        self._run(SUBSCRIPTIONS, (environment, *place, *place))
        kind = {recipients.USERS: MEMBER, recipients.TENANTS: TENANT}.get(place[0])
        if kind is not None:
            self._run(kind, (environment, place[1]))

    def _restore_precedent(self, scope: Scope, ledger: PostgresLedger) -> None:
        left = [webhooks.stream(webhook_id) for (webhook_id,) in self._run(EARLIER, scope).fetchall()]
        histories, projection = ledger.histories(left), precedents.Precedents(self._schema)
        for stream in left:
            for entry in evaluations(histories[stream]):
                projection.fold(entry)
        projection.write(self._cursor)

    def _run(self, query: LiteralString, params: Sequence[Any]) -> Cursor[Any]:
        return self._cursor.execute(SQL(query).format(schema=Identifier(self._schema)), params)

    def _bulk(self, query: LiteralString, types: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            bulk.execute(self._cursor, SQL(query).format(schema=Identifier(self._schema)), types, rows)
