"""The Directory port: users, objects, tenants, subscriptions, audiences and runs, always within one environment."""

from collections.abc import Sequence
from typing import Any, LiteralString

from application.queries import Entry, Page, PageRequest
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.views.reading import Reader, Row

ENTITIES: LiteralString = "SELECT id, collection, properties, created_at, updated_at FROM {schema}.entities"
SUBSCRIPTIONS: LiteralString = """
SELECT * FROM (
    SELECT s.*, o.properties AS object_properties, o.created_at AS object_created_at,
        o.updated_at AS object_updated_at, r.properties AS recipient_properties,
        r.created_at AS recipient_created_at, r.updated_at AS recipient_updated_at
    FROM {schema}.subscriptions s
    LEFT JOIN {schema}.entities o ON (o.environment, o.collection, o.id) = (s.environment, s.collection, s.object_id)
    LEFT JOIN {schema}.entities r
        ON (r.environment, r.collection, r.id) = (s.environment, s.recipient_collection, s.recipient_id)
) AS subscription
"""
MEMBERS: LiteralString = """
SELECT * FROM (
    SELECT m.environment, m.audience, m.user_id, m.tenant, m.added_at, e.properties, e.created_at, e.updated_at
    FROM {schema}.audience_members m
    LEFT JOIN {schema}.entities e ON (e.environment, e.collection, e.id) = (m.environment, '$users', m.user_id)
) AS member
"""
FOLLOWERS: LiteralString = (
    SUBSCRIPTIONS
    + """
JOIN unnest(%s::text[], %s::text[]) WITH ORDINALITY AS wanted (recipient_collection, recipient_id, place)
    USING (recipient_collection, recipient_id)
WHERE environment = %s AND collection = %s AND object_id = %s ORDER BY place
"""
)
MEMBERSHIPS: LiteralString = (
    "SELECT audience, tenant FROM {schema}.audience_members WHERE environment = %s AND user_id = %s"
    " ORDER BY audience, tenant"
)
# PostgreSQL refuses to read a text out of JSON that holds NUL anywhere, so that such tenants have no name to it.
NAMED: LiteralString = (
    r"CASE WHEN strpos(properties::text, '\u0000') = 0 THEN properties ->> 'name' = %s ELSE false END"
)
AUDIENCES: LiteralString = "SELECT * FROM {schema}.audiences WHERE environment = %s ORDER BY key"
AUDIENCE: LiteralString = "SELECT key FROM {schema}.audiences WHERE environment = %s AND key = %s"

SIDES: dict[str, tuple[LiteralString, LiteralString]] = {
    "object": ("collection = %s", "object_id = %s"),
    "recipient": ("recipient_collection = %s", "recipient_id = %s"),
}
FOLLOWING: tuple[LiteralString, ...] = ("collection", "object_id", "recipient_collection", "recipient_id")


class PostgresDirectory:
    """See the port."""

    def __init__(self, recorder: WorkerRecorder) -> None:
        self._reader = Reader(recorder)

    def entity(self, environment: str, collection: str, entity_id: str) -> Entry | None:
        """See the port."""
        conditions: list[tuple[LiteralString, Any]] = [("id = %s", entity_id)]
        page = self._entities(environment, collection, conditions, PageRequest(size=1))
        return page.entries[0] if page.entries else None

    def entities(
        self,
        environment: str,
        collection: str,
        page: PageRequest,
        *,
        entity_id: str | None = None,
        name: str | None = None,
    ) -> Page:
        """See the port."""
        conditions: list[tuple[LiteralString, Any]] = []
        if entity_id is not None:
            conditions.append(("id = %s", entity_id))
        if name is not None:
            conditions.append((NAMED, name))
        return self._entities(environment, collection, conditions, page)

    def _entities(
        self, environment: str, collection: str, more: list[tuple[LiteralString, Any]], page: PageRequest
    ) -> Page:
        conditions: list[tuple[LiteralString, Any]] = [
            ("environment = %s", environment),
            ("collection = %s", collection),
            *more,
        ]
        return self._reader.page(ENTITIES, conditions, key=("id",), request=page, shape=dict, descending=False)

    def subscriptions(self, environment: str, collection: str, entity_id: str, *, mode: str, page: PageRequest) -> Page:
        """See the port."""
        by_collection, by_id = SIDES[mode]
        conditions: list[tuple[LiteralString, Any]] = [
            ("environment = %s", environment),
            (by_collection, collection),
            (by_id, entity_id),
        ]
        return self._reader.page(
            SUBSCRIPTIONS, conditions, key=FOLLOWING, request=page, shape=_subscription, descending=False
        )

    def following(
        self, environment: str, collection: str, object_id: str, recipients: Sequence[tuple[str, str]]
    ) -> Sequence[Entry]:
        """See the port."""
        groups, ids = [group for group, _ in recipients], [entity_id for _, entity_id in recipients]
        rows = self._reader.rows(FOLLOWERS, (groups, ids, environment, collection, object_id))
        return [_subscription(row) for row in rows]

    def memberships(self, environment: str, user_id: str) -> Sequence[tuple[str, str | None]]:
        """See the port."""
        rows = self._reader.rows(MEMBERSHIPS, (environment, user_id))
        return [(row["audience"], row["tenant"] or None) for row in rows]

    def members(self, environment: str, audience: str, page: PageRequest) -> Page | None:
        """See the port."""
        if not self._reader.rows(AUDIENCE, (environment, audience)):
            return None
        conditions: list[tuple[LiteralString, Any]] = [("environment = %s", environment), ("audience = %s", audience)]
        return self._reader.page(
            MEMBERS, conditions, key=("user_id", "tenant"), request=page, shape=_member, descending=False
        )

    def audiences(self, environment: str) -> Sequence[Entry]:
        """See the port."""
        return self._reader.rows(AUDIENCES, (environment,))


def _subscription(row: Row) -> dict[str, Any]:
    return {
        "object": _entity(row, row["collection"], row["object_id"], "object_"),
        "recipient": _entity(row, row["recipient_collection"], row["recipient_id"], "recipient_"),
        "properties": row["properties"],
        "inserted_at": row["inserted_at"],
        "updated_at": row["updated_at"],
    }


def _entity(row: Row, collection: str, entity_id: str, prefix: str = "") -> dict[str, Any]:
    return {
        "id": entity_id,
        "collection": collection,
        "properties": row[f"{prefix}properties"] or {},
        "created_at": row[f"{prefix}created_at"],
        "updated_at": row[f"{prefix}updated_at"],
    }


def _member(row: Row) -> dict[str, Any]:
    """A member; one who is not identified has an empty user, as Knock's "missing user"."""
    return {
        "user_id": row["user_id"],
        "tenant": row["tenant"] or None,
        "added_at": row["added_at"],
        "user": _entity(row, "$users", row["user_id"]),
    }
