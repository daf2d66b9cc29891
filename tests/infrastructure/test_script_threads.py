"""Threads for scripts: many wait, but not too many, and no script takes the place of all others."""

import asyncio
import threading

import pytest

from application.errors import Busy
from domain.scripts import Call, Result
from infrastructure.script_threads import MOST_WAITING, MOST_WAITING_ALIKE, ScriptThreads
from tests import examples

CALL = Call(vars={}, headers={}, raw_body=b"{}", body={}, at=examples.AT)


class Held:
    """An engine in which every call waits until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def check(self, source: str) -> None:
        """See the port."""

    def run(self, source: str, call: Call) -> Result:
        """See the port."""
        assert self.go.wait(20)
        return Result(output={"source": source})


async def flood(sources: list[str], last: str) -> tuple[list[Result], bool]:
    """Let calls wait, ask for one more, let all go: their results, and whether the last one was turned away."""
    held = Held()
    threads = ScriptThreads(held, threads=2)
    waiting = [asyncio.create_task(threads(source, CALL)) for source in sources]
    await asyncio.sleep(0)
    try:
        refused = False
        further = asyncio.create_task(threads(last, CALL))
        await asyncio.sleep(0)
        if further.done() and isinstance(further.exception(), Busy):
            refused = True
        else:
            waiting.append(further)
    finally:
        held.go.set()
    return await asyncio.gather(*waiting), refused


def test_a_flood_for_one_script_leaves_room_for_another() -> None:
    results, refused = asyncio.run(flood(["one"] * MOST_WAITING_ALIKE, "another"))
    assert (len(results), refused) == (MOST_WAITING_ALIKE + 1, False)
    assert results[-1].output == {"source": "another"}


def test_a_flood_for_one_script_is_turned_away_from_it() -> None:
    assert asyncio.run(flood(["one"] * MOST_WAITING_ALIKE, "one"))[1]


def test_a_flood_for_many_scripts_is_turned_away_as_a_whole() -> None:
    several = [f"script {number}" for number in range(MOST_WAITING)]
    assert asyncio.run(flood(several, "one more"))[1]


def test_who_was_served_makes_room() -> None:
    async def twice() -> None:
        held = Held()
        held.go.set()
        threads = ScriptThreads(held, threads=2)
        for _ in range(2):
            await asyncio.gather(*[threads("one", CALL) for _ in range(MOST_WAITING_ALIKE)])

    asyncio.run(twice())


def test_a_call_beyond_what_may_wait_is_busy() -> None:
    async def beyond() -> None:
        held = Held()
        threads = ScriptThreads(held, threads=1)
        waiting = [asyncio.create_task(threads("one", CALL)) for _ in range(MOST_WAITING_ALIKE)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="waiting for a script"):
            await threads("one", CALL)
        held.go.set()
        await asyncio.gather(*waiting)

    asyncio.run(beyond())
