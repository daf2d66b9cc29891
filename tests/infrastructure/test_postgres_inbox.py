"""The inbox in PostgreSQL keeps the contract; what it cannot settle it leaves as it was."""

from collections.abc import Callable, Iterator, Sequence

import attrs
import pytest
from eventsourcing.persistence import OperationalError

from application.errors import Conflict, Unavailable
from application.pipeline import Settled
from application.records import Change, Recorded
from domain import sources, webhooks
from infrastructure.database import Database
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.projections.inbox import PostgresInbox
from tests import examples, histories, stores
from tests.contracts.inbox import RECEIVED, SCOPE, STREAM, USER, InboxContract, decided, settle
from tests.proxies import between


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


class TestPostgresInbox(InboxContract):
    """See the contract."""


def parked(database: Database) -> list[tuple[object, ...]]:
    return stores.rows(database, "parked", ["stream", "error"])


def test_what_is_parked_is_kept_with_its_error(store: PostgresLedger, inbox: PostgresInbox, database: Database) -> None:
    store.append(RECEIVED)
    inbox.park(inbox.waiting(1)[0], "ValueError: no sense in it")
    assert parked(database) == [(STREAM, "ValueError: no sense in it")]


@pytest.mark.parametrize("change", ["topic = 'SourcePaused'", "state = 'no event'", "state = '{\"v\":2}\n{}'"])
def test_an_event_from_the_future_is_parked_and_those_around_it_are_served(
    store: PostgresLedger, inbox: PostgresInbox, database: Database, change: str
) -> None:
    stream = sources.stream(examples.SOURCE)
    store.append(
        attrs.evolve(RECEIVED, stream="webhook-1"),
        Change(stream=stream, version=0, events=(examples.SOURCE_CONNECTED, examples.SOURCE_DESCRIBED)),
        attrs.evolve(RECEIVED, stream="webhook-2"),
    )
    with database.connect() as connection:
        connection.execute(f"ALTER TABLE {database.schema}.ledger_events DISABLE TRIGGER USER".encode())
        query = f"UPDATE {database.schema}.ledger_events SET {change} WHERE originator_id = '{stream}'"
        connection.execute(query.encode())
    for name in ("webhook-1", "webhook-2"):
        page = inbox.waiting(10)
        assert [each.stream for each in page] == [name]
        settle(inbox, page, decided(stream=name))
    assert [row[0] for row in parked(database)] == [stream, stream]


def test_a_failed_settling_leaves_nothing_behind_for_the_next(
    store: PostgresLedger, inbox: PostgresInbox, database: Database
) -> None:
    """What was gathered for the read models before it failed is not written later."""
    store.append(RECEIVED)
    (received,) = inbox.waiting(1)
    impossible = Change(stream="run-1", version=0, events=(object(),))
    with pytest.raises(KeyError):
        inbox.settle([Settled(recorded=received, changes=(decided(), impossible))])
    settle(inbox, [received], decided())
    assert stores.rows(database, "accounting", ["outcome", "webhooks"]) == [("executed", 1)]


@pytest.mark.parametrize(
    "use",
    [
        lambda inbox, page: inbox.look_up([("production", USER)], [SCOPE]),
        lambda inbox, page: settle(inbox, page, decided()),
        lambda inbox, page: inbox.park(page[0], "unwell"),
    ],
    ids=["look_up", "settle", "park"],
)
def test_a_broken_connection_is_never_taken_for_a_fault_of_the_events(
    database: Database, store: PostgresLedger, use: Callable[[PostgresInbox, Sequence[Recorded]], object]
) -> None:
    store.append(RECEIVED)
    with between(database.conninfo) as proxy, stores.migrated(proxy.url, pool_size=1) as behind:
        inbox = stores.inbox(behind)
        page = inbox.waiting(1)
        proxy.lose_next_answer()
        with pytest.raises(Unavailable):
            use(inbox, page)
        assert inbox.waiting(1) == page


def test_what_is_too_large_for_an_index_is_a_fault_of_the_events(store: PostgresLedger, inbox: PostgresInbox) -> None:
    """It rises as itself, so that the pipeline puts it aside, and not as an outage, which would be tried for ever."""
    store.append(RECEIVED)
    (received,) = inbox.waiting(1)
    place = "".join(chr(0x10000 + 7919 * number % 60_000) for number in range(250))
    subscribed = attrs.evolve(
        examples.ACTION_EXECUTED,
        action_type="objects_subscribe",
        payload={
            "collection": f"{place}a",
            "object_id": f"{place}b",
            "recipients": [{"collection": f"{place}c", "id": f"{place}d"}],
            "identify": [],
            "properties": {},
        },
        result={"count": 1, "created_object": False},
    )
    change = Change(stream=received.stream, version=1, events=(subscribed,))
    with pytest.raises(OperationalError, match="index row size"):
        inbox.settle([Settled(recorded=received, changes=(change,))])
    assert inbox.waiting(1) == (received,)


def test_a_page_ends_where_large_webhooks_fill_it(store: PostgresLedger, inbox: PostgresInbox) -> None:
    """A backlog of the largest bodies is read a few at a time, and never in one piece."""
    large = attrs.evolve(examples.WEBHOOK_RECEIVED, body=b"x" * 5_000_000)
    for number in range(3):
        store.append(Change(stream=f"webhook-{number}", version=0, events=(large,)))
    assert len(inbox.waiting(500)) == 2


def test_what_was_erased_while_the_worker_thought_about_it_is_looked_at_again(database: Database) -> None:
    changes = histories.deliveries(1)[:3]
    stores.ledger(database).append(*changes)
    inbox = stores.inbox(database)
    waiting = inbox.waiting(10)
    _destroy(database, changes[1].stream)
    with pytest.raises(Conflict, match="erased"):
        inbox.settle([Settled(recorded=each) for each in waiting])
    assert [each.erased for each in inbox.waiting(10)] == [False, True, False]


def test_an_erased_webhook_that_still_waits_ends_as_failed_and_says_why(database: Database) -> None:
    [erased, kept] = histories.deliveries(1)[:2]
    stores.ledger(database).append(histories.configured(), erased, kept)
    _destroy(database, erased.stream)
    stores.drain(database)
    lines = stores.rows(database, "event_logs", ["id", "outcome", "error"])
    outcomes = {webhooks.stream(name): (outcome, (error or {}).get("code")) for name, outcome, error in lines}
    assert outcomes == {erased.stream: ("failed", "payload_erased"), kept.stream: ("executed", None)}
    assert stores.rows(database, "parked") == []
    assert stores.rows(database, "data_keys", ["stream"]) == [(kept.stream,)]


def test_an_erased_webhook_that_is_to_be_evaluated_again_ends_as_failed_and_says_why(database: Database) -> None:
    [delivery] = histories.deliveries(1)[:1]
    store, stream = stores.ledger(database), delivery.stream
    store.append(histories.configured(), delivery)
    stores.drain(database)
    _destroy(database, stream)
    version = store.history(stream)[-1].version
    store.append(Change(stream=stream, version=version, events=(examples.EVALUATION_REQUESTED,)))
    stores.drain(database)
    failed = store.history(stream)[-2].event
    assert isinstance(failed, webhooks.EvaluationFailed)
    assert (failed.evaluation, failed.reason) == (2, "payload_erased")


def _destroy(database: Database, stream: str) -> None:
    with database.connect() as connection:
        connection.execute(f"DELETE FROM {database.schema}.data_keys WHERE stream = %s".encode(), (stream,))
