"""The inbox in memory fulfils the contract of the port, so that tests over it tell the truth."""

import pytest

from infrastructure.event_store.ledger import MemoryLedger
from tests import memory
from tests.application.in_memory import StoppedClock
from tests.contracts.inbox import InboxContract


class TestMemoryInbox(InboxContract):
    @pytest.fixture
    def store(self) -> MemoryLedger:
        return memory.ledger(StoppedClock())

    @pytest.fixture
    def inbox(self, store: MemoryLedger) -> memory.MemoryInbox:
        return memory.MemoryInbox(store, StoppedClock())
