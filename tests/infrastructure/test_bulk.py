"""Columns of many rows, packed by hand, arrive in PostgreSQL as they were."""

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL

from infrastructure import bulk
from infrastructure.event_store.codec import dumps

Connection = psycopg.Connection[Any]

# What PostgreSQL's text can hold: everything but NUL and lone surrogates.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)
"""Within a day of these, a time with an offset has no name in UTC."""

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "bytea": st.binary(),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "text": TEXTS,
    "json": st.recursive(
        st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
    )
    .map(dumps)
    .map(bytes.decode)
    .filter(lambda text: "\\u0000" not in text),
    "date": st.dates(),
    "timestamptz": st.datetimes(FIRST, LAST, timezones=OFFSETS | st.just(UTC)),
}

EXTREMES: dict[str, list[Any]] = {
    "boolean": [True, False, None],
    "bytea": [b"", b"\0", b"x" * 4_095, b"x" * 4_096, bytes(range(256)) * 5_000, None],
    "bigint": [0, -1, 2**63 - 1, -(2**63), None],
    "integer": [0, -1, 2**31 - 1, -(2**31), None],
    "text": [
        "",
        " ",
        "Zoë\n\t\x01",
        "🪝" * 1_023,
        "🪝" * 1_024,
        "a" * 4_095,
        "a" * 4_096,
        "ab" * 500_000,
        "NULL",
        None,
    ],
    "json": ["null", '""', "{}", '{"a": [1, 1e400, "\\u0000"]}', "1" * 5_000, None],
    "date": [date.min, date(1999, 12, 31), date(2000, 1, 1), date.max, None],
    "timestamptz": [
        datetime.min.replace(tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 29, 3, 0, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime.max.replace(tzinfo=UTC),
        None,
    ],
}


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[Connection]:
    with psycopg.connect(postgres_url, autocommit=True, options="-c timezone=UTC") as connection:
        yield connection


def returned(connection: Connection, type_name: str, values: list[Any]) -> list[Any]:
    """What PostgreSQL makes of a column."""
    shown = {"json": "value::text"}.get(type_name, "value")
    query = SQL("SELECT {} FROM unnest(%b) WITH ORDINALITY AS given (value, place) ORDER BY place")
    with connection.cursor(binary=True) as cursor:
        cursor.execute(query.format(SQL(shown)), [bulk.column(type_name, values)])
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("type_name", VALUES)
def test_any_values_come_back(connection: Connection, type_name: str) -> None:
    """Nulls among them, and in any number, none included."""

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.none() | VALUES[type_name]))
    @example([])
    @example([None])
    @example(EXTREMES[type_name])
    def come_back(values: list[Any]) -> None:
        assert returned(connection, type_name, values) == values

    come_back()


def test_every_type_is_tried() -> None:
    assert list(VALUES) == list(EXTREMES) == list(bulk._TYPES)


@pytest.mark.parametrize(
    ("type_name", "value", "error"),
    [
        ("integer", 2**31, struct.error),
        ("bigint", -(2**63) - 1, struct.error),
        ("text", "\ud800", UnicodeEncodeError),
        ("date", "2026-01-15", AttributeError),
    ],
)
def test_what_does_not_fit_is_never_sent(type_name: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        bulk.column(type_name, [value])


def test_a_time_without_offset_is_never_guessed() -> None:
    with pytest.raises(TypeError, match="offset-naive"):
        bulk.column("timestamptz", [datetime(2026, 1, 15)])


@pytest.mark.parametrize(("type_name", "value"), [("text", "a\0b"), ("json", "{"), ("json", "")])
def test_what_postgresql_refuses_is_refused(connection: Connection, type_name: str, value: str) -> None:
    with pytest.raises(psycopg.DataError):
        returned(connection, type_name, [value])


def test_rows_become_columns_in_the_order_of_their_types(connection: Connection) -> None:
    rows = [(1, "one", None), (2, None, True), (3, "", False)]
    with connection.cursor() as cursor:
        found = bulk.execute(cursor, SQL("SELECT * FROM unnest(%b, %b, %b)").format(), "bigint text boolean", rows)
        assert found.fetchall() == rows


def test_a_row_that_is_too_short_is_an_error(connection: Connection) -> None:
    with connection.cursor() as cursor, pytest.raises(ValueError, match="zip"):
        bulk.execute(cursor, SQL("SELECT * FROM unnest(%b, %b)").format(), "bigint text", [(1, "one"), (2,)])
