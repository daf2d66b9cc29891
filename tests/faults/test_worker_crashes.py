"""The worker, a real process, killed, stopped and cut off at work: every webhook is decided once all the same."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from application.errors import Conflict
from application.records import Change
from infrastructure.database import Database
from infrastructure.worker import LEASE
from tests import gateways, histories, proxies, recounts, stores
from tests.servers import within

KILLS = 100 if os.environ.get("LONG_TESTS") == "1" else 10
A_ROUND = 30
"""Deliveries of the whole history in a round, some 800 webhooks: more than a page."""

HELD = b"the worker holds the lease"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        ledger.append(histories.configured())
        for name, active in ((histories.WELCOME, True), (histories.SLEEPY, False)):
            event = histories.defined(name, active=active)
            ledger.append(Change(stream=histories.stream_of(name, event), version=0, events=(event,)))
        yield database


@contextmanager
def worker(database: Database, log: Path, *, url: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`hookledger worker`, stopped in the end unless the test has ended it. `url` leads it another way."""
    settings = {"data_dir": str(log.parent), "master_key": gateways.MASTER_KEY}
    environ = gateways.environment(url or database.conninfo, settings)
    with log.open("wb") as output:
        process = subprocess.Popen([*gateways.COMMAND, "worker"], env=environ, stderr=output)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def receive(database: Database, first: int, number: int) -> int:
    """Webhooks for the worker, every fifth delivery of them a repetition. Returns how many."""
    ledger = stores.ledger(database)
    changes = [
        change
        for each in range(first, first + number)
        for change in histories.deliveries(each, repeating=each - 1 if each % 5 == 0 else None)
    ]
    for begin in range(0, len(changes), 500):
        ledger.append(*changes[begin : begin + 500])
    return len(changes)


def settled(database: Database) -> int:
    return stores.inbox(database).position()


def all_settled(database: Database) -> bool:
    return stores.inbox(database).waiting(1) == ()


def wait_for_progress(database: Database) -> None:
    before = settled(database)
    assert within(30, lambda: settled(database) > before)


def finish(database: Database, log: Path) -> None:
    """Let an undisturbed worker do what is left."""
    with worker(database, log):
        assert within(60, lambda: all_settled(database)), log.read_text()


def test_a_worker_that_is_killed_again_and_again_decides_everything_once(database: Database, tmp_path: Path) -> None:
    received = 0
    for kill in range(KILLS):
        received += receive(database, kill * A_ROUND, A_ROUND)
        with worker(database, tmp_path / f"{kill}.log") as process:
            wait_for_progress(database)
            time.sleep(kill * 7 % 40 / 1_000)
            process.kill()
            assert process.wait() == -signal.SIGKILL
    finish(database, tmp_path / "last.log")
    fates = recounts.require_agreement(database)
    assert sum(fates.values()) == received
    assert fates.keys() == {"executed", "partially_executed", "failed", "duplicate", "unmapped"}


def test_of_two_workers_one_stands_by_and_takes_over(database: Database, tmp_path: Path) -> None:
    receive(database, 0, 5)
    logs = tmp_path / "first.log", tmp_path / "second.log"
    with worker(database, logs[0]) as first, worker(database, logs[1]) as second:
        assert within(30, lambda: all_settled(database))
        assert within(5, lambda: HELD in logs[0].read_bytes() + logs[1].read_bytes())
        leader, standby = (first, logs[1]) if HELD in logs[0].read_bytes() else (second, logs[0])
        assert not within(1.5, lambda: HELD in standby.read_bytes())
        leader.kill()
        receive(database, 5, 5)
        assert within(10, lambda: HELD in standby.read_bytes())
        assert within(30, lambda: all_settled(database))
    recounts.require_agreement(database)


def test_a_worker_that_was_asleep_too_long_is_refused(database: Database, tmp_path: Path) -> None:
    """It is stopped at work, its sessions are ended, another takes over; awake again it doubles nothing."""
    receive(database, 0, 120)
    logs = tmp_path / "asleep.log", tmp_path / "awake.log"
    with worker(database, logs[0]) as asleep:
        assert within(30, lambda: settled(database) > 0)
        asleep.send_signal(signal.SIGSTOP)
        with worker(database, logs[1]):
            end_lease(database)
            assert within(30, lambda: HELD in logs[1].read_bytes())
            asleep.send_signal(signal.SIGCONT)
            receive(database, 120, 40)
            assert within(60, lambda: all_settled(database))
    recounts.require_agreement(database)


def test_workers_without_a_lease_conflict_and_double_nothing(database: Database) -> None:
    """Four at once, each reading the same pages: whoever is second is refused, and reads on."""
    received = receive(database, 0, A_ROUND)
    conflicts: list[Conflict] = []
    threads = [threading.Thread(target=_work_without_lease, args=(database, conflicts)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(recounts.require_agreement(database).values()) == received
    assert len(conflicts) > 0


def _work_without_lease(database: Database, conflicts: list[Conflict]) -> None:
    working = stores.pipeline(database, page=20)
    while True:
        try:
            if working.run_once() == 0:
                return
        except Conflict as conflict:
            conflicts.append(conflict)


def test_a_worker_whose_connections_break_blames_no_webhook(database: Database, tmp_path: Path) -> None:
    """Whatever it was doing at that moment, it does it again; no evaluation is recorded as broken."""
    received, cuts = receive(database, 0, 3 * A_ROUND), 0
    with proxies.between(database.conninfo) as proxy, worker(database, tmp_path / "worker.log", url=proxy.url):
        assert within(30, lambda: settled(database) > 0)
        while not all_settled(database) and cuts < 30:
            time.sleep(cuts * 13 % 90 / 1_000)
            proxy.cut()
            cuts += 1
        assert within(60, lambda: all_settled(database))
    fates = recounts.require_agreement(database)
    assert sum(fates.values()) == received
    assert cuts > 3


def test_a_worker_that_nobody_can_wake_finds_news_by_itself(database: Database, tmp_path: Path) -> None:
    """The session in which it listens and holds the lease is ended; what comes then is settled within 3 s."""
    with worker(database, tmp_path / "worker.log"):
        receive(database, 0, 1)
        assert within(30, lambda: all_settled(database))
        for number in range(1, 3):
            end_lease(database)
            receive(database, number, 1)
            assert within(3, lambda: all_settled(database))
    recounts.require_agreement(database)


def end_lease(database: Database) -> None:
    """End the session in which the leader holds its lease."""
    query = """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = %s
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    with database.connect() as connection:
        assert connection.execute(query, (LEASE,)).fetchall() == [(True,)]
