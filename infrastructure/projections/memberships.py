"""The directory's relations: who follows which object, who is in which audience. The last word of a batch counts."""

from datetime import datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composed, Identifier

from domain import audiences, directory, recipients, restatements
from infrastructure import bulk
from infrastructure.event_store.codec import dumps

PUT_SUBSCRIPTIONS = """
INSERT INTO {schema}.subscriptions AS s
    (environment, collection, object_id, recipient_collection, recipient_id, properties, inserted_at, updated_at)
SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b)
ON CONFLICT (environment, collection, object_id, recipient_collection, recipient_id)
DO UPDATE SET properties = excluded.properties, updated_at = excluded.updated_at
"""
DROP_SUBSCRIPTIONS = """
DELETE FROM {schema}.subscriptions s USING unnest(%b, %b, %b, %b, %b)
    AS gone (environment, collection, object_id, recipient_collection, recipient_id)
WHERE (s.environment, s.collection, s.object_id, s.recipient_collection, s.recipient_id) =
    (gone.environment, gone.collection, gone.object_id, gone.recipient_collection, gone.recipient_id)
"""
FORGET_SUBSCRIPTIONS = """
DELETE FROM {schema}.subscriptions s USING unnest(%b, %b, %b) AS gone (environment, c, i)
WHERE s.environment = gone.environment AND
    ((s.collection, s.object_id) = (gone.c, gone.i) OR (s.recipient_collection, s.recipient_id) = (gone.c, gone.i))
"""
PUT_MEMBERS = """
INSERT INTO {schema}.audience_members (environment, audience, user_id, tenant, added_at)
SELECT * FROM unnest(%b, %b, %b, %b, %b)
ON CONFLICT DO NOTHING
"""
DROP_MEMBERS = """
DELETE FROM {schema}.audience_members m USING unnest(%b, %b, %b, %b)
    AS gone (environment, audience, user_id, tenant)
WHERE (m.environment, m.audience, m.user_id, m.tenant) = (gone.environment, gone.audience, gone.user_id, gone.tenant)
"""
PUT_AUDIENCES = """
INSERT INTO {schema}.audiences (environment, key, name, description, created_at, updated_at)
SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)
ON CONFLICT (environment, key) DO UPDATE SET
    name = excluded.name, description = excluded.description, updated_at = excluded.updated_at
"""
RESTATE_AUDIENCES = PUT_AUDIENCES + ", created_at = excluded.created_at"
FORGET_FOLLOWED = """
DELETE FROM {schema}.subscriptions s USING unnest(%b, %b, %b) AS gone (environment, c, i)
WHERE s.environment = gone.environment AND (s.recipient_collection, s.recipient_id) = (gone.c, gone.i)
"""
FORGET_FOLLOWERS = """
DELETE FROM {schema}.subscriptions s USING unnest(%b, %b, %b) AS gone (environment, c, i)
WHERE s.environment = gone.environment AND (s.collection, s.object_id) = (gone.c, gone.i)
"""
FORGET_MEMBER = """
DELETE FROM {schema}.audience_members m USING unnest(%b, %b) AS gone (environment, i)
WHERE (m.environment, m.user_id) = (gone.environment, gone.i)
"""

Row = tuple[Any, ...]
Step = tuple[Composed, str]
Followed = directory.Subscribed | directory.Unsubscribed


class Memberships:
    """Gathers effects in the order of the log and writes runs of like ones together."""

    def __init__(self, schema: str) -> None:
        def query(text: str) -> Composed:
            return SQL(text).format(schema=Identifier(schema))

        self._put_subscription = query(PUT_SUBSCRIPTIONS), "text text text text text json timestamptz timestamptz"
        self._drop_subscription = query(DROP_SUBSCRIPTIONS), "text text text text text"
        self._put_member = query(PUT_MEMBERS), "text text text text timestamptz"
        self._drop_member = query(DROP_MEMBERS), "text text text text"
        self._forget = query(FORGET_SUBSCRIPTIONS), "text text text"
        self._put_audience = query(PUT_AUDIENCES), "text text text text timestamptz timestamptz"
        self._restate_audience = query(RESTATE_AUDIENCES), "text text text text timestamptz timestamptz"
        self._forget_followed = query(FORGET_FOLLOWED), "text text text"
        self._forget_followers = query(FORGET_FOLLOWERS), "text text text"
        self._forget_member = query(FORGET_MEMBER), "text text"
        self._steps: list[tuple[Step, dict[Row, Row]]] = []

    def define(self, event: audiences.Event) -> None:
        """An audience was defined or described."""
        at = event.defined_at if isinstance(event, audiences.AudienceDefined) else event.described_at
        key = (event.environment, event.key)
        self._add(self._put_audience, key, (*key, event.name, event.description, at, at))

    def forget(self, entity: tuple[str, str, str]) -> None:
        """An entity is gone: nobody follows it, and it follows nothing."""
        self._add(self._forget, entity, entity)

    def take(self, environment: str, effect: directory.Effect, at: datetime) -> None:
        """Take in an effect on subscriptions, members or audiences."""
        match effect:
            case directory.Subscribed():
                key = _subscription(environment, effect)
                self._add(self._put_subscription, key, (*key, dumps(effect.properties).decode(), at, at))
            case directory.Unsubscribed():
                key = _subscription(environment, effect)
                self._add(self._drop_subscription, key, key)
            case directory.AudienceCreated():
                key = (environment, effect.key)
                self._add(self._put_audience, key, (*key, effect.key, None, at, at))
            case directory.MemberAdded():
                key = (environment, effect.audience, effect.user_id, effect.tenant or "")
                self._add(self._put_member, key, (*key, at))
            case directory.MemberRemoved():
                key = (environment, effect.audience, effect.user_id, effect.tenant or "")
                self._add(self._drop_member, key, key)
            case _:
                raise TypeError(f"{type(effect).__name__} is about an entity, not about a membership")

    def restate_audience(self, event: restatements.AudienceRestated) -> None:
        """An audience is as restated, whenever it was created."""
        key = (event.environment, event.key)
        row = (*key, event.name, event.description, event.created_at, event.updated_at)
        self._add(self._restate_audience, key, row)

    def restate(self, event: restatements.EntityRestated) -> None:
        """An entity has these relations and no others."""
        environment, place = event.environment, (event.collection, event.id)
        entity = (environment, *place)
        self._add(self._forget_followed, entity, entity)
        if event.whole:
            self._add(self._forget_followers, entity, entity)
        if event.collection == recipients.USERS:
            self._add(self._forget_member, (environment, event.id), (environment, event.id))
        for each in event.following:
            self._put_back((environment, each.collection, each.id, *place), each)
        for each in event.followers:
            self._put_back((environment, *place, each.collection, each.id), each)
        for membership in event.memberships:
            key = (environment, membership.audience, event.id, membership.tenant)
            self._add(self._put_member, key, (*key, membership.added_at))

    def _put_back(self, key: Row, each: restatements.Followed) -> None:
        row = (*key, dumps(each.properties).decode(), each.inserted_at, each.updated_at)
        self._add(self._put_subscription, key, row)

    def _add(self, step: Step, key: Row, row: Row) -> None:
        if not self._steps or self._steps[-1][0] is not step:
            self._steps.append((step, {}))
        rows = self._steps[-1][1]
        before = rows.get(key, row)
        # The first addition of a member is the one that counts; what is put again keeps the time of its insertion.
        rows[key] = before if step is self._put_member else (*row[:-2], before[-2], row[-1])

    def write(self, cursor: Cursor[Any]) -> None:
        """Write every step in order."""
        for (statement, types), rows in self._steps:
            bulk.execute(cursor, statement, types, list(rows.values()))
        self._steps = []


def _subscription(environment: str, effect: Followed) -> Row:
    return (environment, *recipients.place(effect.followed), *recipients.place(effect.follower))
