"""What-if replays over a real log: as it was, nothing differs; under another configuration, what differs is told."""

import itertools
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from application.records import Change
from domain import webhooks
from infrastructure.database import Database
from tests import databases, histories, replaying, stores


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    """The whole history of all actions, with edits among webhooks, settled in pages of three."""
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        for change in histories.everything():
            stores.ledger(database).append(change)
        stores.drain(database, page=3)
        for number in (1, 2):
            for change in histories.deliveries(number):
                stores.ledger(database).append(change)
        stores.drain(database, page=4)
        yield database


WHERE: Any = {"source": histories.SOURCE, "environment": histories.ENVIRONMENT}


@pytest.mark.parametrize("page", [1, 7, 500])
def test_the_same_configuration_makes_no_difference(database: Database, page: int) -> None:
    replay = replaying.request(database, f"same-{page}", **WHERE)
    found = replaying.run(database, replay, page=page)
    assert replaying.changes(database, replay) == {}
    assert found["status"] == "completed"
    assert found["totals"]["evaluated"] == found["progress"]["total"] > 50


def test_what_is_applied_ends_however_much_comes_in_meanwhile(database_url: str) -> None:
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        for change in histories.everything():
            ledger.append(change)
        pin = histories.remap(ledger)
        stores.drain(database)
        worker, came = stores.pipeline(database), itertools.count()

        def busy(seconds: float) -> None:
            """The worker does its work, and something waits again."""
            worker.run_once()
            number = next(came)
            assert number < 100, "the replay waits for ever"
            received = histories.received(histories.body(f"busy-{number}", ("users_identify", {"id": "busy"})), 60)
            ledger.append(Change(stream=webhooks.stream(f"busy-{number}"), version=0, events=(received,)))

        busy(0)
        working = replaying.replaying(database)
        working = attrs.evolve(working, applying=attrs.evolve(working.applying, sleep=busy))
        replay = replaying.request(database, "busy", pin=pin, mode="apply", reason="for the record", **WHERE)
        working.carry_on(replay, replaying.at_once)
        assert replaying.shown(database, replay)["status"] == "completed"
        assert next(came) > 1
