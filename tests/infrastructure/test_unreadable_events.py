"""Events that nobody can read: of a newer program, or altered where they are stored. Readers pass over them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure import recounting
from infrastructure.erasing import searching
from infrastructure.views.feed import LAST, PostgresFeed
from tests import histories, sealed_logs, stores
from tests.sealed_logs import SealedLog

ALTERED = {
    "another topic": "UPDATE {0}.ledger_events SET topic = 'SourceTeleported' WHERE notification_id = %d",
    "another payload": (
        "UPDATE {0}.ledger_events SET state = set_byte(state, length(state) - 1, "
        "get_byte(state, length(state) - 1) # 1) WHERE notification_id = %d"
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


@pytest.mark.parametrize("name", ALTERED)
def test_a_recount_says_how_many_there_are_and_finds_what_lacks_a_receipt(log: SealedLog, name: str) -> None:
    before = recounting.recount(log.database, lambda done, total: None)
    alter(log, name)
    after = recounting.recount(log.database, lambda done, total: None)
    assert (before.unreadable, after.unreadable) == (0, 1)
    assert before.events == after.events == len(stores.rows(log.database, "ledger_events"))
    assert (len(before.wrong), len(after.wrong)) == (0, 1)


def test_what_was_put_aside_is_counted_on_neither_side(log: SealedLog) -> None:
    stores.ledger(log.database).append(*histories.deliveries(40))
    position = stores.ledger(log.database).head()
    log.run(ALTERED["another topic"] % position)
    stores.drain(log.database)
    assert [row[0] for row in stores.rows(log.database, "parked", ["position"])] == [position]
    recounted = recounting.recount(log.database, lambda done, total: None)
    assert (recounted.unreadable, recounted.wrong) == (1, [])
    log.run(f"UPDATE {{0}}.ledger_events SET topic = 'WebhookReceived' WHERE notification_id = {position}")
    recounted = recounting.recount(log.database, lambda done, total: None)
    assert (recounted.unreadable, recounted.wrong) == (0, [])


@pytest.mark.parametrize("name", ALTERED)
def test_a_search_finds_what_can_be_read(log: SealedLog, name: str) -> None:
    ledger, text = stores.ledger(log.database), ["user"]
    environment = histories.ENVIRONMENT
    before = searching.streams_with(ledger, environment, text)
    alter(log, name)
    after = searching.streams_with(ledger, environment, text)
    assert len(after) > 1
    assert after <= before
