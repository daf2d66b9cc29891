"""Many rows in one statement: columns as PostgreSQL's binary arrays, packed here because psycopg's own are slow.

A hot path, written plainly for the machine: the worker sends some ten thousand values a batch.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from psycopg import Cursor
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.sql import Composed

_HEADER = struct.Struct("!iiiii")
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)
_BIGINT, _INTEGER = struct.Struct("!q"), struct.Struct("!i")
_EPOCH, _FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC), date(2000, 1, 1).toordinal()


def _microseconds(at: datetime) -> bytes:
    since = at - _EPOCH
    return _BIGINT.pack((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def _same(value: bytes) -> bytes:
    return value


# Name of the type: oid of an element, oid of the array, and how one value is written.
_TYPES: dict[str, tuple[int, int, Callable[[Any], bytes]]] = {
    "boolean": (16, 1000, lambda value: b"\1" if value else b"\0"),
    "bytea": (17, 1001, _same),
    "bigint": (20, 1016, _BIGINT.pack),
    "integer": (23, 1007, _INTEGER.pack),
    "text": (25, 1009, str.encode),
    "json": (114, 199, str.encode),
    "date": (1082, 1182, lambda day: _INTEGER.pack(day.toordinal() - _FIRST_DAY)),
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


_COLUMNS: dict[str, type[Column]] = {}
_DUMPERS: list[tuple[type[Column], type[Dumper]]] = []
for _name, (_oid, _array_oid, _write) in _TYPES.items():
    _COLUMNS[_name] = type(f"{_name.title()}Column", (Column,), {"__slots__": ()})
    _DUMPERS.append((_COLUMNS[_name], type(f"{_name.title()}Dumper", (_ColumnDumper,), {"oid": _array_oid})))


def column(type_name: str, values: Sequence[Any]) -> Column:
    """`values` as an array of a PostgreSQL type; None becomes null."""
    oid, _, write = _TYPES[type_name]
    parts = [_HEADER.pack(1, None in values, oid, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            item = write(value)
            parts.append(_LENGTH.pack(len(item)))
            parts.append(item)
    return _COLUMNS[type_name](b"".join(parts))


def columns(types: str, rows: Iterable[Sequence[Any]]) -> list[Column]:
    """The columns of `rows`, whose types are named in order, separated by spaces."""
    return [column(name, values) for name, values in zip(types.split(), zip(*rows, strict=True), strict=True)]


def register(context: AdaptContext) -> None:
    """Teach a connection to send columns."""
    for cls, dumper in _DUMPERS:
        context.adapters.register_dumper(cls, dumper)


def execute(cursor: Cursor[Any], statement: Composed, types: str, rows: Sequence[Sequence[Any]]) -> Cursor[Any]:
    """Run a statement that takes one array per column; nothing is sent for no rows."""
    register(cursor)
    return cursor.execute(statement, columns(types, rows), prepare=True)
