"""Group commit, while all is well: many callers share a transaction, and each gets an answer of its own."""

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from eventsourcing.persistence import EventStore

from application.errors import Busy, ConfigurationMoved, Conflict, Unavailable
from application.records import Attribution, Change
from domain import sources, webhooks
from infrastructure.database import Database
from infrastructure.event_store import appender, envelopes
from infrastructure.event_store.appender import GroupCommit
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.data_keys import DataKeys
from infrastructure.event_store.recorder import LedgerRecorder
from tests import examples, stores

BY = Attribution(actor=examples.KEY_ID, correlation_id="req-7f3a")
CONNECTED = Change(stream=sources.stream(examples.SOURCE), version=0, events=(examples.SOURCE_CONNECTED,))


class Counting:
    """Chance that can be had twice: numbers that count up, in as many bytes as are asked for."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def __call__(self, size: int) -> bytes:
        return next(self._numbers).to_bytes(size)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        yield database


def received(number: int, *, version: int = 0, body: bytes = examples.BODY) -> Change:
    event = attrs.evolve(examples.WEBHOOK_RECEIVED, body=body)
    return Change(stream=webhooks.stream(str(number)), version=version, events=(event,), attribution=BY)


async def placed(committing: GroupCommit, change: Change, *, epoch: int) -> int:
    """The position of an appended change."""
    return (await committing.append(change, epoch=epoch)).position


async def outcomes(committing: GroupCommit, changes: list[Change], epoch: int = 0) -> list[int | BaseException]:
    return await asyncio.gather(*(placed(committing, each, epoch=epoch) for each in changes), return_exceptions=True)


def appended(database: Database, changes: list[Change], epoch: int = 0) -> list[int | BaseException]:
    """What becomes of these changes, all appended at the same moment."""

    async def run() -> list[int | BaseException]:
        async with stores.group_commit(database, clock=lambda: examples.AT) as committing:
            return await outcomes(committing, changes, epoch)

    return asyncio.run(run())


def test_each_caller_learns_the_position_of_its_own_event(database: Database) -> None:
    answers = appended(database, [received(number) for number in range(2_000)])
    stored = stores.log(database)
    assert answers == [each.position for each in sorted(stored, key=lambda each: int(webhooks.id_of(each.stream)))]
    assert len(set(answers)) == 2_000


def test_a_change_of_several_events_answers_with_the_last(database: Database) -> None:
    several = attrs.evolve(received(1), events=(examples.WEBHOOK_RECEIVED, examples.WEBHOOK_CLASSIFIED))
    assert appended(database, [received(0), several, received(2)]) == [1, 3, 4]


def test_callers_at_the_same_moment_share_transactions(database: Database) -> None:
    """2,000 of them need no more than a batch of 500 events each, and some for those who came alone."""
    appended(database, [received(number) for number in range(2_000)])
    with database.connect() as connection:
        query = f"SELECT count(DISTINCT xmin::text) FROM {database.schema}.ledger_events"
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    assert 4 <= int(str(row[0])) <= 8


def test_a_batch_is_bounded_in_bytes_too(database: Database) -> None:
    """Large bodies go in several transactions, and one that is larger than a batch goes alone."""
    bodies = [b"x" * (appender.BATCH_BYTES // 3)] * 7 + [b"y" * (appender.BATCH_BYTES + 1)]
    assert appended(database, [received(n, body=body) for n, body in enumerate(bodies)]) == list(range(1, 9))


def test_rows_are_those_that_the_library_writes(database_url: str) -> None:
    """Byte for byte what the library's EventStore stores of the same events, in the same order, by the same chance."""
    changes = [received(n) for n in range(50)]
    changes += [attrs.evolve(received(99), events=tuple(examples.EVENTS.values()))]
    enclosed = [each for change in changes for each in envelopes.enclose(change, examples.AT)]
    with (
        stores.migrated(database_url, schema="ours") as ours,
        stores.migrated(database_url, schema="theirs") as theirs,
    ):
        for each in (ours, theirs):
            each.mapper = RecordMapper(DataKeys(stores.MASTER, each.recorder(LedgerRecorder).salt, Counting()))
        appended(ours, changes)
        library: EventStore[Any] = EventStore(theirs.mapper, theirs.recorder(LedgerRecorder))
        library.put(enclosed)  # type: ignore[arg-type]
        assert stores.rows(ours, "ledger_events") == stores.rows(theirs, "ledger_events")
        assert stores.rows(ours, "data_keys") == stores.rows(theirs, "data_keys")
        assert len(stores.rows(ours, "ledger_events")) == len(enclosed)


def test_a_conflict_in_a_batch_concerns_its_caller_alone(database: Database) -> None:
    appended(database, [received(7)])
    answers = appended(database, [received(number) for number in range(20)])
    assert [number for number, answer in enumerate(answers) if not isinstance(answer, int)] == [7]
    assert isinstance(answers[7], Conflict)
    assert len(stores.ledger(database).category("webhook")) == 20


def test_two_callers_who_want_the_same_stream_are_told_apart(database: Database) -> None:
    answers = appended(database, [received(1), received(1, body=b"{}"), received(2)])
    assert [type(answer) for answer in answers] == [int, Conflict, int]


def test_what_was_judged_under_an_older_epoch_is_refused(database: Database) -> None:
    epoch = stores.ledger(database).append(CONNECTED)
    answers = appended(database, [received(1), received(2)], epoch=epoch - 1)
    assert [type(answer) for answer in answers] == [ConfigurationMoved] * 2
    assert stores.ledger(database).category("webhook") == ()


def test_in_one_batch_only_the_older_epoch_is_refused(database: Database) -> None:
    epoch = stores.ledger(database).append(CONNECTED)

    async def run() -> list[Any]:
        async with stores.group_commit(database) as committing:
            old = (placed(committing, received(n), epoch=epoch - 1) for n in range(3))
            new = (placed(committing, received(n), epoch=epoch) for n in range(3, 6))
            return await asyncio.gather(*old, *new, return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(run())] == [ConfigurationMoved] * 3 + [int] * 3


def test_an_edit_between_two_appends_refuses_the_second(database: Database) -> None:
    async def run() -> None:
        async with stores.group_commit(database) as committing:
            await placed(committing, received(1), epoch=0)
            await asyncio.to_thread(stores.ledger(database).append, CONNECTED)
            with pytest.raises(ConfigurationMoved):
                await placed(committing, received(2), epoch=0)

    asyncio.run(run())


def test_what_cannot_be_stored_at_all_concerns_its_caller_alone(database: Database) -> None:
    """PostgreSQL refuses NUL in a stream's name; whoever asks for that is refused, the others are served."""
    impossible = Change(stream="webhook-\0", version=0, events=(examples.WEBHOOK_RECEIVED,))
    answers = appended(database, [received(1), impossible, received(2)])
    assert [type(answer) for answer in answers] == [int, Conflict, int]


def test_a_caller_who_gives_up_costs_the_others_nothing(database: Database) -> None:
    async def run() -> list[int | BaseException]:
        async with stores.group_commit(database) as committing:
            gone = asyncio.create_task(placed(committing, received(0), epoch=0))
            await asyncio.sleep(0)
            gone.cancel()
            return await outcomes(committing, [received(1), received(2)])

    assert all(isinstance(answer, int) for answer in asyncio.run(run()))


def test_leaving_stores_what_is_waiting(database: Database) -> None:
    async def run() -> list[int]:
        async with stores.group_commit(database) as committing:
            tasks = [asyncio.create_task(placed(committing, received(n), epoch=0)) for n in range(1_500)]
            await asyncio.sleep(0)
        return await asyncio.gather(*tasks)

    assert asyncio.run(run()) == list(range(1, 1_501))


@pytest.mark.parametrize(
    ("waiting", "body"),
    [(appender.QUEUE_ITEMS, b"{}"), (-(-appender.QUEUE_BYTES // 2_000_000), b"x" * 2_000_000)],
    ids=["requests", "bytes"],
)
def test_the_queue_is_bounded(database: Database, waiting: int, body: bytes) -> None:
    """While nothing can be stored, only so many may wait; one more is Busy at once. Those who wait get an answer."""

    async def run() -> list[int | BaseException]:
        committing = stores.group_commit(database, conninfo="host=/nowhere")
        tasks = [asyncio.create_task(placed(committing, received(n, body=body), epoch=0)) for n in range(waiting)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await placed(committing, received(waiting), epoch=0)
        async with committing:
            return await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(answer, Unavailable) for answer in asyncio.run(run()))
