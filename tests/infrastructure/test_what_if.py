"""What-if replays over a real log: as it was, nothing differs; under another configuration, what differs is told."""

from collections.abc import Iterator
from typing import Any

import pytest

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
