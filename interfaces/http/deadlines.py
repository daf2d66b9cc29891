"""Deadlines for many short waits: one timer for all of them, because a timer for each costs more than the wait."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

TICK = 0.25
"""Seconds between looks; a deadline is kept within one."""


class Deadlines:
    """Cancels tasks that stay longer than `seconds` in `within`, which then raises TimeoutError."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def within(self) -> Iterator[None]:
        """Wait inside for what may never come. Raises TimeoutError when it has not come in time."""
        task = asyncio.current_task()
        assert task is not None
        loop = task.get_loop()
        self._since[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(TICK, self._look, loop)
        try:
            yield
        except asyncio.CancelledError:
            if task in self._late and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            del self._since[task]
            self._late.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, since in self._since.items():
            if now - since > self._seconds and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._timer = loop.call_later(TICK, self._look, loop) if self._since else None
