"""The event store in memory keeps the contract."""

import pytest
from eventsourcing.popo import POPOApplicationRecorder

from infrastructure.event_store.ledger import MemoryLedger
from tests import examples, stores
from tests.contracts.event_store import EventStoreContract


class TestMemoryLedger(EventStoreContract):
    @pytest.fixture
    def store(self) -> MemoryLedger:
        return MemoryLedger(recorder=POPOApplicationRecorder(), master=stores.MASTER, clock=lambda: examples.AT)
