"""The directory: users, objects and tenants (one table of entities), subscriptions, audiences and their members.

Entities are merged here, in memory, because PostgreSQL has no deep merge: the batch's entities are read, the effects
applied in order, and what changed is written.
"""

from datetime import datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import audiences, directory, merging, recipients, restatements
from domain.actions.outcomes import Reference
from infrastructure import bulk
from infrastructure.event_store.codec import dumps, loads
from infrastructure.projections import memberships
from infrastructure.projections.entries import Entry

READ = """
SELECT e.environment, e.collection, e.id, e.properties::text, e.created_at, e.updated_at FROM {schema}.entities e
JOIN unnest(%b, %b, %b) AS wanted (environment, collection, id)
USING (environment, collection, id)
"""
UPSERT = """
INSERT INTO {schema}.entities AS e (environment, collection, id, properties, created_at, updated_at)
SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)
ON CONFLICT (environment, collection, id) DO UPDATE SET
    properties = excluded.properties, created_at = excluded.created_at, updated_at = excluded.updated_at
"""
DELETE = """
DELETE FROM {schema}.entities e USING unnest(%b, %b, %b) AS gone (environment, collection, id)
WHERE (e.environment, e.collection, e.id) = (gone.environment, gone.collection, gone.id)
"""

Key = tuple[str, str, str]
"""Environment, collection and id of an entity; users are in the collection `$users`, tenants in `$tenants`."""


def key_of(environment: str, reference: Reference) -> Key:
    """The key of a reference to a user, tenant or object."""
    return environment, *recipients.place(reference)


Told = audiences.Event | restatements.Event
Effect = directory.Effect | Told


def _changed(effect: Effect) -> Reference | None:
    """The entity that an effect changes, None if it is about something else."""
    match effect:
        case directory.EntityMerged() | directory.EntityRemoved():
            return effect.reference
        case restatements.EntityRestated():
            return restatements.reference_of(effect)
        case _:
            return None


class _Entity:
    """An entity on its way through a batch."""

    def __init__(self, properties: dict[str, Any] | None, created_at: datetime | None) -> None:
        self.properties, self.created_at = properties, created_at
        self.updated_at: datetime | None = None

    def merge(self, properties: Any, at: datetime) -> None:
        merged = merging.merge(self.properties or {}, properties)
        if self.properties is None:
            self.created_at = at
        elif merged == self.properties and dumps(merged) == dumps(self.properties):
            return  # it says so already; in Python alone 1 would be equal to true
        self.properties, self.updated_at = merged, at

    def remove(self, at: datetime) -> None:
        self.properties, self.created_at, self.updated_at = None, None, at

    def restate(self, event: restatements.EntityRestated) -> None:
        self.remove(event.restated_at)
        if event.described:
            self.properties = dict(event.described.properties)
            self.created_at, self.updated_at = event.described.created_at, event.described.updated_at


class Directory:
    """See the module."""

    name = "directory"
    tables = ("entities", "subscriptions", "audience_members", "audiences")

    def __init__(self, schema: str) -> None:
        self._read, self._upsert, self._delete = (
            SQL(query).format(schema=Identifier(schema)) for query in (READ, UPSERT, DELETE)
        )
        self._memberships = memberships.Memberships(schema)
        self._effects: list[tuple[str, Effect, datetime]] = []

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        for _, action, effects in entry.effects:
            self._effects.extend((action.environment, effect, action.executed_at) for effect in effects)
        if entry.recorded is not None and isinstance(entry.recorded.event, Told) and not entry.recorded.erased:
            told = entry.recorded.event
            self._effects.append((told.environment, told, entry.recorded.recorded_at))

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        entities = self._present(cursor)
        for environment, effect, at in self._effects:
            if isinstance(effect, audiences.Event):
                self._memberships.define(effect)
            elif isinstance(effect, restatements.AudienceRestated):
                self._memberships.restate_audience(effect)
            elif isinstance(effect, restatements.EntityRestated):
                entities[environment, effect.collection, effect.id].restate(effect)
                self._memberships.restate(effect)
            elif isinstance(effect, directory.EntityMerged):
                entities[key_of(environment, effect.reference)].merge(effect.properties, at)
            elif isinstance(effect, directory.EntityRemoved):
                entities[key_of(environment, effect.reference)].remove(at)
                self._memberships.forget(key_of(environment, effect.reference))
            else:
                self._memberships.take(environment, effect, at)
        self._store(cursor, entities)
        self._memberships.write(cursor)
        self._effects = []

    def _present(self, cursor: Cursor[Any]) -> dict[Key, _Entity]:
        touched = {
            key_of(environment, reference): _Entity(None, None)
            for environment, effect, _ in self._effects
            if (reference := _changed(effect)) is not None
        }
        if touched:
            bulk.execute(cursor, self._read, "text text text", list(touched))
            for environment, collection, entity_id, properties, created_at, _ in cursor.fetchall():
                touched[environment, collection, entity_id] = _Entity(loads(properties.encode()), created_at)
        return touched

    def _store(self, cursor: Cursor[Any], entities: dict[Key, _Entity]) -> None:
        kept = [
            (*key, dumps(entity.properties).decode(), entity.created_at, entity.updated_at)
            for key, entity in entities.items()
            if entity.updated_at and entity.properties is not None
        ]
        gone = [key for key, entity in entities.items() if entity.updated_at and entity.properties is None]
        if kept:
            bulk.execute(cursor, self._upsert, "text text text json timestamptz timestamptz", kept)
        if gone:
            bulk.execute(cursor, self._delete, "text text text", gone)
