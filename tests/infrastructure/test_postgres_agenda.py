"""The agenda in PostgreSQL keeps the contract, and a lease ends at once with the process that took it."""

from collections.abc import Iterator

import psycopg
import pytest

from infrastructure.database import Database
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.agenda import PostgresAgenda
from infrastructure.projections.inbox import PostgresInbox
from tests import examples, stores
from tests.contracts.agenda import AgendaContract, begin, claim, prepared, record


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        yield database


@pytest.fixture
def store(database: Database) -> PostgresLedger:
    return stores.ledger(database, clock=lambda: examples.AT)


@pytest.fixture
def inbox(database: Database) -> PostgresInbox:
    return stores.inbox(database, clock=lambda: examples.AT)


def agenda_of(database: Database, owner: int) -> PostgresAgenda:
    recorder = database.recorder(WorkerRecorder)
    return PostgresAgenda(recorder=recorder, mapper=database.mapper, clock=lambda: examples.AT, owner=owner)


@pytest.fixture
def agenda(database: Database) -> Iterator[PostgresAgenda]:
    """That of a process which lives."""
    agenda = agenda_of(database, 1)
    with database.connect() as alive:
        alive.execute(agenda.owner_lock)
        yield agenda


class TestPostgresAgenda(AgendaContract):
    """See the contract."""


def test_what_a_process_had_taken_up_is_free_as_soon_as_it_is_gone(
    database: Database, store: PostgresLedger, inbox: PostgresInbox, agenda: PostgresAgenda
) -> None:
    begin(store, inbox, "r")
    other = agenda_of(database, 2)
    alive: psycopg.Connection[tuple[object, ...]] = database.connect()
    alive.execute(other.owner_lock)
    assert claim(other) == ["r"]
    assert claim(agenda) == []
    alive.close()
    assert claim(agenda) == ["r"]


def test_what_is_recorded_shows_in_the_read_models_at_once(
    database: Database, store: PostgresLedger, inbox: PostgresInbox, agenda: PostgresAgenda
) -> None:
    begin(store, inbox, "r")
    record(store, agenda, prepared("r"))
    assert stores.rows(database, "runs", ["id", "status"]) == [("r", "processing")]
