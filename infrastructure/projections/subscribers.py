"""Who follows an object, and who follows those followers that are objects: one statement for each level and batch."""

from collections.abc import Iterable
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier, Literal

from domain import recipients
from domain.actions.outcomes import Reference
from domain.subscribers import KIND, MOST_AT_ONCE, TOO_MANY, may_be_followed
from infrastructure import bulk

FOLLOWERS = """
SELECT wanted.environment, wanted.collection, wanted.object_id, s.recipient_collection, s.recipient_id, e.id IS NOT NULL
FROM unnest(%b, %b, %b) AS wanted (environment, collection, object_id)
JOIN {schema}.subscriptions s USING (environment, collection, object_id)
LEFT JOIN {schema}.entities e
    ON (e.environment, e.collection, e.id) = (s.environment, s.recipient_collection, s.recipient_id)
LIMIT {limit}
"""

Key = tuple[str, str, str]
"""Environment, collection and id of an object."""

Follower = tuple[str, str, str, str, str, bool]
"""The key of an object, collection and id of who follows it, and whether that one is in the directory."""


class Subscribers:
    """See the module."""

    def __init__(self, schema: str) -> None:
        self._followers = SQL(FOLLOWERS).format(schema=Identifier(schema), limit=Literal(MOST_AT_ONCE + 1))

    def find(self, cursor: Cursor[Any], wanted: Iterable[Key]) -> dict[tuple[str, Reference], object]:
        """The facts that going through the subscribers of these objects asks for; that they are too many to be told."""
        asked = dict.fromkeys(wanted)
        rows = self._read(cursor, asked)
        nested = {key: None for row in rows if may_be_followed(_who(row)) and (key := (row[0], *row[3:5])) not in asked}
        if len(rows) <= MOST_AT_ONCE:
            rows += self._read(cursor, nested)
        if len(rows) > MOST_AT_ONCE:
            return {(environment, (KIND, *followed)): TOO_MANY for environment, *followed in asked}
        return _facts(rows)

    def _read(self, cursor: Cursor[Any], keys: Iterable[Key]) -> list[Follower]:
        rows = list(keys)
        return bulk.execute(cursor, self._followers, "text text text", rows).fetchall() if rows else []


def _facts(rows: Iterable[Follower]) -> dict[tuple[str, Reference], object]:
    followers: dict[tuple[str, Reference], set[Reference]] = {}
    facts: dict[tuple[str, Reference], object] = {}
    for row in rows:
        environment, collection, object_id, *_, there = row
        followers.setdefault((environment, (KIND, collection, object_id)), set()).add(_who(row))
        if there:
            facts[environment, _who(row)] = True
    return facts | {name: frozenset(found) for name, found in followers.items()}


def _who(row: Follower) -> Reference:
    return recipients.entity(row[3], row[4])
