"""Parquet: what is written is read back; what breaks is told; who goes away leaves no thread behind."""

import importlib.util
import io
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import arro3.io
import pytest

from application.ports import Kind
from infrastructure import parquet
from tests.servers import within

COLUMNS: list[tuple[str, Kind]] = [("name", "text"), ("count", "integer"), ("at", "time")]
ROWS: list[list[Any]] = [
    ["Ærø \0 =1", 2**62, datetime(2026, 1, 15, 12, 0, 0, 123456, UTC)],
    [None, None, None],
    ["", -1, datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)],
]


def read(content: bytes) -> list[list[Any]]:
    """The columns of a file."""
    table = arro3.io.read_parquet(io.BytesIO(content)).read_all()
    return [table[name].to_pylist() for name in table.column_names]


def test_what_is_written_is_read_back_to_the_microsecond() -> None:
    content = b"".join(parquet.write(COLUMNS, iter([ROWS[:2], ROWS[2:]])))
    assert read(content) == [list(column) for column in zip(*ROWS, strict=True)]


def test_a_table_without_rows_has_its_columns() -> None:
    assert read(b"".join(parquet.write(COLUMNS, iter([])))) == [[], [], []]


def test_what_breaks_the_rows_breaks_the_file() -> None:
    def rows() -> Iterator[Sequence[Sequence[Any]]]:
        yield ROWS
        raise KeyError("the database is away")

    with pytest.raises(KeyError, match="away"):
        b"".join(parquet.write(COLUMNS, rows()))


def test_a_value_that_does_not_fit_breaks_the_file() -> None:
    with pytest.raises(BaseException, match=r".+"):
        b"".join(parquet.write(COLUMNS, iter([[["a", 2**64, None]]])))


def test_who_goes_away_leaves_no_thread_behind() -> None:
    taken: list[int] = []

    def rows() -> Iterator[Sequence[Sequence[Any]]]:
        for number in range(10_000):
            taken.append(number)
            yield [[f"{number}.{row}" * 20, row, None] for row in range(1_000)]

    pieces = parquet.write(COLUMNS, rows())
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert within(10, lambda: all(thread.name != "parquet" for thread in threading.enumerate()))
    assert len(taken) < 1_000


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(parquet.ParquetMissing, match=r"hookledger\[parquet\]") as refused:
        parquet.writer()
    assert refused.value.field == "format"
