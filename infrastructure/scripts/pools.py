"""Machines that are kept for the next call, and the scripts that were loaded last."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeVar

from infrastructure.scripts import failures, limits
from infrastructure.scripts.engine import Engine
from infrastructure.scripts.machines import Machine
from infrastructure.scripts.reports import Arguments, Loaded, Report, Starved, Status, Stopped, Unusable

T = TypeVar("T")

_KEPT_MACHINES = 8
_KEPT_SCRIPTS = 32
_PATIENCE = (1, 4, 16)


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
        return self._run(lambda machine: machine.call(script.image, arguments))

    def _load(self, source: str) -> Loaded | Unusable:
        try:
            return self._run(lambda machine: self._loaded(machine, source.encode(errors="replace")))
        except Stopped as stopped:
            return Unusable(str(stopped))

    def _loaded(self, machine: Machine, source: bytes) -> Loaded | Unusable:
        report = machine.load(self._booted, source)
        if report.status != Status.DONE:
            return Unusable(failures.words(report))
        return Unusable(limits.TOO_LARGE_BEFORE) if machine.spent else Loaded(machine.image())

    def _run(self, work: Callable[[Machine], T]) -> T:
        """Do something with a machine, from the start again when the thread was hardly let run."""
        for patience in _PATIENCE:
            with contextlib.suppress(Starved), self._machine() as machine:
                machine.patience = patience
                return work(machine)
        raise Starved(limits.BUSY)

    @contextlib.contextmanager
    def _machine(self) -> Iterator[Machine]:
        """A machine for one run. It is not used again when an exception is raised, which leaves it in the middle."""
        try:
            machine = self._idle.pop()
        except IndexError:
            machine = Machine(self._engine)
        kept = False
        try:
            yield machine
            kept = not machine.spent and len(self._idle) < _KEPT_MACHINES
        finally:
            if kept:
                self._idle.append(machine)
            else:
                machine.close()
