"""What was acknowledged is on record, whoever is killed in the middle of it: the API or PostgreSQL."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain import webhooks
from infrastructure import composition
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.settings import Settings
from tests import databases, gateways, stores
from tests.faults.loads import Load, sending
from tests.gateways import Gateway
from tests.servers import within

LONG = os.environ.get("LONG_TESTS") == "1"
API_KILLS = 100 if LONG else 4
SERVER_KILLS = 50 if LONG else 3
A_WHILE = 0.5
"""Seconds of undisturbed load between two kills."""

ENDPOINT = "/integrations/receive/"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"data_dir": str(tmp_path), "master_key": gateways.MASTER_KEY, "port": str(gateways.free_port())}


@contextmanager
def api(url: str, settings: Mapping[str, str], log: Path) -> Iterator[Gateway]:
    """`hookledger api` over a migrated database."""
    with gateways.started("api", gateways.environment(url, settings), log) as gateway:
        yield gateway


def token(url: str, settings: Mapping[str, str]) -> str:
    """The end of the address at which a new source receives, in a database made ready for it."""
    given = Settings(database_url=url, data_dir=Path(settings["data_dir"]), master_key=settings["master_key"])
    with composition.parts(given) as shared:
        composition.prepare(shared)
        shared.managing.put_source(key="pings", body={"source": {"name": "Pings"}}, actor="test")
        return next(iter(shared.catalogue.snapshot.endpoints))


def stored(url: str) -> list[str]:
    with stores.migrated(url) as database:
        received = stores.ledger(database).category("webhook")
    return [webhooks.id_of(each.stream) for each in received]


def test_an_api_that_is_killed_under_load_loses_nothing_acknowledged(
    database_url: str, environ: dict[str, str], tmp_path: Path
) -> None:
    """After each kill -9 it starts again as if nothing had been."""
    load = Load(f"http://127.0.0.1:{environ['port']}{ENDPOINT}{token(database_url, environ)}")
    with sending(load):
        for kill in range(API_KILLS):
            with api(database_url, environ, tmp_path / f"{kill}.log") as gateway:
                assert load.goes_on(within_seconds=10), gateway.log_text()
                time.sleep(A_WHILE)
                gateway.process.kill()
                assert gateway.process.wait() == -signal.SIGKILL
    assert set(load.acknowledged) - set(stored(database_url)) == set()
    assert len(load.acknowledged) == len(set(load.acknowledged)) > 100 * API_KILLS
    assert set(load.statuses) == {200}
    assert load.broken > 0


def test_a_server_that_is_killed_under_load_loses_nothing_acknowledged(environ: dict[str, str], tmp_path: Path) -> None:
    """Meanwhile senders are told to try again, and once it is back they are served, without a restart of the API."""
    with databases.server_directory() as directory, EmbeddedPostgres(directory / "postgres") as server:
        load = Load(f"http://127.0.0.1:{environ['port']}{ENDPOINT}{token(server.url, environ)}")
        with api(server.url, environ, tmp_path / "api.log") as gateway, sending(load):
            for _ in range(SERVER_KILLS):
                time.sleep(A_WHILE)
                _kill(server)
                assert load.is_told_to_wait(within_seconds=5)
                server.ensure()
                assert load.goes_on(within_seconds=5), gateway.log_text()
                assert gateway.ready()
        assert set(load.acknowledged) - set(stored(server.url)) == set()
    assert len(load.acknowledged) == len(set(load.acknowledged)) > 100 * SERVER_KILLS
    assert set(load.statuses) == {200, 503}
    assert (load.impatient, load.broken) == (0, 0)


def _kill(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert within(5, lambda: not server.alive())
