"""Running a query, and paging by key: a cursor holds the key of a row, so that pages stay put while rows arrive."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
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

NUMBERS = frozenset({"position", "version"})
"""The key columns that hold numbers; all others hold texts."""


class CursorInvalid(errors.Refused):
    """A cursor that this API did not give out."""


class Reader:
    """Runs queries on a recorder's pool. `{schema}` stands for the schema in every query."""

    def __init__(self, recorder: AppendByFunction) -> None:
        self._datastore = recorder.datastore

    def rows(self, query: LiteralString | SQL | Composed, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
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
        given: Sequence[Any] = (),
    ) -> Page:
        """A page of `query` under `conditions` (`column = %s` with its value), ordered by the columns of `key`.

        `given` are the parameters of the query itself.
        """
        found = self.found(query, conditions, key=key, request=request, descending=descending, given=given)
        return paged(found, key=key, request=request, shape=shape)

    def found(
        self,
        query: LiteralString,
        conditions: Sequence[tuple[LiteralString, Any]],
        *,
        key: Sequence[str],
        request: PageRequest,
        descending: bool = True,
        given: Sequence[Any] = (),
    ) -> list[Row]:
        """The rows of a page, and one more if there is one, in the order in which the page is read."""
        clauses: list[Composable] = [SQL(clause) for clause, _ in conditions]
        params = [*given, *(value for _, value in conditions)]
        down = descending != request.backwards
        place = cursor(request, key)
        if place is not None:
            columns = SQL(", ").join(map(Identifier, key))
            places = SQL(", ").join([SQL("%s")] * len(key))
            clauses.append(SQL("({}) {} ({})").format(columns, SQL("<" if down else ">"), places))
            params += place
        where = SQL(" WHERE ") + SQL(" AND ").join(clauses) if clauses else SQL("")
        turn = SQL(" DESC" if down else " ASC")
        order = SQL(" ORDER BY ") + SQL(", ").join(Identifier(column) + turn for column in key)
        return self.rows(self.composed(query) + where + order + SQL(" LIMIT %s"), [*params, request.size + 1])


def paged(
    found: list[Row], *, key: Sequence[str], request: PageRequest, shape: Callable[[Row], dict[str, Any]]
) -> Page:
    """A page out of at most one row more than it may hold, in the order in which they were asked for."""
    more, rows = len(found) > request.size, found[: request.size]
    if request.backwards:
        rows.reverse()
    first, last = (encode([row[column] for column in key]) for row in (rows[0], rows[-1])) if rows else (None, None)
    return Page(
        entries=[shape(row) for row in rows],
        after=last if more or request.backwards else None,
        before=first if (more and request.backwards) or request.after is not None else None,
        size=request.size,
    )


def encode(values: Sequence[Any]) -> str:
    """A cursor that holds a key."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def cursor(request: PageRequest, key: Sequence[str]) -> list[Any] | None:
    """The key in a request's cursor; None if it asks for the first page. Raises CursorInvalid."""
    text = request.before if request.backwards else request.after
    if text is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        values = None
    if not isinstance(values, list) or len(values) != len(key) or not all(map(_fits, key, values)):
        field = "before" if request.backwards else "after"
        raise CursorInvalid(f"{field} is not a cursor that this list gave out; begin without one", field=field)
    return values


def _fits(column: str, value: object) -> bool:
    """Whether a value can stand in a column: what PostgreSQL cannot compare is no cursor of ours."""
    if column in NUMBERS:
        return type(value) is int
    return isinstance(value, str) and "\0" not in value
