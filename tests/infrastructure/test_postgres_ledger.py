"""The event store in PostgreSQL keeps the contract."""

from collections.abc import Iterator

import pytest

from infrastructure.event_store.ledger import PostgresLedger
from tests import examples, stores
from tests.contracts.event_store import EventStoreContract


class TestPostgresLedger(EventStoreContract):
    @pytest.fixture
    def store(self, database_url: str) -> Iterator[PostgresLedger]:
        with stores.migrated(database_url) as database:
            yield stores.ledger(database, clock=lambda: examples.AT)
