"""Group commit: requests that wait at the same moment share one transaction, and each gets its own answer.

One connection commits whatever is waiting, without lingering, while the next batch gathers. Nothing is confirmed
before the commit. When a connection breaks, the outcome of what was under way is looked up, never guessed.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

import attrs
import psycopg
import structlog

from application.errors import Busy, ConfigurationMoved, Conflict, Unavailable
from application.ports import Clock
from application.records import Change
from domain import acceptances
from domain.acceptances import Acceptance
from infrastructure.event_store.codec import RecordMapper, Row
from infrastructure.event_store.recorder import LedgerRecorder, append_arguments

BATCH_EVENTS = 500
BATCH_BYTES = 8_000_000
QUEUE_ITEMS = 10_000
QUEUE_BYTES = 128_000_000
PATIENCE = 2.0
"""Seconds within which a caller gets an answer."""

log = structlog.get_logger(__name__)


@attrs.define(eq=False)
class _Item:
    rows: list[Row]
    epoch: int
    size: int
    deadline: float
    answer: "asyncio.Future[int]"


class GroupCommit:
    """The Appender port over the recorder's own append function. Create and use it in one event loop."""

    def __init__(self, *, recorder: LedgerRecorder, mapper: RecordMapper, conninfo: str, clock: Clock) -> None:
        self._mapper, self._conninfo, self._clock = mapper, conninfo, clock
        self._statement = recorder.append_statement.as_string()
        self._lookup = recorder.single_statement.as_string()
        self._waiting: deque[_Item] = deque()
        self._under_way: list[_Item] = []
        self._bytes = 0
        self._wake = asyncio.Event()
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "GroupCommit":
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._keep_deadlines())]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Store what is waiting, within the usual patience, and close."""
        while self._waiting or self._under_way:
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._disconnect()

    async def append(self, *changes: Change, epoch: int) -> Acceptance:
        """See the port."""
        if len(self._waiting) >= QUEUE_ITEMS or self._bytes >= QUEUE_BYTES:
            raise Busy("too many requests are waiting to be stored")
        loop = asyncio.get_running_loop()
        now = self._clock()
        rows = [row for change in changes for row in self._mapper.rows(change, now)]
        item = _Item(rows, epoch, sum([len(each[3]) for each in rows]), loop.time() + PATIENCE, loop.create_future())
        self._waiting.append(item)
        self._bytes += item.size
        self._wake.set()
        return acceptances.of([row[:4] for row in item.rows], await item.answer)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while batch := self._next_batch():
                await self._serve(batch)

    async def _serve(self, batch: list[_Item]) -> None:
        self._under_way = batch
        try:
            await self._store(batch)
        except Exception as error:
            log.exception("a batch could not be stored")
            _refuse_all(batch, error)
        self._under_way = []

    async def _keep_deadlines(self) -> None:
        """Answer whoever has waited too long, also while a connection is silent and an attempt hangs."""
        while True:
            await asyncio.sleep(0.1)
            now = asyncio.get_running_loop().time()
            for item in (*self._under_way, *self._waiting):
                if item.deadline <= now:
                    _refuse(item, Unavailable("the event store did not answer in time"))

    def _next_batch(self) -> list[_Item]:
        batch: list[_Item] = []
        events = size = 0
        while self._waiting and (
            not batch
            or (events + len(self._waiting[0].rows) <= BATCH_EVENTS and size + self._waiting[0].size <= BATCH_BYTES)
        ):
            item = self._waiting.popleft()
            self._bytes -= item.size
            if item.answer.done():
                continue  # its caller is gone
            events, size = events + len(item.rows), size + item.size
            batch.append(item)
        return batch

    async def _store(self, batch: list[_Item], *, uncertain: bool = False) -> None:
        """Try until every item has an answer. Once a connection broke, look first what is stored, also on a refusal."""
        refusal: psycopg.Error | None = None
        pause = 0.02
        while batch := [item for item in batch if not item.answer.done()]:
            try:
                await self._attempt(batch, refusal, uncertain=uncertain)
                return
            except (psycopg.errors.UniqueViolation, psycopg.DataError) as error:
                if len(batch) > 1:
                    await self._store_singly(batch, uncertain=uncertain)
                    return
                refusal = error
            except (psycopg.Error, OSError, TimeoutError):
                uncertain = True
                await self._disconnect()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)

    async def _store_singly(self, batch: list[_Item], *, uncertain: bool) -> None:
        for item in batch:
            await self._store([item], uncertain=uncertain)

    async def _attempt(self, batch: list[_Item], refusal: psycopg.Error | None, *, uncertain: bool) -> None:
        async with asyncio.timeout_at(max(item.deadline for item in batch) + 0.1):
            if uncertain:
                batch = await self._without_stored(batch)
            if refusal is not None:
                _refuse_all(batch, Conflict(str(refusal)))
            elif batch:
                await self._append(batch, uncertain=uncertain)

    async def _append(self, batch: list[_Item], *, uncertain: bool) -> None:
        newest = max(item.epoch for item in batch)
        for item in batch:
            if item.epoch < newest:
                _refuse(item, ConfigurationMoved())
        current = [item for item in batch if item.epoch == newest]
        rows = [row for item in current for row in item.rows]
        connection = await self._connected()
        cursor = await connection.execute(self._statement, append_arguments(rows, newest), prepare=True, binary=True)
        stored = await cursor.fetchone()
        assert stored is not None
        if stored[0] is None:
            if uncertain:  # while this waited for the lock, what was thought lost may have been committed
                current = await self._without_stored(current)
            _refuse_all(current, ConfigurationMoved())
            return
        assert isinstance(stored[0], int)
        _confirm(current, stored[0] - len(rows))

    async def _without_stored(self, batch: list[_Item]) -> list[_Item]:
        connection = await self._connected()
        firsts = [item.rows[0] for item in batch]
        ids, versions = [row[0] for row in firsts], [row[1] for row in firsts]
        cursor = await connection.execute(self._lookup, (ids, versions), binary=True)
        stored = {(row[1], row[4]): row[0] for row in await cursor.fetchall()}
        missing = []
        for item, first in zip(batch, firsts, strict=True):
            position = stored.get((first[0], first[3]))
            if isinstance(position, int):
                _confirm([item], position - 1)
            else:
                missing.append(item)
        return missing

    async def _connected(self) -> "psycopg.AsyncConnection[tuple[object, ...]]":
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _confirm(items: Iterable[_Item], position: int) -> None:
    for item in items:
        position += len(item.rows)
        if not item.answer.done():
            item.answer.set_result(position)


def _refuse_all(items: Iterable[_Item], error: Exception) -> None:
    for item in items:
        _refuse(item, error)


def _refuse(item: _Item, error: Exception) -> None:
    if not item.answer.done():
        item.answer.set_exception(error)
