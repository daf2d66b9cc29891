"""The Outside port as a file: a line for the key, then one for each checkpoint, appended and flushed to the disk.

A line that a crash cut short stays there, as the beginning of the line after it, so that nothing is ever overwritten.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import orjson

from application.seals import Unreadable
from domain import checkpoints, errors
from domain.checkpoints import Checkpoint

PLACE = "file"
TAIL = 65_536


@attrs.frozen(kw_only=True)
class CheckpointFile:
    """See the port `Outside`. `key_id` and `public_key` are the first line of a new file."""

    path: Path
    key_id: str
    public_key: str
    place: str | None = PLACE

    @property
    def name(self) -> str:
        """See the port."""
        return f"the checkpoint file {self.path}"

    def lines(self) -> Iterator[Checkpoint | Unreadable]:
        """See the port."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            cut, doubt = b"", None
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break  # it is being written, or a crash cut it short and it will come again
                if doubt and not line.startswith(cut):
                    yield doubt
                read = self._read(line, number)
                cut, doubt = line.rstrip(b"\n"), read if isinstance(read, Unreadable) else None
                if isinstance(read, Checkpoint):
                    yield read
            if doubt:
                yield doubt

    def _read(self, line: bytes, number: int) -> Checkpoint | Unreadable | None:
        """None for the line that names the key."""
        try:
            value = orjson.loads(line)
            if value.get("kind") != "key":
                return checkpoints.read(value)
        except (ValueError, AttributeError, errors.Refused) as error:
            return Unreadable(line=number, words=str(error))
        if value == self._key_line():
            return None
        return Unreadable(line=number, words=f"it names the key {value.get('key_id')!r}, not {self.key_id}")

    def last(self) -> Checkpoint | None:
        """See the port."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - TAIL))
            whole = file.read().split(b"\n")[:-1]
        read = (self._read(line, 0) for line in reversed(whole))
        return next((each for each in read if isinstance(each, Checkpoint)), None)

    def add(self, added: Sequence[Checkpoint]) -> None:
        """See the port."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        with self.path.open("a+b") as file:
            file.write(self._beginning(file) + b"".join(_line(checkpoints.shown(each)) for each in added))
            file.flush()
            os.fsync(file.fileno())
        if new:
            _flush_directory(self.path.parent)

    def _beginning(self, file: BinaryIO) -> bytes:
        """What has to come before the next checkpoint: an end for a line that was cut short, the key for a new file."""
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        tail = file.read()
        end = b"" if not tail or tail.endswith(b"\n") else b"\n"
        return end + (b"" if b"\n" in tail else _line(self._key_line()))

    def _key_line(self) -> dict[str, Any]:
        return {"kind": "key", "algorithm": "Ed25519", "key_id": self.key_id, "public_key": self.public_key}


def _line(value: object) -> bytes:
    return orjson.dumps(value) + b"\n"


def _flush_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
