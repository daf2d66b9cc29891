"""The agenda in memory keeps the contract."""

import pytest

from infrastructure.event_store.ledger import MemoryLedger
from tests import examples, memory
from tests.contracts.agenda import AgendaContract
from tests.memory import MemoryInbox
from tests.memory_agenda import MemoryAgenda


class TestMemoryAgenda(AgendaContract):
    """See the contract."""

    @pytest.fixture
    def store(self) -> MemoryLedger:
        return memory.ledger(lambda: examples.AT)

    @pytest.fixture
    def inbox(self, store: MemoryLedger) -> MemoryInbox:
        return MemoryInbox(store, lambda: examples.AT)

    @pytest.fixture
    def agenda(self, store: MemoryLedger) -> MemoryAgenda:
        return MemoryAgenda(store)
