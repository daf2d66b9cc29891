"""The present state of entities and audiences as the directory has it, put into the events that restate it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString

import attrs
from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import recipients
from domain.actions.outcomes import Reference
from domain.restatements import AudienceRestated, Described, EntityRestated, Followed, Membership
from infrastructure.event_store.codec import loads

Place = tuple[str, str]

ENTITIES: LiteralString = """
SELECT e.collection, e.id, e.properties::text, e.created_at, e.updated_at FROM {schema}.entities e
JOIN unnest(%s::text[], %s::text[]) AS wanted (collection, id) USING (collection, id) WHERE e.environment = %s
"""
FOLLOWING: LiteralString = """
SELECT recipient_collection, recipient_id, s.collection, s.object_id, properties::text, inserted_at, updated_at
FROM {schema}.subscriptions s JOIN unnest(%s::text[], %s::text[]) AS wanted (c, i)
ON (s.recipient_collection, s.recipient_id) = (c, i) WHERE s.environment = %s ORDER BY s.collection, s.object_id
"""
FOLLOWERS: LiteralString = """
SELECT s.collection, s.object_id, recipient_collection, recipient_id, properties::text, inserted_at, updated_at
FROM {schema}.subscriptions s JOIN unnest(%s::text[], %s::text[]) AS wanted (c, i)
ON (s.collection, s.object_id) = (c, i) WHERE s.environment = %s ORDER BY recipient_collection, recipient_id
"""
MEMBERSHIPS: LiteralString = """
SELECT user_id, audience, tenant, added_at FROM {schema}.audience_members
WHERE environment = %s AND user_id = ANY(%s) ORDER BY audience, tenant
"""
APPLIED: LiteralString = """
SELECT a.collection, a.id, a.occurred_at FROM {schema}.applied a
JOIN unnest(%s::text[], %s::text[]) AS wanted (collection, id) USING (collection, id) WHERE a.environment = %s
"""
AUDIENCES: LiteralString = """
SELECT key, name, description, created_at, updated_at FROM {schema}.audiences
WHERE environment = %s AND key = ANY(%s) ORDER BY key
"""


@attrs.frozen(kw_only=True)
class Wanted:
    """What to restate, and on whose behalf. `but` is the subject that is to be forgotten: no restatement names it."""

    environment: str
    because: str
    at: datetime
    but: Place | None = None


class Present:
    """Reads in the transaction of a cursor."""

    def __init__(self, cursor: Cursor[Any], schema: str) -> None:
        self._cursor, self._schema = cursor, schema

    def entities(
        self, wanted: Wanted, entities: Iterable[Reference], removed: Iterable[Reference]
    ) -> list[EntityRestated]:
        """Each entity as it is, or that it is not there; of those that were removed once, with all that follow them."""
        places = sorted({recipients.place(each) for each in entities} - {wanted.but})
        of_removed = sorted({recipients.place(each) for each in removed} - {wanted.but})
        described = {place[:2]: _described(*place[2:]) for place in self._of(ENTITIES, wanted, places)}
        applied = {place[:2]: place[2] for place in self._of(APPLIED, wanted, places)}
        following = self._relations(FOLLOWING, wanted, places)
        followers = self._relations(FOLLOWERS, wanted, of_removed)
        memberships = self._memberships(wanted, [each for collection, each in places if collection == recipients.USERS])
        return [
            EntityRestated(
                environment=wanted.environment,
                because=wanted.because,
                restated_at=wanted.at,
                collection=place[0],
                id=place[1],
                described=described.get(place),
                following=following(place),
                whole=place in of_removed,
                followers=followers(place) if place in of_removed else (),
                memberships=tuple(memberships[place[1]]) if place[0] == recipients.USERS else (),
                applied_at=applied.get(place),
            )
            for place in places
        ]

    def audiences(self, wanted: Wanted, keys: Iterable[str]) -> list[AudienceRestated]:
        """Those of the audiences that are there."""
        rows = self._cursor.execute(self._query(AUDIENCES), (wanted.environment, sorted(keys))).fetchall()
        names = ("key", "name", "description", "created_at", "updated_at")
        return [AudienceRestated(environment=wanted.environment, **dict(zip(names, row, strict=True))) for row in rows]

    def _relations(
        self, query: LiteralString, wanted: Wanted, places: Sequence[Place]
    ) -> Callable[[Place], tuple[Followed, ...]]:
        found: dict[Place, list[Followed]] = defaultdict(list)
        for *ends, properties, inserted_at, updated_at in self._of(query, wanted, places):
            collection, entity_id = other = (ends[2], ends[3])
            if other != wanted.but:
                each = Followed(
                    collection=collection,
                    id=entity_id,
                    properties=loads(properties.encode()),
                    inserted_at=inserted_at,
                    updated_at=updated_at,
                )
                found[ends[0], ends[1]].append(each)
        return lambda place: tuple(found[place])

    def _memberships(self, wanted: Wanted, users: Sequence[str]) -> dict[str, list[Membership]]:
        found: dict[str, list[Membership]] = defaultdict(list)
        rows = self._cursor.execute(self._query(MEMBERSHIPS), (wanted.environment, users)).fetchall()
        for user_id, audience, tenant, added_at in rows:
            if (recipients.TENANTS, tenant) != wanted.but:
                found[user_id].append(Membership(audience=audience, tenant=tenant, added_at=added_at))
        return found

    def _of(self, query: LiteralString, wanted: Wanted, places: Sequence[Place]) -> list[Any]:
        collections, ids = [each for each, _ in places], [each for _, each in places]
        return self._cursor.execute(self._query(query), (collections, ids, wanted.environment)).fetchall()

    def _query(self, text: LiteralString) -> Any:
        return SQL(text).format(schema=Identifier(self._schema))


def _described(properties: str, created_at: datetime, updated_at: datetime) -> Described:
    return Described(properties=loads(properties.encode()), created_at=created_at, updated_at=updated_at)
