"""Running a query, and paging by key: a cursor holds the key of a row, so that pages stay put while rows arrive."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

import attrs
import orjson
from eventsourcing.persistence import InterfaceError, OperationalError
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier

from application.errors import Unavailable
from application.queries import Page, PageRequest
from domain import errors
from infrastructure.event_store.recorder import AppendByFunction

Row = dict[str, Any]
Condition = tuple[LiteralString, *tuple[Any, ...]]
"""A clause with the value of each `%s` in it; `{schema}` stands for the schema."""

NUMBERS = frozenset({"position", "version"})
TIMES = frozenset({"inserted_at"})
"""The key columns that hold numbers and times; all others hold texts."""


class CursorInvalid(errors.Refused):
    """A cursor that this API did not give out."""


class Reader:
    """Runs queries on a recorder's pool. `{schema}` stands for the schema in every query."""

    def __init__(self, recorder: AppendByFunction) -> None:
        self._datastore = recorder.datastore

    def rows(
        self,
        query: LiteralString | SQL | Composed,
        params: Sequence[Any] | Mapping[str, Any] = (),
        *,
        prepare: bool | None = None,
    ) -> list[Row]:
        """The rows of a query, by column. Raises Unavailable when the database is away.

        With `prepare` False it is planned for its own values each time.
        """
        statement = self.composed(query) if isinstance(query, str) else query
        try:
            with self._datastore.get_connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(statement, params, prepare=prepare).fetchall()
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the database cannot be reached") from error

    def composed(self, query: LiteralString) -> Composed:
        """A query with the schema put in."""
        return SQL(query).format(schema=Identifier(self._datastore.schema))

    def page(
        self,
        query: LiteralString,
        conditions: Sequence[Condition],
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
        conditions: Sequence[Condition],
        *,
        key: Sequence[str],
        request: PageRequest,
        descending: bool = True,
        given: Sequence[Any] = (),
    ) -> list[Row]:
        """The rows of a page, and one more if there is one, in the order in which the page is read."""
        turn = _Turn.of(key, request, descending)
        statement, params = self._selected(query, conditions, turn, request.size + 1)
        return self.rows(statement, [*given, *params])

    def found_in_any(
        self,
        query: LiteralString,
        alternatives: Sequence[Sequence[Condition]],
        *,
        key: Sequence[str],
        request: PageRequest,
        descending: bool = True,
        skip: int = 0,
    ) -> list[Row]:
        """As `found`, of the rows under any of the alternatives, which exclude each other; past the first `skip`.

        Each alternative is a query of its own, so that it finds its own place in an index.
        """
        if not alternatives:
            return []
        turn, size = _Turn.of(key, request, descending), request.size + 1
        selected = [self._selected(query, each, turn, skip + size) for each in alternatives]
        whole = SQL(" UNION ALL ").join(SQL("({})").format(statement) for statement, _ in selected)
        params = [value for _, values in selected for value in values]
        statement = SQL("SELECT * FROM ({}) AS found").format(whole) + turn.order + SQL(" LIMIT %s OFFSET %s")
        return self.rows(statement, [*params, size, skip], prepare=False)

    def _selected(
        self, query: LiteralString, conditions: Sequence[Condition], turn: "_Turn", limit: int
    ) -> tuple[Composed, list[Any]]:
        clauses = [self.composed(clause) for clause, *_ in conditions]
        params = [value for _, *values in conditions for value in values]
        if turn.place is not None:
            clauses.append(turn.beyond)
            params += turn.place
        where = SQL(" WHERE ") + SQL(" AND ").join(clauses) if clauses else SQL("")
        return self.composed(query) + where + turn.order + SQL(" LIMIT %s"), [*params, limit]


@attrs.frozen(kw_only=True)
class _Turn:
    """How a page is read: by the columns of a key, downwards or not, beyond a place or from the beginning."""

    key: Sequence[str]
    down: bool
    place: Sequence[Any] | None

    @classmethod
    def of(cls, key: Sequence[str], request: PageRequest, descending: bool) -> "_Turn":
        return cls(key=key, down=descending != request.backwards, place=cursor(request, key))

    @property
    def beyond(self) -> Composed:
        columns = SQL(", ").join(map(Identifier, self.key))
        places = SQL(", ").join([SQL("%s")] * len(self.key))
        return SQL("({}) {} ({})").format(columns, SQL("<" if self.down else ">"), places)

    @property
    def order(self) -> Composed:
        turn = SQL(" DESC" if self.down else " ASC")
        return SQL(" ORDER BY ") + SQL(", ").join(Identifier(column) + turn for column in self.key)


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
        return [_value(column, value) for column, value in zip(key, values, strict=True)]
    except (ValueError, TypeError, binascii.Error) as error:
        field = "before" if request.backwards else "after"
        raise CursorInvalid(
            f"{field} is not a cursor that this list gave out; begin without one", field=field
        ) from error


def _value(column: str, value: object) -> object:
    """What stands in a column of the key. Raises ValueError for what PostgreSQL cannot compare with it."""
    if column in NUMBERS:
        if type(value) is int and abs(value) < 2**63:
            return value
    elif isinstance(value, str) and "\0" not in value:
        return _time(value) if column in TIMES else value
    raise ValueError(column)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at
