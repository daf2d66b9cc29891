"""Where an export is written, and what is written beside it so that it can go on: a cursor, and how much is whole."""

import csv
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from domain.errors import Refused

STATE, PART = ".resume", ".part"
"""What follows the name of an export in the names of its state and of a piece that is not whole yet."""


class ExportThere(Refused):
    """What is there already does not go together with what is asked for."""


@attrs.frozen(kw_only=True)
class State:
    """How far an export has come: the cursor behind it, its pieces and entries, and the bytes that are whole."""

    asked: Mapping[str, str]
    after: str | None = None
    pieces: int = 0
    entries: int = 0
    size: int = 0

    def __str__(self) -> str:
        # What is in a file of Parquet, only those who read it know.
        return f"files: {self.pieces}" if self.asked["format"] == "parquet" else f"entries: {self.entries}"


@attrs.frozen
class Destination:
    """A file of lines, to which pieces are added."""

    output: Path

    def begun(self, asked: Mapping[str, str]) -> State:
        """The state of an export that begins. Raises ExportThere where something is already."""
        if self.output.exists():
            raise ExportThere(f"{self.output} is there already; go on with it by --resume, or name another")
        self.output.parent.mkdir(parents=True, exist_ok=True)
        return State(asked=asked)

    def resumed(self, asked: Mapping[str, str]) -> State:
        """The state of the export that is there, a new one where none is. Raises ExportThere if it is another one."""
        file = _beside(self.output, STATE)
        if not file.exists():
            return self.begun(asked)
        state = State(**json.loads(file.read_text()))
        if state.asked != asked:
            raise ExportThere(f"{self.output} was begun with {_words(state.asked)}; ask for the same, or name another")
        return state

    def take(self, state: State, chunks: Iterable[bytes], after: str | None) -> State:
        """Add a piece, once it has arrived whole; the state when it is on disk."""
        part = _beside(self.output, PART)
        with part.open("wb") as file:
            file.writelines(chunks)
        taken = attrs.evolve(self._added(state, part), after=after, pieces=state.pieces + 1)
        part.unlink(missing_ok=True)
        draft = _beside(self.output, f"{STATE}.new")
        draft.write_text(json.dumps(attrs.asdict(taken)))
        draft.replace(_beside(self.output, STATE))
        return taken

    def _added(self, state: State, part: Path) -> State:
        names = self._names(part) if state.pieces else 0
        with self.output.open("r+b" if self.output.exists() else "wb") as file, part.open("rb") as piece:
            file.seek(state.size)
            file.truncate()  # what was added after the state was last written
            piece.seek(names)
            shutil.copyfileobj(piece, file)
            file.flush()
            os.fsync(file.fileno())
            return attrs.evolve(state, size=file.tell(), entries=state.entries + self._entries(part))

    def _names(self, part: Path) -> int:
        """How many bytes of a piece are names of columns, which stand in the first piece already."""
        return 0

    def _entries(self, part: Path) -> int:
        with part.open("rb") as piece:
            return sum(1 for _ in piece)


class Csv(Destination):
    """A file whose first line has the names of its columns; a cell may have several lines."""

    def _names(self, part: Path) -> int:
        with part.open("rb") as piece:
            return len(piece.readline())

    def _entries(self, part: Path) -> int:
        with part.open(newline="", encoding="utf-8") as piece:
            return sum(1 for _ in csv.reader(piece)) - 1


class Directory(Destination):
    """A directory in which each piece is a file of its own, as readers of Parquet take it."""

    def _added(self, state: State, part: Path) -> State:
        self.output.mkdir(exist_ok=True)
        part.replace(self.output / f"{state.pieces + 1:05}.parquet")
        return state


DESTINATIONS: Mapping[str, type[Destination]] = {"ndjson": Destination, "csv": Csv, "parquet": Directory}


def _beside(output: Path, ending: str) -> Path:
    return output.with_name(output.name + ending)


def _words(asked: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in asked.items())
