"""What exports are written in: NDJSON, which is exact, CSV for spreadsheets, and Parquet for analyses."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from application.ports import Kind, TableWriter
from application.queries import Entry
from interfaces.http import rendering

Pages = Iterator[Sequence[Entry]]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that spreadsheets take for a formula, in whatever width (OWASP, CSV injection)."""


@attrs.frozen
class Column:
    """A column of a table: its name, where its value stands in an entry, and of which kind that is."""

    name: str
    path: tuple[str, ...]
    kind: Kind = "text"


@attrs.frozen
class Format:
    """How pages of entries become bytes."""

    media_type: str
    ending: str
    written: Callable[[Sequence[Column], Pages], Iterator[bytes]]


def ndjson(_: Sequence[Column], pages: Pages) -> Iterator[bytes]:
    """An entry a line, whole."""
    return (b"".join(rendering.dumps(entry) + b"\n" for entry in page) for page in pages)


def as_csv(columns: Sequence[Column], pages: Pages) -> Iterator[bytes]:
    """RFC 4180, with a line of names; a cell that would be a formula is preceded by an apostrophe."""
    yield _lines([[column.name for column in columns]])
    for page in pages:
        yield _lines([_cell(value(entry, column)) for column in columns] for entry in page)


def parquet(write: TableWriter) -> Callable[[Sequence[Column], Pages], Iterator[bytes]]:
    """A row group for some thousand rows; structures are JSON texts."""

    def written(columns: Sequence[Column], pages: Pages) -> Iterator[bytes]:
        rows = ([[_plain(value(entry, each), each.kind) for each in columns] for entry in page] for page in pages)
        return write([(each.name, each.kind) for each in columns], rows)

    return written


def value(entry: Mapping[str, Any], column: Column) -> Any:
    """What an entry has in a column, None where it has nothing there."""
    found: Any = entry
    for name in column.path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _lines(rows: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(errors="replace")


def _cell(found: Any) -> str:
    text = "" if found is None else str(_plain(found, "text"))
    return f"'{text}" if text.startswith(FORMULA) else text


def _plain(found: Any, kind: Kind) -> Any:
    """A value as a column of a kind holds it: in one of texts, whatever is no text is as JSON has it."""
    if found is None or kind != "text" or isinstance(found, str):
        return found
    return rendering.instant(found) if isinstance(found, datetime) else rendering.dumps(found).decode()
