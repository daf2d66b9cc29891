"""Which streams concern a subject, as far as the read models know; and those that belong to streams once found."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, LiteralString

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import bulk_operations, forwards, recipients, runs, webhooks
from domain.actions.outcomes import Reference
from domain.erasures import Subject
from domain.json_values import LISTS, OBJECTS, Json
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import AppendByFunction

CHUNK = 200
"""How many histories or events are read at once: their payloads come along."""

CHANGES: LiteralString = """
SELECT DISTINCT stream FROM {schema}.entity_changes WHERE environment = %s AND collection = %s AND id = %s
"""
RUNS: LiteralString = """
SELECT id, event_log_id FROM {schema}.runs WHERE environment = %(environment)s AND (
    (recipient_collection, recipient_id) = (%(collection)s, %(id)s) OR tenant = %(tenant)s
    OR (actor ->> 'collection', actor ->> 'id') = (%(collection)s, %(id)s))
"""
# What names an entity and is no change of its own: cancellations, relations seen from their other end, failures.
ACTIONS: LiteralString = """
SELECT stream, version FROM {schema}.action_logs
WHERE environment = %s AND (action_status <> 'success' OR action_type = ANY(%s)) AND (stream, version) > (%s, %s)
ORDER BY stream, version LIMIT %s
"""
BULK: LiteralString = """
SELECT originator_id FROM {schema}.{events} WHERE originator_id > %s AND originator_id < 'bulk.'
ORDER BY originator_id LIMIT %s
"""
# Deliveries of one thing: what repeats a webhook, and what it repeats.
SAME: LiteralString = """
SELECT id FROM {schema}.event_logs WHERE environment = %(environment)s AND original_id = ANY(%(ids)s)
UNION SELECT original_id FROM {schema}.event_logs WHERE id = ANY(%(ids)s) AND original_id IS NOT NULL
"""
TRIGGERED: LiteralString = """
SELECT r.id FROM unnest(%s::text[]) AS webhook (id) JOIN {schema}.runs r
ON r.environment = %s AND r.position_key > webhook.id || '/' AND r.position_key < webhook.id || '0'
"""
FORWARDED: LiteralString = "SELECT id FROM {schema}.forwards WHERE event_log_id = ANY(%s)"
# Of a cancellation that nobody can read any more, a rebuild would not know which runs are to end.
CANCELLED: LiteralString = "SELECT run_id FROM {schema}.run_schedule WHERE cancelled_by = ANY(%s)"

ALWAYS = ["workflows_cancel"]
OF_OTHERS = [
    "objects_subscribe",
    "objects_unsubscribe",
    "audiences_add_member",
    "audiences_remove_member",
    "workflows_trigger",
]
"""Actions that are about users, and may name an object or a tenant beside: to follow it, or to reach its followers."""


class Finder:
    """Asks in the transaction of a cursor, and the log itself for payloads."""

    def __init__(self, cursor: Cursor[Any], recorder: AppendByFunction, ledger: PostgresLedger) -> None:
        self._cursor, self._ledger = cursor, ledger
        self._names = {
            "schema": Identifier(recorder.datastore.schema),
            "events": Identifier(recorder.events_table_name),
        }

    def concerning(self, environment: str, subject: Subject) -> set[str]:
        """The streams that concern a subject by themselves."""
        collection, entity_id = place = subject.place
        found = {stream for (stream,) in self._rows(CHANGES, (environment, *place))}
        tenant = entity_id if subject.kind == "tenant" else None
        wanted = {"environment": environment, "collection": collection, "id": entity_id, "tenant": tenant}
        for run_id, webhook_id in self._rows(RUNS, wanted):
            found |= {runs.stream(run_id), webhooks.stream(webhook_id)}
        return found | set(self._naming(environment, subject)) | set(self._listing(environment, subject))

    def belonging(self, environment: str, found: set[str]) -> set[str]:
        """What these streams bring with them: deliveries of the same thing, and every run that their webhooks began."""
        ids = {webhooks.id_of(each) for each in found if each.startswith("webhook-")}
        more = ids
        while more:
            more = {each for (each,) in self._rows(SAME, {"environment": environment, "ids": list(more)})} - ids
            ids |= more
        return found | self.begun(environment, {webhooks.stream(each) for each in ids})

    def begun(self, environment: str, found: set[str]) -> set[str]:
        """These streams, and every run and forward that webhooks among them began, or are just about to cancel."""
        ids = [webhooks.id_of(each) for each in found if each.startswith("webhook-")]
        rows = (*self._rows(TRIGGERED, (ids, environment)), *self._rows(CANCELLED, (ids,)))
        forwarded = {forwards.stream(each) for (each,) in self._rows(FORWARDED, (ids,))}
        return found | forwarded | {runs.stream(run_id) for (run_id,) in rows}

    def _naming(self, environment: str, subject: Subject) -> Iterator[str]:
        """Actions that name the subject, among those that changed nothing of its own."""
        types = ALWAYS if subject.kind == "user" else [*ALWAYS, *OF_OTHERS]
        reference, after = recipients.entity(*subject.place), ("", 0)
        while places := self._rows(ACTIONS, (environment, types, *after, CHUNK)):
            for recorded in self._ledger.events(places):
                event = recorded.event
                assert isinstance(event, webhooks.ActionOutcome)
                if names(event.action_type, event.payload, reference):
                    yield recorded.stream
            after = places[-1]

    def _listing(self, environment: str, subject: Subject) -> Iterator[str]:
        """Bulk operations with an item that is the subject."""
        after = "bulk-"
        while found := [stream for (stream,) in self._rows(BULK, (after, CHUNK))]:
            for history in self._ledger.histories(found).values():
                started = history[0].event
                assert isinstance(started, bulk_operations.BulkOperationStarted)
                if started.environment == environment and _lists(started, subject):
                    yield history[0].stream
            after = found[-1]

    def _rows(self, query: LiteralString, params: Any) -> list[Any]:
        return self._cursor.execute(SQL(query).format(**self._names), params).fetchall()


def _lists(started: bulk_operations.BulkOperationStarted, subject: Subject) -> bool:
    collection = subject.collection if subject.kind == "object" else None
    kind = {"user": "users", "tenant": "tenants"}.get(subject.kind, "objects")
    return started.name.startswith(kind) and any(
        item.id == subject.id and item.collection == collection for item in started.items
    )


def names(action_type: str, payload: Json, reference: Reference) -> bool:
    """Whether a payload names an entity: as what the action is about, or anywhere as a recipient or member."""
    kind = action_type.partition("_")[0]
    if isinstance(payload, OBJECTS) and kind in ("users", "objects", "tenants"):
        collection = {"users": recipients.USERS, "tenants": recipients.TENANTS}.get(kind) or payload.get("collection")
        about = {"collection": collection, "id": payload.get("id", payload.get("object_id"))}
        if _is(about, reference):
            return True
    return _within(payload, reference)


def _within(value: Json, reference: Reference) -> bool:
    if isinstance(value, OBJECTS):
        return _is(value, reference) or any(_within(each, reference) for each in value.values())
    return isinstance(value, LISTS) and any(_within(each, reference) for each in value)


def _is(value: Any, reference: Reference) -> bool:
    """Whether an object refers to an entity in one of the ways in which payloads do."""
    collection, entity_id = recipients.place(reference)
    return (
        (value.get("collection"), value.get("id")) == (collection, entity_id)
        or (collection == recipients.USERS and value.get("user_id") == entity_id)
        or (collection == recipients.TENANTS and value.get("tenant") == entity_id)
    )


def pages(streams: Iterable[str]) -> Iterator[Sequence[str]]:
    """The streams, in order, so many at once as may be read together."""
    ordered = sorted(streams)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
