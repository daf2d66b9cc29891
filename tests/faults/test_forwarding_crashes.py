"""The worker killed around a call to a Knock account: nothing is lost, nothing overtakes, keys and content stay."""

import itertools
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from application.forwarding_edits import context
from application.records import Change
from domain import forwarding, forwards, webhooks
from infrastructure import failpoints
from infrastructure.database import Database
from infrastructure.vault import MasterKeyVault, master_key
from tests import examples, gateways, histories, sinks, stores
from tests.faults import test_delivery_crashes as deliveries
from tests.servers import within
from tests.sinks import Arrival, Sink

USERS, EACH = 12, 5
FORWARDS = USERS * EACH
KEY = "sk_of_the_crashes"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture
def database(database_url: str, sink: Sink) -> Iterator[Database]:
    """An environment that forwards to the sink, and webhooks that identify each user several times over."""
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        vault = MasterKeyVault(master_key(gateways.MASTER_KEY, Path()))
        sealed = vault.seal(KEY, context=context(histories.ENVIRONMENT))
        told = forwarding.ForwardingSet(
            environment=histories.ENVIRONMENT, base_url=sink.url, sealed=sealed, hint="", set_at=examples.BEFORE
        )
        ledger.append(histories.configured())
        ledger.append(Change(stream=forwarding.stream(told.environment), version=0, events=(told,)))
        for turn, user in itertools.product(range(EACH), range(USERS)):
            name = f"u-{user}.{turn}"
            body = histories.body(name, ("users_identify", {"id": f"u-{user}", "properties": {"turn": turn}}))
            ledger.append(Change(stream=webhooks.stream(name), version=0, events=(histories.received(body, turn),)))
        yield database


@contextmanager
def worker(database: Database, sink: Sink, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`hookledger worker`; the runs' own way to start one will do."""
    with deliveries.worker(database, sink, log) as process:
        yield process


def completed(database: Database) -> int:
    return [status for (status,) in stores.rows(database, "forwards", ["status"])].count("completed")


def on_record(database: Database) -> Counter[str]:
    """The calls on record that were carried out, by key."""
    return Counter(
        each.event.idempotency_key
        for each in stores.log(database)
        if isinstance(each.event, forwards.ForwardAttempted) and each.event.outcome == "delivered"
    )


def in_order(arrivals: list[Arrival]) -> bool:
    """Whether each user's turns came one after the other; one may come again, but only at once."""
    turns: dict[str, list[bytes]] = {}
    for each in arrivals:
        turns.setdefault(each.path, []).append(each.body)
    wanted = [b'{"turn":%d}' % turn for turn in range(EACH)]
    return len(turns) == USERS and all(
        [body for body, _ in itertools.groupby(each)] == wanted for each in turns.values()
    )


@pytest.mark.parametrize("seconds", [0.0, 0.3], ids=["after the call, before the record", "before the answer"])
def test_a_killed_worker_loses_nothing_and_keeps_the_order(
    database: Database, sink: Sink, tmp_path: Path, seconds: float
) -> None:
    sink.answer = lambda arrival, nth: (200, {}, seconds)
    for kill_at in (4, 16, 32):
        with worker(database, sink, tmp_path / "log") as process:
            assert within(30, lambda least=kill_at: len(sink.arrivals) >= least)  # type: ignore[misc]
            process.kill()
            process.wait()
    sink.answer = lambda arrival, nth: (200, {}, 0.0)
    with worker(database, sink, tmp_path / "log"):
        assert within(60, lambda: completed(database) == FORWARDS)
    keys = Counter(each.key for each in sink.arrivals)
    assert len(keys) == FORWARDS
    assert len(sink.arrivals) <= FORWARDS + 3 * 4
    assert all(len({each.body for each in sink.arrivals if each.key == key}) == 1 for key in keys)
    assert on_record(database) == Counter(dict.fromkeys(keys, 1))
    assert in_order(sink.arrivals)
    assert stores.rows(database, "run_schedule") == []


@pytest.mark.parametrize("place", ["before_effect", "after_effect", "before_commit", "after_commit"])
def test_a_worker_that_dies_around_a_call_loses_nothing_and_keeps_the_order(
    database: Database, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, f"{place}:7")
    with worker(database, sink, tmp_path / "log") as dying:
        assert dying.wait(60) == -signal.SIGKILL
    monkeypatch.delenv(failpoints.VARIABLE)
    with worker(database, sink, tmp_path / "log"):
        assert within(60, lambda: completed(database) == FORWARDS)
    keys = Counter(each.key for each in sink.arrivals)
    assert len(keys) == FORWARDS
    assert len(sink.arrivals) <= FORWARDS + 4
    assert on_record(database) == Counter(dict.fromkeys(keys, 1))
    assert in_order(sink.arrivals)


def test_two_workers_share_the_line_and_keep_its_order(database: Database, sink: Sink, tmp_path: Path) -> None:
    sink.answer = lambda arrival, nth: (200, {}, 0.02)
    with worker(database, sink, tmp_path / "one"), worker(database, sink, tmp_path / "two"):
        assert within(60, lambda: completed(database) == FORWARDS)
    assert len(sink.arrivals) == FORWARDS
    assert in_order(sink.arrivals)


def test_what_is_open_is_in_the_schedule_again_when_that_is_made_anew(
    database: Database, sink: Sink, tmp_path: Path
) -> None:
    sink.answer = lambda arrival, nth: (200, {}, 0.1)
    with worker(database, sink, tmp_path / "log") as process:
        assert within(30, lambda: 0 < completed(database) < FORWARDS)
        process.kill()
        process.wait()
    before = stores.read_models(database)
    with database.connect() as connection:
        connection.execute(f"DROP TABLE {database.schema}.run_schedule, {database.schema}.forwards".encode())
    with stores.migrated(database.conninfo):
        after = stores.read_models(database)
        assert after["forwards"] == before["forwards"]
        assert len(after["run_schedule"]) == len(before["run_schedule"])
    sink.answer = lambda arrival, nth: (200, {}, 0.0)
    with worker(database, sink, tmp_path / "log"):
        assert within(60, lambda: completed(database) == FORWARDS)
    assert in_order(sink.arrivals)
