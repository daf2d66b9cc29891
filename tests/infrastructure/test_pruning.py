"""What is older than its environment keeps it is pruned batch by batch, and nothing else changes."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs
import pytest

from application.errors import Conflict
from domain import retention, webhooks
from domain.restatements import EntityRestated
from domain.retention import PayloadsPruned
from infrastructure.database import Database
from infrastructure.erasing import pruning
from infrastructure.erasing.pruning import Pruner, Pruning
from infrastructure.projections import rebuilding
from tests import examples, histories, stores

TABLES = ("entities", "subscriptions", "audience_members", "audiences", "accounting", "event_types", "action_logs")
"""Read models that pruning leaves as they are."""


@pytest.fixture(params=[1, 7, 200])
def database(database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database in which everything happened, pruned in batches of one size or another."""
    monkeypatch.setattr(pruning, "BATCH", request.param)
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        for change in histories.everything():
            ledger.append(change)
        stores.drain(database, clock=lambda: examples.LATER)
        yield database


def at(second: int) -> datetime:
    """A time at which what was received before that second of the history is older than a day."""
    moment: datetime = histories.at(second)
    return moment + timedelta(days=1)


def prune(database: Database, now: datetime) -> int:
    """Prune what is older than a day, batch by batch; how many batches that took."""
    pruner = Pruner(destroyer=stores.destroyer(database), clock=lambda: now)
    batches = 0
    while pruner.prune(histories.ENVIRONMENT, 1):
        batches += 1
    return batches


def readable(database: Database) -> set[str]:
    """The steps whose webhooks can still be read."""
    return {
        webhooks.id_of(each.stream)
        for each in stores.log(database)
        if isinstance(each.event, webhooks.Receipt) and not each.erased
    }


@pytest.mark.parametrize("second", [6, 15, 25, 1_000])
def test_what_is_old_is_unreadable_and_all_else_is_as_before(database: Database, second: int) -> None:
    before, received = {table: stores.rows(database, table) for table in TABLES}, _received(database)
    prune(database, at(second))
    young = itertools.dropwhile(lambda each: each[1] < histories.at(second), received)
    assert readable(database) == {name for name, _ in young}
    assert {table: stores.rows(database, table) for table in TABLES} == before
    assert len(_received(database)) == len(received)
    live = stores.read_models(database)
    rebuilding.rebuild(database, [], lambda done, total: None)
    assert stores.read_models(database) == live


def _received(database: Database) -> list[tuple[str, datetime]]:
    """The webhooks in the order of the log."""
    rows = sorted(stores.rows(database, "event_logs", ["position", "id", "received_at"]))
    return [(name, moment) for _, name, moment in rows]


def test_only_the_latest_restatement_of_an_entity_can_be_read(database: Database) -> None:
    for second in (6, 15, 25, 1_000):
        prune(database, at(second))
    named = [
        (each.event.collection, each.event.id)
        for each in stores.log(database)
        if isinstance(each.event, EntityRestated) and not each.erased
    ]
    assert len(named) == len(set(named)) > 3


def test_nothing_is_pruned_twice(database: Database) -> None:
    assert prune(database, at(15)) > 0
    head = stores.ledger(database).head()
    assert prune(database, at(15)) == 0
    assert stores.ledger(database).head() == head


def test_it_is_on_record_what_was_pruned(database: Database) -> None:
    batches = prune(database, at(1_000))
    history = stores.ledger(database).history(retention.stream(histories.ENVIRONMENT))
    pruned = [each.event for each in history if isinstance(each.event, PayloadsPruned)]
    assert len(pruned) == batches
    assert [each.upto for each in pruned] == sorted(each.upto for each in pruned)
    listed = {stream for each in pruned for stream in each.streams}
    assert listed.isdisjoint(stream for (stream,) in stores.rows(database, "data_keys", ["stream"]))
    assert {webhooks.id_of(stream) for stream in listed if stream.startswith("webhook-")} == {
        name for name, _ in _received(database)
    }


def test_environments_that_keep_payloads_for_ever_are_left_alone(database: Database) -> None:
    everything = readable(database)
    pruner = Pruner(destroyer=stores.destroyer(database), clock=lambda: at(1_000))
    Pruning(database=database, pruner=pruner, days=lambda: {"development": 1}).run_once()
    assert readable(database) == everything
    Pruning(database=database, pruner=pruner, days=lambda: {histories.ENVIRONMENT: 1}).run_once()
    assert readable(database) == set()


def test_what_was_recorded_before_there_were_keys_stays_and_holds_nothing_up(database: Database) -> None:
    stores.decrypt(database, webhooks.stream("acme"))
    prune(database, at(1_000))
    assert readable(database) == {"acme"}
    live = stores.read_models(database)
    rebuilding.rebuild(database, [], lambda done, total: None)
    assert stores.read_models(database) == live


def test_an_environment_that_cannot_be_pruned_holds_up_no_other(database: Database) -> None:
    @attrs.frozen(kw_only=True)
    class Stumbling(Pruner):
        def prune(self, environment: str, days: int) -> int:
            if environment == "development":
                raise Conflict("somebody was faster")
            return super().prune(environment, days)

    pruner = Stumbling(destroyer=stores.destroyer(database), clock=lambda: at(1_000))
    Pruning(database=database, pruner=pruner, days=lambda: {"development": 1, histories.ENVIRONMENT: 1}).run_once()
    assert readable(database) == set()
