"""Tables as Parquet, by arro3, in constant memory: one thread writes while another takes what is written."""

import importlib.util
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from application.ports import Kind, TableWriter
from domain import errors

if TYPE_CHECKING:
    import arro3.core

COMPRESSION = "zstd(3)"
ROW_GROUP = 10_000
"""Rows of a group: what is held in memory, and what a reader can pass over."""

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
WAITING = 4
"""Pieces that wait to be taken."""

Rows = Iterator[Sequence[Sequence[Any]]]


class ParquetMissing(errors.Refused):
    """The library is not installed."""


def writer() -> TableWriter:
    """What writes Parquet. Raises ParquetMissing where the library for it is not installed."""
    if importlib.util.find_spec("arro3") is None or importlib.util.find_spec("arro3.io") is None:
        raise ParquetMissing(
            "format parquet needs a library that is not installed with this gateway; "
            "install it with: pip install 'hookledger[parquet]', or ask for ndjson",
            field="format",
        )
    return write


def write(columns: Sequence[tuple[str, Kind]], rows: Rows) -> Iterator[bytes]:
    """The bytes of a Parquet file of rows, which come in pages. What reading them raises is raised here."""
    sink = _Sink()
    thread = threading.Thread(target=_write, args=(columns, rows, sink), name="parquet", daemon=True)
    thread.start()
    try:
        while (piece := sink.taken()) is not None:
            yield piece
    finally:
        sink.abandon()
    if sink.error is not None:
        raise sink.error


def _write(columns: Sequence[tuple[str, Kind]], rows: Rows, sink: "_Sink") -> None:
    import arro3.io
    from arro3.core import Field, RecordBatch, RecordBatchReader, Schema

    try:
        schema = Schema([Field(name, _types()[kind], nullable=True) for name, kind in columns])
        kinds = [kind for _, kind in columns]
        batches = (
            RecordBatch.from_arrays(list(map(_array, zip(*page, strict=True), kinds)), schema=schema)
            for page in sink.unless_abandoned(rows)
        )
        reader = RecordBatchReader.from_batches(schema, batches)
        arro3.io.write_parquet(reader, sink, compression=COMPRESSION, max_row_group_size=ROW_GROUP)  # type: ignore[arg-type]
    except BaseException as error:  # noqa: BLE001 -- also a panic of the library belongs to whoever takes the bytes
        sink.error = sink.error or error
    finally:
        sink.close()


def _types() -> "Mapping[Kind, arro3.core.DataType]":
    from arro3.core import DataType

    return {"text": DataType.utf8(), "integer": DataType.int64(), "time": DataType.timestamp("us", tz="UTC")}


def _array(values: Sequence[Any], kind: Kind) -> "arro3.core.Array":
    from arro3.core import Array, DataType

    if kind == "time":  # the library makes no arrays of times, but takes microseconds for them
        return Array([each and (each - EPOCH) // MICROSECOND for each in values], DataType.int64()).cast(_types()[kind])
    return Array(list(values), _types()[kind])


class _Sink:
    """The file that the library writes into. It asks for `seek` and never uses it."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._abandoned = threading.Event()
        self.error: BaseException | None = None

    def write(self, piece: bytes) -> int:
        self._put(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        pass

    def seek(self, *_: int) -> int:
        raise OSError("a stream cannot go back")

    def close(self) -> None:
        self._put(None)

    def taken(self) -> bytes | None:
        """The next piece, None at the end."""
        return self._pieces.get()

    def abandon(self) -> None:
        """Nobody takes anything any more: let the writer come to an end."""
        self._abandoned.set()

    def unless_abandoned(self, rows: Rows) -> Rows:
        """The rows, as long as somebody takes them; and what reading them raises, kept as it is."""
        try:
            for page in rows:
                if self._abandoned.is_set():
                    return
                yield page
        except Exception as error:
            self.error = error
            raise

    def _put(self, piece: bytes | None) -> None:
        while not self._abandoned.is_set():
            try:
                self._pieces.put(piece, timeout=0.1)
            except queue.Full:
                continue
            return
