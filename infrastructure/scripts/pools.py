"""Machines that are kept for the next call, and the scripts that were loaded last."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from infrastructure.scripts import failures, limits
from infrastructure.scripts.engine import Engine
from infrastructure.scripts.machines import Machine
from infrastructure.scripts.reports import Arguments, Loaded, Report, Status, Stopped, Unusable

_KEPT_MACHINES = 8
_KEPT_SCRIPTS = 32


class Pool:
    """Runs scripts, in as many threads as ask for it.

    Any machine runs any script: each time its memory is first put back, byte by byte, to what it was when that script
    had been loaded, so that nothing of another call can be in it.
    """

    def __init__(self) -> None:
        self._engine = Engine()
        self._idle: deque[Machine] = deque()
        with self._machine() as first:
            self._booted = first.image()
        self.loaded = lru_cache(_KEPT_SCRIPTS)(self._load)

    def call(self, script: Loaded, arguments: Arguments) -> Report:
        """What comes of calling `main`. Raises Stopped and Starved."""
        with self._machine() as machine:
            return machine.call(script.image, arguments)

    def _load(self, source: str) -> Loaded | Unusable:
        try:
            with self._machine() as machine:
                report = machine.load(self._booted, source.encode(errors="replace"))
                if report.status != Status.DONE:
                    return Unusable(failures.words(report))
                return Unusable(limits.TOO_LARGE_BEFORE) if machine.spent else Loaded(machine.image())
        except Stopped as stopped:
            return Unusable(str(stopped))

    @contextmanager
    def _machine(self) -> Iterator[Machine]:
        """A machine for one run. It is not used again when an exception is raised, which leaves it in the middle."""
        try:
            machine = self._idle.pop()
        except IndexError:
            machine = Machine(self._engine)
        yield machine
        if not machine.spent and len(self._idle) < _KEPT_MACHINES:
            self._idle.append(machine)
