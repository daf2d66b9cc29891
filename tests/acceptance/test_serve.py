"""`hookledger serve` as an operator meets it: its first words, its end, and what a crash leaves behind."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.embedded_postgres import EmbeddedPostgres
from tests import databases, gateways
from tests.gateways import COMMAND, Gateway
from tests.servers import within

SOON = 15.0
SOURCE = {"source": {"name": "Kept", "preconfigured_provider": "custom_http"}}


@pytest.fixture
def directory() -> Iterator[Path]:
    with databases.server_directory() as place:
        yield place


def descendants(pid: int) -> set[int]:
    """Every process that `pid` started, directly or not."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=True, text=True).stdout
    parents = {int(child): int(parent) for child, parent in map(str.split, shown.splitlines())}
    found, new = set[int](), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new}
        found |= new
    return found


def remaining(pids: set[int]) -> set[int]:
    """Those that still run; one that only waits to be counted by its parent does not."""
    command = ["ps", "-o", "pid=,stat=", "-p", ",".join(map(str, pids))]
    shown = subprocess.run(command, capture_output=True, check=False, text=True).stdout
    return {int(pid) for pid, state in map(str.split, shown.splitlines()) if not state.startswith("Z")}


def serve_in_vain(database_url: str | None, **settings: str) -> str:
    """The one line with which `serve` refuses to start."""
    refused = subprocess.run(
        [*COMMAND, "serve"],
        env=gateways.environment(database_url, settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=SOON,
    )
    lines = refused.stderr.splitlines()
    assert (refused.returncode, refused.stdout, len(lines)) == (1, "", 1)
    return lines[0]


def test_it_prints_its_address_once_it_answers(database_url: str) -> None:
    with gateways.running(database_url) as gateway:
        assert within(SOON, lambda: f"Hookledger is at {gateway.url} " in gateway.log_text())


def test_the_first_token_opens_the_api_and_later_starts_say_where_it_is(database_url: str, directory: Path) -> None:
    kept = directory / "admin.token"
    for words in (
        "Admin token, shown this once: {token}\nIt is kept in {file}",
        "of the first start is kept in {file}",
    ):
        with gateways.running(database_url, admin_token="", data_dir=str(directory)) as gateway:
            token = kept.read_text().strip()
            assert words.format(token=token, file=kept) in gateway.log_text()
            headers = {"authorization": f"Bearer {token}"}
            assert gateway.client.get("/v1/sources", headers=headers).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything(directory: Path, number: signal.Signals) -> None:
    with gateways.running(None, data_dir=str(directory)) as gateway:
        family = descendants(gateway.process.pid)
        assert len(family) > 3  # API, worker, PostgreSQL and its helpers
        gateways.stop(gateway, number)
        assert gateway.process.returncode == 0
        assert remaining(family) == set()
        assert gateway.log_text().endswith("Stopped.\n")


def test_a_killed_serve_leaves_no_process_and_no_gap(directory: Path) -> None:
    with gateways.running(None, data_dir=str(directory)) as gateway:
        family = descendants(gateway.process.pid)
        assert gateway.client.put("/v1/sources/kept", json=SOURCE).status_code == 200
        gateway.process.kill()
        gateway.process.wait()
        assert within(SOON, lambda: not remaining(family)), remaining(family)
    with gateways.running(None, data_dir=str(directory)) as gateway:
        assert gateway.client.get("/v1/sources/kept").json()["name"] == "Kept"


def test_a_killed_child_is_started_again(database_url: str) -> None:
    with gateways.running(database_url) as gateway:
        api = only_child_named(gateway, "api")
        subprocess.run(["kill", "-9", str(api)], check=True)
        assert within(SOON, lambda: not remaining({api}))
        assert within(SOON, gateway.ready)


def only_child_named(gateway: Gateway, name: str) -> int:
    command = ["ps", "-o", "pid=,args=", "-p", ",".join(map(str, descendants(gateway.process.pid)))]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    (found,) = [line.split()[0] for line in lines if line.split()[-1] == name]
    return int(found)


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = serve_in_vain(None, port=port)
        assert refused.startswith(f"hookledger: cannot listen on 127.0.0.1 port {port}: ")


def test_a_data_directory_in_use_is_told_in_one_line(directory: Path) -> None:
    with EmbeddedPostgres(directory / "postgres"):
        refused = serve_in_vain(None, data_dir=str(directory), port=str(gateways.free_port()))
        assert "is in use by another Hookledger" in refused
