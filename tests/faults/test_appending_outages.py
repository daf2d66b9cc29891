"""Appending while the database goes away, goes silent or loses answers: nobody waits long, and nothing is guessed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import attrs
import psycopg
import pytest

from application.errors import Conflict, Unavailable
from application.records import Change
from domain import webhooks
from infrastructure.database import Database
from infrastructure.event_store.appender import GroupCommit
from tests import examples, proxies, stores
from tests.proxies import Proxy

PATIENCE = 2.5
"""Seconds within which every caller has an answer."""

LOAD = 32
"""Callers at a time."""

Use = Callable[[GroupCommit], Awaitable[Any]]
Answer = int | BaseException


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        yield database


@pytest.fixture
def proxy(database: Database) -> Iterator[Proxy]:
    with proxies.between(database.conninfo) as proxy:
        yield proxy


def appending(database: Database, use: Use, conninfo: str | None = None) -> Any:
    """Run `use` with an appender."""

    async def run() -> Any:
        async with stores.group_commit(database, conninfo=conninfo) as committing:
            return await use(committing)

    return asyncio.run(run())


def received(number: int) -> Change:
    return Change(stream=webhooks.stream(str(number)), version=0, events=(examples.WEBHOOK_RECEIVED,))


async def placed(committing: GroupCommit, change: Change, *, epoch: int) -> int:
    """The position of an appended change."""
    return (await committing.append(change, epoch=epoch)).position


async def answers(committing: GroupCommit, numbers: range) -> list[Answer]:
    callers = (placed(committing, received(number), epoch=0) for number in numbers)
    return await asyncio.gather(*callers, return_exceptions=True)


async def answers_one_by_one(committing: GroupCommit, seconds: float) -> list[float]:
    """How long each of many callers waited to be told Unavailable; they come one after the other."""

    async def told(number: int) -> float:
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            await placed(committing, received(number), epoch=0)
        return time.monotonic() - begun

    callers = []
    for number in range(round(seconds / 0.05)):
        callers.append(asyncio.create_task(told(1_000 + number)))
        await asyncio.sleep(0.05)
    return await asyncio.gather(*callers)


@pytest.mark.parametrize("outage", [Proxy.away, Proxy.silent])
def test_without_the_database_every_caller_is_told_in_time_and_later_served(
    database: Database, proxy: Proxy, outage: Callable[[Proxy], Any]
) -> None:
    """Whether it refuses or merely says nothing, and for those who come later too; no restart is needed."""

    async def use(committing: GroupCommit) -> tuple[list[float], list[Answer]]:
        await placed(committing, received(1), epoch=0)
        with outage(proxy):
            waited = await answers_one_by_one(committing, seconds=1.5)
        return waited, await answers(committing, range(2, 12))

    waited, served = appending(database, use, proxy.url)
    assert max(waited) < PATIENCE
    assert all(isinstance(answer, int) for answer in served)
    assert _numbers(database) >= set(range(1, 12))


def test_a_short_absence_is_not_noticed(database: Database, proxy: Proxy) -> None:
    async def use(committing: GroupCommit) -> list[Answer]:
        await placed(committing, received(1), epoch=0)
        with proxy.away():
            callers = asyncio.create_task(answers(committing, range(2, 30)))
            await asyncio.sleep(0.5)
        return await callers

    assert all(isinstance(answer, int) for answer in appending(database, use, proxy.url))
    assert _numbers(database) == set(range(1, 30))


def test_a_commit_whose_answer_is_lost_is_found(database: Database, proxy: Proxy) -> None:
    """The callers are told where their events stand, and each stands there once."""

    async def use(committing: GroupCommit) -> list[Answer]:
        await placed(committing, received(1), epoch=0)
        proxy.lose_next_answer()
        return await answers(committing, range(2, 22))

    told = appending(database, use, proxy.url)
    assert proxy.lost
    stored = list(stores.log(database))
    assert sorted(told) == [each.position for each in stored][1:]
    assert len(stored) == 21


def test_an_append_whose_answers_are_lost_time_and_again_is_found(database: Database, proxy: Proxy) -> None:
    """Even the answer to the look-up may be lost."""

    async def use(committing: GroupCommit) -> list[int]:
        positions = [await placed(committing, received(1), epoch=0)]
        for number in range(2, 12):
            appending = asyncio.create_task(placed(committing, received(number), epoch=0))
            proxy.lose_next_answer()
            await asyncio.sleep(0.01)
            if proxy.lost:
                proxy.lose_next_answer()
            positions.append(await appending)
        return positions

    positions = appending(database, use, proxy.url)
    assert positions == [each.position for each in stores.log(database)]
    assert len(positions) == 11


def test_a_conflict_is_told_as_one_also_when_answers_were_lost(database: Database, proxy: Proxy) -> None:
    """At once, and to its caller alone: the others of the batch are stored."""
    stores.ledger(database).append(attrs.evolve(received(7), events=(examples.WEBHOOK_REJECTED,)))

    async def use(committing: GroupCommit) -> list[Answer]:
        await placed(committing, received(1), epoch=0)
        proxy.lose_next_answer()
        return await answers(committing, range(2, 12))

    begun = time.monotonic()
    told = appending(database, use, proxy.url)
    assert [number for number, answer in enumerate(told, start=2) if isinstance(answer, Conflict)] == [7]
    assert sum(isinstance(answer, int) for answer in told) == 9
    assert time.monotonic() - begun < 1.5


def test_connections_that_break_under_load_lose_and_double_nothing(database: Database) -> None:
    """Its backend is terminated again and again; every answer is true, and nobody is told that it failed."""

    async def use(committing: GroupCommit) -> tuple[int, dict[int, Answer]]:
        told: dict[int, Answer] = {}
        finish = time.monotonic() + 3
        callers = [asyncio.create_task(_load(committing, first, told, finish)) for first in range(LOAD)]
        killed = await asyncio.to_thread(_terminate_now_and_then, database, finish)
        await asyncio.gather(*callers)
        return killed, told

    killed, told = appending(database, use)
    stored = list(stores.log(database))
    assert killed >= 20
    assert len(told) > 1_000
    assert {number: answer for number, answer in told.items() if not isinstance(answer, int)} == {}
    assert told == {int(webhooks.id_of(each.stream)): each.position for each in stored}
    assert len(stored) == len(told)


async def _load(committing: GroupCommit, first: int, told: dict[int, Answer], finish: float) -> None:
    number = first
    while time.monotonic() < finish:
        (told[number],) = await answers(committing, range(number, number + 1))
        number += LOAD


def _terminate_now_and_then(database: Database, finish: float) -> int:
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'hookledger'"
    )
    killed = 0
    with psycopg.connect(database.conninfo, autocommit=True, application_name="saboteur") as connection:
        while time.monotonic() < finish:
            row = connection.execute(query).fetchone()
            killed += row[0] if row else 0
            time.sleep(0.05)
    return killed


def _numbers(database: Database) -> set[int]:
    return {int(webhooks.id_of(each.stream)) for each in stores.log(database)}
