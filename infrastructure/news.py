"""The News port: one connection a process listens to the log, however many wait for what comes next."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from application.errors import Busy
from infrastructure.event_store.recorder import CHANNEL

MOST = 100
"""How many may wait at once."""

UNHEARD = 1.0
"""Seconds after which somebody who waits looks for himself, should the connection have gone silent."""

log = structlog.get_logger(__name__)


class LogNews:
    """See the port. Create and use it in one event loop; it connects when first somebody waits."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._waiting = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.seen, self.ended = 0, False

    async def __aenter__(self) -> "LogNews":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def end(self) -> None:
        """See the port."""
        self.ended = True
        self._tell()

    @contextmanager
    def place(self) -> Iterator[None]:
        """See the port."""
        if self._waiting >= MOST:
            raise Busy(f"{MOST} clients wait for news of the log already; ask again later, or without waiting")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def since(self, seen: int, seconds: float) -> None:
        """See the port."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        if self.seen == seen and not self.ended:
            try:
                async with asyncio.timeout(min(seconds, UNHEARD)):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _tell(self) -> None:
        self.seen += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._tell()  # of what came before it listened
                    async for _ in connection.notifies():
                        self._tell()
            except (psycopg.Error, OSError) as error:
                log.warning("news of the log are not heard", cause=str(error).strip() or type(error).__name__)
            await asyncio.sleep(UNHEARD)
