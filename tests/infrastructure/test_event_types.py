"""Known event types: many are kept apart, but not as many as a sender can make up."""

import json
from collections.abc import Iterator

import attrs
import pytest

from application.records import Change
from domain import configurations, webhooks
from infrastructure.database import Database
from infrastructure.projections import event_types
from tests import databases, examples, stores
from tests.histories import received

SETTINGS = attrs.evolve(examples.SETTINGS, idempotency_key_path=None)
CREATED = attrs.evolve(examples.CONFIGURATION_CREATED, settings=SETTINGS)
NAMES = ["a", "b", "c", "a", "d", "e", "b", "f", "a", "g", "d", "f", "c"]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three types are many here."""
    monkeypatch.setattr(event_types, "MOST", 3)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        yield database


def deliver(database: Database, names: list[str]) -> None:
    ledger = stores.ledger(database)
    stream = configurations.stream(CREATED.source, CREATED.environment)
    ledger.append(Change(stream=stream, version=0, events=(CREATED,)))
    for number, name in enumerate(names):
        event = received(json.dumps({"type": name}).encode(), number, version=1)
        event = attrs.evolve(event, source=CREATED.source, environment=CREATED.environment)
        ledger.append(Change(stream=webhooks.stream(f"webhook-{number:03}"), version=0, events=(event,)))


def counted(database: Database) -> dict[str, int]:
    return {str(name): int(count) for name, count in stores.rows(database, "event_types", ["event_type", "received"])}


@pytest.mark.parametrize("page", [1, 2, 3, 5, 500])
def test_the_first_types_are_kept_apart_and_the_others_counted_together(database: Database, page: int) -> None:
    deliver(database, NAMES)
    stores.drain(database, page=page)
    assert counted(database) == {"a": 3, "b": 2, "c": 2, event_types.OTHER: 6}


def test_the_log_itself_knows_every_type(database: Database) -> None:
    deliver(database, NAMES)
    stores.drain(database)
    logged = [name for (name,) in stores.rows(database, "event_logs", ["event_type"])]
    assert sorted(logged) == sorted(NAMES)


def test_how_the_log_is_cut_into_pages_makes_no_difference(postgres_url: str) -> None:
    tables = []
    for page in (1, 4, 500):
        with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
            deliver(database, NAMES)
            stores.drain(database, page=page, clock=lambda: examples.LATER)
            tables.append(stores.rows(database, "event_types"))
    assert tables[0] == tables[1] == tables[2]


def test_without_strangers_nothing_is_put_together(database: Database) -> None:
    deliver(database, ["a", "b", "a", "c"])
    stores.drain(database)
    assert counted(database) == {"a": 2, "b": 1, "c": 1}
