"""The proof export: checkpoints and every event as it is stored, for verifiers who know neither us nor PostgreSQL."""

import base64
import struct
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, BinaryIO

import attrs
import orjson

from application.seals import Checkpoints, Signer, StoredLog
from domain import checkpoints

FORMAT = "hookledger/export/1"
PAGE = 100
OFTEN = 10_000

Progress = Callable[[int, int], None]


@attrs.frozen(kw_only=True)
class Export:
    """Writes NDJSON: what it is, then all checkpoints, then all events in the order of the log."""

    log: StoredLog
    checkpoints: Checkpoints
    signer: Signer

    def write(self, file: BinaryIO, *, at: datetime, progress: Progress) -> int:
        """Write it, with bounded memory; the number of events."""
        newest = self.checkpoints.last()
        head = self.log.head()  # after the newest checkpoint, so that the export holds all that it covers
        file.write(_line(self._heading(head, at)))
        for each in self._sealed(newest.number if newest else 0):
            file.write(_line(each))
        return self._events(file, head, progress)

    def _heading(self, head: int, at: datetime) -> dict[str, Any]:
        key = {"key_id": self.signer.key_id, "public_key": self.signer.public_key}
        return {"kind": "export", "format": FORMAT, "head": head, "made_at": at, **key}

    def _sealed(self, upto: int) -> Iterator[dict[str, Any]]:
        number = 0
        while page := self.checkpoints.after(number, PAGE):
            for each in page:
                if each.number > upto:
                    return
                kept = self.checkpoints.sealed(each.number)
                positions, leaves = (kept.positions, kept.leaves) if kept else ((), ())
                packed = struct.pack(f">{len(positions)}q", *positions)
                yield {**checkpoints.shown(each), "positions": _text(packed), "leaves": _text(b"".join(leaves))}
            number = page[-1].number

    def _events(self, file: BinaryIO, head: int, progress: Progress) -> int:
        count = 0
        with self.log.rows(after=None, upto=head) as rows:
            for position, stream, version, topic, state in rows:
                named = {"kind": "event", "position": position, "stream": stream, "version": version, "topic": topic}
                file.write(_line({**named, "state": _text(state)}))
                count += 1
                if count % OFTEN == 0:
                    progress(position, head)
        progress(head, head)
        return count


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _line(value: object) -> bytes:
    return orjson.dumps(value) + b"\n"
