"""Deadlines for many short waits: one timer for all of them, because a timer for each costs more than the wait."""

import asyncio

TICK = 0.25
"""Seconds between looks; a deadline is kept within one."""


class Deadlines:
    """Entered around a wait, raises TimeoutError there when it takes longer than `seconds`. One wait a task."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        self._since[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(TICK, self._look, loop)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        task = asyncio.current_task()
        assert task is not None
        del self._since[task]
        if task in self._late:
            self._late.discard(task)
            if kind is asyncio.CancelledError and task.uncancel() == 0:
                raise TimeoutError

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, since in self._since.items():
            if now - since > self._seconds and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._timer = loop.call_later(TICK, self._look, loop) if self._since else None
