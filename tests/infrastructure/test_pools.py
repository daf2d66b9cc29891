"""The pool of connections outlives the server's restarts without a request that fails because of them."""

import time
from collections.abc import Iterator

import pytest

from application.errors import Unavailable
from infrastructure.database import Database
from infrastructure.event_store.recorder import LedgerRecorder
from tests import proxies, stores
from tests.proxies import Proxy

SIZE = 5


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    with proxies.between(database_url) as proxy:
        yield proxy


@pytest.fixture
def database(proxy: Proxy) -> Iterator[Database]:
    with stores.migrated(proxy.url, pool_size=SIZE) as database:
        yield database


def backends(database: Database, number: int) -> list[object]:
    """The sessions that answer so many requests, one after the other."""
    datastore = database.recorder(LedgerRecorder).datastore
    found = []
    for _ in range(number):
        with datastore.get_connection() as connection:
            row = connection.execute("SELECT pg_backend_pid() AS pid").fetchone()
            found.append(row["pid"] if row else None)
    return found


def test_connections_are_used_again(database: Database) -> None:
    assert len(set(backends(database, 4 * SIZE))) == SIZE


def test_after_all_connections_broke_no_request_fails(database: Database, proxy: Proxy) -> None:
    before = backends(database, SIZE)
    proxy.cut()
    time.sleep(0.1)
    after = backends(database, 2 * SIZE)
    assert not set(before) & set(after)


def test_without_a_server_requests_fail_in_time_and_afterwards_succeed(database: Database, proxy: Proxy) -> None:
    ledger = stores.ledger(database)
    assert ledger.epoch() == 0
    with proxy.away():
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            ledger.epoch()
        assert time.monotonic() - begun < 2.5
    assert ledger.epoch() == 0
