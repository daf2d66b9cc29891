"""The worker, a real process, killed while it seals, and over a log that went back."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.database import Database
from tests import gateways, histories, sealed_logs, stores
from tests.sealed_logs import SealedLog
from tests.servers import within

KILLS = 100 if os.environ.get("LONG_TESTS") == "1" else 20


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[SealedLog]:
    with stores.migrated(database_url) as database:
        stores.ledger(database).append(histories.configured())
        yield sealed_logs.empty(database, tmp_path)


def start(database: Database, directory: Path, **settings: str) -> subprocess.Popen[bytes]:
    """`hookledger worker`, which seals ten events at a time and does not wait."""
    given = {"data_dir": str(directory), "master_key": gateways.MASTER_KEY, "checkpoint_events": "10"}
    environ = gateways.environment(database.conninfo, {**given, "checkpoint_seconds": "0.1", **settings})
    with (directory / "worker.log").open("ab") as output:
        return subprocess.Popen([*gateways.COMMAND, "worker"], env=environ, stderr=output)


def number(log: SealedLog) -> int:
    last = log.sealing.checkpoints.last()
    return last.number if last else 0


def wait_for_progress(log: SealedLog, directory: Path) -> None:
    before = number(log)
    assert within(60, lambda: number(log) > before), (directory / "worker.log").read_text()


def test_a_sealer_that_is_killed_again_and_again_leaves_one_sound_chain(log: SealedLog, tmp_path: Path) -> None:
    """Twenty times, at another moment each time; once a line of the file is cut short on top of it."""
    for kill in range(KILLS):
        log.receive(kill)
        process = start(log.database, tmp_path)
        try:
            wait_for_progress(log, tmp_path)
            time.sleep(kill * 7 % 40 / 1_000)
        finally:
            process.kill()
            assert process.wait() == -signal.SIGKILL
        if kill == KILLS // 2:
            text = log.file.path.read_bytes()
            log.file.path.write_bytes(text[:-100])
    finish(log, tmp_path)
    table = [each.digest for each in log.sealing.checkpoints.after(0, 100_000)]
    assert [each.digest for each in log.file.lines() if not hasattr(each, "line")] == table
    assert len(table) >= KILLS
    proof = log.prove()
    assert proof.sound, proof.findings
    assert (proof.unsealed, proof.outside_upto) == (0, proof.head)
    assert log.verify() == []


def finish(log: SealedLog, directory: Path) -> None:
    """Let an undisturbed worker process and seal what is left."""
    process = start(log.database, directory)
    try:
        assert within(60, lambda: stores.inbox(log.database).waiting(1) == () and log.sealing.log.head() == sealed(log))
        assert within(10, lambda: log.prove().outside_upto == log.sealing.log.head())
    finally:
        process.terminate()
        process.wait(30)


def sealed(log: SealedLog) -> int:
    last = log.sealing.checkpoints.last()
    return last.position if last else 0


def test_a_worker_over_a_log_that_went_back_refuses_until_it_is_told(log: SealedLog, tmp_path: Path) -> None:
    log.receive(0, 3)
    finish(log, tmp_path)
    log.run(
        "DELETE FROM {0}.ledger_events WHERE notification_id > 40", "DELETE FROM {0}.checkpoints WHERE position > 40"
    )
    (tmp_path / "worker.log").unlink()
    process = start(log.database, tmp_path)
    assert process.wait(30) == 1
    said = (tmp_path / "worker.log").read_text()
    assert "the worker holds the lease" not in said
    assert "it was truncated, or restored from an older backup" in said
    assert "accept-restore" in said
    log.restoring.accept(reason="the test says so")
    log.receive(9)
    finish(log, tmp_path)
    assert log.prove().sound


def test_a_running_worker_notices_that_the_log_was_cut(log: SealedLog, tmp_path: Path) -> None:
    log.receive(0, 3)
    process = start(log.database, tmp_path)
    try:
        assert within(60, lambda: log.sealing.log.head() == sealed(log) and stores.inbox(log.database).waiting(1) == ())
        log.run("DELETE FROM {0}.ledger_events WHERE notification_id > 40")
        assert process.wait(30) == 1
    finally:
        process.kill()
        process.wait()
    assert "the log was sealed up to position" in (tmp_path / "worker.log").read_text()
