"""Running a query, and paging by key: a cursor holds the key of a row, so that pages stay put while rows arrive."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, LiteralString

import orjson
from eventsourcing.persistence import InterfaceError, OperationalError
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composable, Composed, Identifier

from application.errors import Unavailable
from application.queries import Page, PageRequest
from domain import errors
from infrastructure.event_store.recorder import AppendByFunction

Row = dict[str, Any]


class CursorInvalid(errors.Refused):
    """A cursor that this API did not give out."""


class Reader:
    """Runs queries on a recorder's pool. `{schema}` stands for the schema in every query."""

    def __init__(self, recorder: AppendByFunction) -> None:
        self._datastore = recorder.datastore

    def rows(self, query: LiteralString | SQL | Composed, params: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query, by column. Raises Unavailable when the database is away."""
        statement = self.composed(query) if isinstance(query, str) else query
        try:
            with self._datastore.get_connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(statement, params).fetchall()
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the database cannot be reached") from error

    def composed(self, query: LiteralString) -> Composed:
        """A query with the schema put in."""
        return SQL(query).format(schema=Identifier(self._datastore.schema))

    def page(
        self,
        query: LiteralString,
        conditions: Sequence[tuple[LiteralString, Any]],
        *,
        key: Sequence[str],
        request: PageRequest,
        shape: Callable[[Row], dict[str, Any]],
        descending: bool = True,
    ) -> Page:
        """A page of `query` under `conditions` (`column = %s` with its value), ordered by the columns of `key`."""
        clauses: list[Composable] = [SQL(clause) for clause, _ in conditions]
        params = [value for _, value in conditions]
        backwards = request.after is None and request.before is not None
        down = descending != backwards
        cursor = request.before if backwards else request.after
        if cursor is not None:
            columns = SQL(", ").join(map(Identifier, key))
            places = SQL(", ").join([SQL("%s")] * len(key))
            clauses.append(SQL("({}) {} ({})").format(columns, SQL("<" if down else ">"), places))
            params += decode(cursor, len(key))
        where = SQL(" WHERE ") + SQL(" AND ").join(clauses) if clauses else SQL("")
        turn = SQL(" DESC" if down else " ASC")
        order = SQL(" ORDER BY ") + SQL(", ").join(Identifier(column) + turn for column in key)
        found = self.rows(self.composed(query) + where + order + SQL(" LIMIT %s"), [*params, request.size + 1])
        return paged(found, key=key, request=request, shape=shape)


def paged(
    found: list[Row], *, key: Sequence[str], request: PageRequest, shape: Callable[[Row], dict[str, Any]]
) -> Page:
    """A page out of at most one row more than it may hold, in the order in which they were asked for."""
    backwards = request.after is None and request.before is not None
    more, rows = len(found) > request.size, found[: request.size]
    if backwards:
        rows.reverse()
    first, last = (encode([row[column] for column in key]) for row in (rows[0], rows[-1])) if rows else (None, None)
    return Page(
        entries=[shape(row) for row in rows],
        after=last if more or backwards else None,
        before=first if (more and backwards) or request.after is not None else None,
        size=request.size,
    )


def encode(values: Sequence[Any]) -> str:
    """A cursor that holds a key."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """The key in a cursor. Raises CursorInvalid."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        values = None
    if not isinstance(values, list) or len(values) != length or not all(isinstance(v, str | int) for v in values):
        raise CursorInvalid("the cursor is not one that this list gave out; begin without one", field="after")
    return values
