"""Events that nobody can read: of a newer program, or altered where they are stored. Readers pass over them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.views.feed import LAST, PostgresFeed
from tests import sealed_logs, stores
from tests.sealed_logs import SealedLog

ALTERED = {
    "another topic": "UPDATE {0}.ledger_events SET topic = 'SourceTeleported' WHERE notification_id = %d",
    "another payload": (
        "UPDATE {0}.ledger_events SET state = set_byte(state, length(state) - 1, get_byte(state, length(state) - 1) # 1)"
        " WHERE notification_id = %d"
    ),
    "no JSON": "UPDATE {0}.ledger_events SET state = 'x' WHERE notification_id = %d",
    "other JSON": "UPDATE {0}.ledger_events SET state = '[1]' WHERE notification_id = %d",
}


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[SealedLog]:
    with sealed_logs.sealed(database_url, tmp_path) as log:
        stores.drain(log.database)
        yield log


def alter(log: SealedLog, name: str) -> int:
    """Make the last webhook's receipt unreadable; its position."""
    receipts = [each for each in stores.log(log.database) if type(each.event).__name__ == "WebhookReceived"]
    position = receipts[-1].position or 0
    log.run(ALTERED[name] % position)
    return position


@pytest.mark.parametrize("name", ALTERED)
def test_the_feed_goes_on_behind_it(log: SealedLog, name: str) -> None:
    position, head = alter(log, name), log.sealing.log.head()
    entries = PostgresFeed(stores.ledger(log.database)).stretch(0, LAST, 10_000)
    assert [each["position"] for each in entries if "unreadable" in each] == [position]
    assert entries[-1]["position"] == head > position
