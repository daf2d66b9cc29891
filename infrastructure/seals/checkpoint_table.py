"""The Checkpoints port: a table beside the log, whose rows are written once."""

import struct
from collections.abc import Sequence
from typing import Any, LiteralString

from eventsourcing.persistence import IntegrityError, InterfaceError, OperationalError
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from application.errors import Conflict, Unavailable
from application.seals import Publication, Sealed
from domain.checkpoints import Checkpoint
from infrastructure.event_store.recorder import AppendByFunction

FIELDS: LiteralString = "number, position, events, head, previous, at, key_id, back_to, signature"
SELECT: LiteralString = f"SELECT {FIELDS} FROM {{schema}}.checkpoints"
IN_FORCE: LiteralString = (
    " AND NOT EXISTS (SELECT FROM {schema}.checkpoints r WHERE r.back_to IS NOT NULL"
    " AND r.back_to < c.number AND c.number < r.number)"
)
LAST: LiteralString = SELECT + " ORDER BY number DESC LIMIT 1"
NUMBERED: LiteralString = SELECT + " WHERE number = %s"
AFTER: LiteralString = SELECT + " WHERE number > %s ORDER BY number LIMIT %s"
RESTORES: LiteralString = SELECT + " WHERE back_to IS NOT NULL ORDER BY number"
BEFORE: LiteralString = SELECT + " c WHERE position < %s" + IN_FORCE + " ORDER BY position DESC, number DESC LIMIT 1"
COVERING: LiteralString = SELECT + " c WHERE position >= %s" + IN_FORCE + " ORDER BY position, number LIMIT 1"
LEAVES: LiteralString = f"SELECT {FIELDS}, positions, leaves FROM {{schema}}.checkpoints WHERE number = %s"
ADD: LiteralString = (
    f"INSERT INTO {{schema}}.checkpoints ({FIELDS}, positions, leaves)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
PUBLISHED: LiteralString = "SELECT place, number, error, at FROM {schema}.checkpoint_publications ORDER BY place"
NOTE: LiteralString = (
    "INSERT INTO {schema}.checkpoint_publications AS p (place, number, error, at)"
    " VALUES (%s, %s, %s, clock_timestamp()) ON CONFLICT (place) DO UPDATE"
    " SET number = greatest(p.number, excluded.number), error = excluded.error, at = excluded.at"
)


class PostgresCheckpoints:
    """See the port."""

    def __init__(self, recorder: AppendByFunction) -> None:
        self._datastore = recorder.datastore

    def last(self) -> Checkpoint | None:
        """See the port."""
        return self._one(LAST)

    def numbered(self, number: int) -> Checkpoint | None:
        """See the port."""
        return self._one(NUMBERED, number)

    def after(self, number: int, limit: int) -> Sequence[Checkpoint]:
        """See the port."""
        return [Checkpoint(**row) for row in self._run(AFTER, number, limit)]

    def restores(self) -> Sequence[Checkpoint]:
        """See the port."""
        return [Checkpoint(**row) for row in self._run(RESTORES)]

    def before(self, position: int) -> Checkpoint | None:
        """See the port."""
        return self._one(BEFORE, position)

    def covering(self, position: int) -> Checkpoint | None:
        """See the port."""
        return self._one(COVERING, position)

    def sealed(self, number: int) -> Sealed | None:
        """See the port."""
        for row in self._run(LEAVES, number):
            positions, leaves = row.pop("positions"), row.pop("leaves")
            if len(positions) == 8 * (len(leaves) // 32):
                return Sealed(checkpoint=Checkpoint(**row), positions=_unpacked(positions), leaves=_cut(leaves))
        return None

    def add(self, sealed: Sealed) -> None:
        """See the port."""
        each = sealed.checkpoint
        numbers, ends = (each.number, each.position, each.events), (each.head, each.previous, each.at)
        positions = struct.pack(f">{len(sealed.positions)}q", *sealed.positions)
        signed = (each.key_id, each.back_to, each.signature)
        self._run(ADD, *numbers, *ends, *signed, positions, b"".join(sealed.leaves))

    def published(self) -> Sequence[Publication]:
        """See the port."""
        return [Publication(**row) for row in self._run(PUBLISHED)]

    def note(self, place: str, number: int, error: str | None) -> None:
        """See the port."""
        self._run(NOTE, place, number, error)

    def _one(self, query: LiteralString, *params: object) -> Checkpoint | None:
        rows = self._run(query, *params)
        return Checkpoint(**rows[0]) if rows else None

    def _run(self, query: LiteralString, *params: object) -> list[dict[str, Any]]:
        statement = SQL(query).format(schema=Identifier(self._datastore.schema))
        try:
            with self._datastore.get_connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else []
        except IntegrityError as error:
            raise Conflict("another process has written this checkpoint") from error
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the database cannot be reached") from error


def _unpacked(positions: bytes) -> Sequence[int]:
    return struct.unpack(f">{len(positions) // 8}q", positions)


def _cut(leaves: bytes) -> Sequence[bytes]:
    return [leaves[begin : begin + 32] for begin in range(0, len(leaves), 32)]
