"""Runs scripts in threads of their own, so that a slow one holds up nothing but those who also wait for a script."""

import asyncio
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from application.errors import Busy
from application.ports import Scripts
from domain import scripts

MOST_WAITING = 200
"""Calls that may wait for a thread. At the full 50 ms each, on two threads, the last one waits five seconds."""

MOST_WAITING_ALIKE = 50
"""Calls of one script that may wait, so that a flood at one address leaves room for the others."""


class ScriptThreads:
    """Makes a `Scripts` awaitable. Use it in one event loop."""

    def __init__(self, engine: Scripts, threads: int | None = None) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="script")
        self._waiting: Counter[str] = Counter()

    async def __call__(self, source: str, call: scripts.Call) -> scripts.Result:
        """Run a script. Raises Busy when too many wait already."""
        if self._waiting[source] >= MOST_WAITING_ALIKE or self._waiting.total() >= MOST_WAITING:
            raise Busy("too many requests are waiting for a script to run")
        self._waiting[source] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._engine.run, source, call)
        finally:
            self._waiting[source] -= 1
            if not self._waiting[source]:
                del self._waiting[source]
