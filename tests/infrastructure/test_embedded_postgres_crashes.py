"""The embedded server and its supervisor, really killed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded_postgres import EmbeddedPostgres, accounts, binaries
from tests import databases
from tests.servers import answer, remember, within

REPOSITORY = Path(__file__).parents[2]

SUPERVISOR = """
import pathlib, sys, time
from infrastructure.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""

BUSY = b"""
DO $$ DECLARE finish timestamptz := clock_timestamp() + interval '1.5 s';
BEGIN WHILE clock_timestamp() < finish LOOP END LOOP; END $$
"""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with databases.server_directory() as directory:
        yield directory / "postgres"


def running(pid: int) -> bool:
    outcome = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return outcome.stdout.strip()[:1] not in (b"", b"Z")


def test_a_killed_server_comes_back_with_its_data(data_dir: Path) -> None:
    """After kill -9, with a session still at work on shared memory, `ensure` recovers everything."""
    with EmbeddedPostgres(data_dir) as server:
        remember(server.url, "committed")
        busy = psycopg.connect(server.url, autocommit=True)
        busy.pgconn.send_query(BUSY)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert within(2, lambda: not server.alive())
        assert answer(server.ensure(), "SELECT word FROM kept") == "committed"
        busy.close()
    assert "pre-existing shared memory block" in data_dir.with_name("postgres.log").read_text()


@on_linux
def test_a_killed_supervisor_leaves_no_server(data_dir: Path) -> None:
    """After kill -9 of the supervisor the server stops by itself, and the next start works."""
    command = [sys.executable, "-c", SUPERVISOR, str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        remember(EmbeddedPostgres(data_dir).url, "committed")
        assert running(pid)
        supervisor.kill()
    assert within(5, lambda: not running(pid))
    with EmbeddedPostgres(data_dir) as server:
        assert answer(server.url, "SELECT word FROM kept") == "committed"


def test_a_server_without_supervisor_is_stopped(data_dir: Path) -> None:
    """A leftover server is shut down in order, and a fresh one takes its place."""
    with EmbeddedPostgres(data_dir) as server:
        remember(server.url, "committed")
    account = accounts.server_account(data_dir)
    orphan = subprocess.Popen(
        [binaries.locate().postgres, "-D", data_dir, "-k", data_dir, "-h", ""],
        user=account.uid if account else None,
        group=account.gid if account else None,
        stderr=subprocess.DEVNULL,
    )
    threading.Thread(target=orphan.wait, daemon=True).start()
    assert within(5, lambda: "ready" in _text(data_dir / "postmaster.pid"))
    with server:
        assert orphan.wait(5) == 0
        assert answer(server.url, "SELECT word FROM kept") == "committed"


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


@pytest.mark.parametrize("alive", [False, pytest.param(True, marks=on_linux)])
def test_a_stale_pid_file_does_not_disturb(data_dir: Path, alive: bool) -> None:
    """A pid file whose process is gone, or is by now some other program, is no obstacle."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    remains = (data_dir / "postmaster.pid").read_text()
    server.stop()
    account = accounts.server_account(data_dir)
    with subprocess.Popen(["sleep", "30"], user=account.uid if account else None) as other:
        if not alive:
            other.kill()
            other.wait()
        stale = "\n".join([str(other.pid), *remains.split("\n")[1:]])
        (data_dir / "postmaster.pid").write_text(stale)
        with server:
            assert answer(server.url, "SELECT 1") == 1
        assert (other.poll() is None) == alive
        other.kill()


def test_an_interrupted_initdb_is_redone(data_dir: Path) -> None:
    """What a killed first start left half-made is thrown away, and a whole database made."""
    command = [sys.executable, "-c", SUPERVISOR, str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=REPOSITORY) as supervisor:
        assert within(5, lambda: any(data_dir.parent.glob("postgres.draft-*/global")))
        supervisor.kill()
    assert not data_dir.exists()
    with EmbeddedPostgres(data_dir) as server:
        assert answer(server.url, "SELECT 1") == 1
    assert not any(data_dir.parent.glob("postgres.draft-*"))
