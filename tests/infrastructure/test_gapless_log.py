"""Whoever follows the log misses nothing: with many writers at once, positions become visible in their order."""

import itertools
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from application.records import Change
from infrastructure.database import Database
from infrastructure.event_store.recorder import CHANNEL, LedgerRecorder
from tests import examples, stores

WRITERS = 8
EVENTS = 1_000_000 if os.environ.get("LONG_TESTS") == "1" else 100_000
SIZES = (1, 1, 2, 1, 3, 1, 8, 1, 21, 2, 1, 55, 1, 5, 144, 1, 2, 377)
"""Events in a batch: mostly few, so that commits come thick and fast, and now and then many."""

PAGE = 2_000

Wait = Callable[[], None]


@attrs.define
class Follower:
    """Reads the log from its beginning, a page at a time, until told that all is written; notes what it saw."""

    database: Database
    written: threading.Event = attrs.Factory(threading.Event)
    seen: list[tuple[int, str, int]] = attrs.Factory(list)
    seen_early: int = 0

    def follow(self, wait: Wait) -> None:
        ledger = stores.ledger(self.database)
        after, last_look = 0, False
        while True:
            page = ledger.log(after=after, limit=PAGE)
            self.seen += [(each.position or 0, each.stream, each.version) for each in page]
            after = self.seen[-1][0] if self.seen else 0
            if not page:
                if last_look:
                    return
                last_look = self.written.is_set()
                wait()
            elif not self.written.is_set():
                self.seen_early = len(self.seen)


def write(database: Database, writer: int, number: int) -> list[tuple[str, int]]:
    """Append `number` events to a stream of the writer's own, in batches of many sizes."""
    ledger, stream, done = stores.ledger(database), f"run-{writer}", 0
    sizes = itertools.islice(itertools.cycle(SIZES), writer, None)
    while done < number:
        size = min(next(sizes), number - done)
        ledger.append(Change(stream=stream, version=done, events=(examples.RUN_CANCELLED,) * size))
        done += size
    return [(stream, version) for version in range(1, number + 1)]


@pytest.mark.parametrize(("woken", "events"), [(False, EVENTS), (True, EVENTS // 5)], ids=["polling", "woken"])
def test_a_reader_who_follows_eight_writers_misses_no_event(database_url: str, woken: bool, events: int) -> None:
    """It sees every event once, in order, and most of them while the writers are still at it."""
    with stores.migrated(database_url, pool_size=WRITERS + 2) as database:
        follower = Follower(database)
        with database.connect() as listener, ThreadPoolExecutor(WRITERS + 1) as threads:
            listener.execute(f"LISTEN {CHANNEL}")
            wait = (lambda: list(listener.notifies(timeout=1, stop_after=1))) if woken else (lambda: time.sleep(0.001))
            following = threads.submit(follower.follow, wait)  # type: ignore[arg-type]
            writing = [threads.submit(write, database, n, events // WRITERS) for n in range(WRITERS)]
            written = {key for each in writing for key in each.result()}
            follower.written.set()
            following.result(60)
    positions = [position for position, _, _ in follower.seen]
    assert all(before < after for before, after in itertools.pairwise(positions))
    assert len(written) == events
    assert written - {(stream, version) for _, stream, version in follower.seen} == set()
    assert len(follower.seen) == len(written)
    assert follower.seen_early > len(written) // 2


def test_the_library_s_function_that_writes_without_the_lock_is_not_there(database_url: str) -> None:
    """Its events would become visible out of order, so nobody shall be able to call it by mistake."""
    with stores.migrated(database_url) as database, database.connect() as connection:
        functions = connection.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'es_insert%'").fetchall()
        assert functions == []
        assert not database.recorder(LedgerRecorder).datastore.enable_db_functions
