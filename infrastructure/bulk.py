"""Many rows in one statement: columns as PostgreSQL's binary arrays, packed here because psycopg's own are slow.

A hot path, written plainly for the machine: the worker sends some ten thousand values a batch.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.sql import Composed

_HEADER = struct.Struct("!iiiii")
_LENGTH = struct.Struct("!i")
_BOOLEAN, _INTEGER, _BIGINT = struct.Struct("!i?"), struct.Struct("!ii"), struct.Struct("!iq")
_NULL = _LENGTH.pack(-1)
_LENGTHS = [_LENGTH.pack(length) for length in range(4096)]
_EPOCH, _FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC), date(2000, 1, 1).toordinal()


def _bytes(value: bytes) -> bytes:
    length = len(value)
    return (_LENGTHS[length] if length < 4096 else _LENGTH.pack(length)) + value


def _text(value: str) -> bytes:
    return _bytes(value.encode())


def _microseconds(at: datetime) -> bytes:
    since = at - _EPOCH
    return _BIGINT.pack(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


# Name of the type: oid of an element, oid of the array, and how one value is written, its length before it.
_TYPES: dict[str, tuple[int, int, Callable[[Any], bytes]]] = {
    "boolean": (16, 1000, lambda value: _BOOLEAN.pack(1, value)),
    "bytea": (17, 1001, _bytes),
    "bigint": (20, 1016, lambda value: _BIGINT.pack(8, value)),
    "integer": (23, 1007, lambda value: _INTEGER.pack(4, value)),
    "text": (25, 1009, _text),
    "json": (114, 199, _text),
    "date": (1082, 1182, lambda day: _INTEGER.pack(4, day.toordinal() - _FIRST_DAY)),
    "timestamptz": (1184, 1185, _microseconds),
}


class Column:
    """One column of a bulk statement, packed. Use `column`, which picks the class that goes with the type."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return bytes(obj.packed)


# Registered once for all connections: the classes are our own, so that nobody else's values are concerned.
_COLUMNS: dict[str, type[Column]] = {}
for _name, (_oid, _array_oid, _write) in _TYPES.items():
    _COLUMNS[_name] = type(f"{_name.title()}Column", (Column,), {"__slots__": ()})
    psycopg.adapters.register_dumper(
        _COLUMNS[_name], type(f"{_name.title()}Dumper", (_ColumnDumper,), {"oid": _array_oid})
    )


def column(type_name: str, values: Sequence[Any]) -> Column:
    """`values` as an array of a PostgreSQL type; None becomes null."""
    oid, _, write = _TYPES[type_name]
    items = [_NULL if value is None else write(value) for value in values]
    header = _HEADER.pack(1, None in values, oid, len(values), 1)
    return _COLUMNS[type_name](header + b"".join(items))


def columns(types: str, rows: Iterable[Sequence[Any]]) -> list[Column]:
    """The columns of `rows`, whose types are named in order, separated by spaces."""
    return [column(name, values) for name, values in zip(types.split(), zip(*rows, strict=True), strict=True)]


def execute(cursor: Cursor[Any], statement: Composed, types: str, rows: Sequence[Sequence[Any]]) -> Cursor[Any]:
    """Run a statement that takes one array per column. There must be a row, for it says how many columns there are."""
    return cursor.execute(statement, columns(types, rows), prepare=True)
