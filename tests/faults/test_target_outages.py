"""A target that was down for long: what waited for it comes paced and in order, and holds up nothing else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from application import targets
from application.records import Change
from application.targets import EACH
from domain import circuits, run_ids, runs, webhooks, workflows
from domain.workflow_steps import Step
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.agenda import PostgresAgenda
from tests import examples, gateways, histories, sinks, stores
from tests.faults.test_delivery_crashes import taking
from tests.servers import within
from tests.sinks import Arrival, Sink

WAITING = 120
OUTAGE = timedelta(hours=4)


@attrs.define
class Watched:
    """Answers a request after a moment, and knows how many it had at the same time."""

    seconds: float = 0.03
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def answer(self, arrival: Arrival, nth: int) -> tuple[int, dict[str, str], float]:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
        return 200, {}, 0.0


@pytest.fixture
def tried() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture
def quick() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture
def database(database_url: str, tried: Sink, quick: Sink) -> Iterator[Database]:
    """Many runs whose deliveries failed all through an outage, and a workflow for another target beside."""
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        ledger.append(histories.configured())
        for key, sink in ((histories.WELCOME, tried), (histories.SLEEPY, quick)):
            step = Step(ref="tell", type="webhook", settings={"url": f"{sink.url}/tell", "body": {}})
            defined = histories.defined(key, active=True)
            stream = workflows.stream(defined.environment, key)
            events = (defined, attrs.evolve(taking(step), key=key))
            ledger.append(Change(stream=stream, version=0, events=events))
        people = [{"id": f"user-{number}"} for number in range(WAITING)]
        receive(database, "trigger", ("workflows_trigger", {"recipients": people}))
        stores.drain(database)
        fail_all(database, tried)
        yield database


def receive(database: Database, name: str, step: tuple[str, dict[str, Any]]) -> None:
    event = histories.received(histories.body(name, step), 0)
    stores.ledger(database).append(Change(stream=webhooks.stream(name), version=0, events=(event,)))


def fail_all(database: Database, sink: Sink) -> None:
    """As if each had been tried once at some time of the outage, and were to be tried again a little later."""
    recorder = database.recorder(WorkerRecorder)
    agenda = PostgresAgenda(recorder=recorder, mapper=database.mapper, clock=lambda: datetime.now(UTC), owner=1)
    started = [each.event for each in stores.log(database) if isinstance(each.event, runs.RunStarted)]
    for number, run in enumerate(started):
        due_at = datetime.now(UTC) - OUTAGE + OUTAGE * number / WAITING
        about: dict[str, Any] = {
            "run_id": run.run_id,
            "delivery_id": run_ids.of_delivery(run.run_id, "tell"),
            "step": "tell",
        }
        url = f"{sink.url}/tell"
        prepared = attrs.evolve(
            examples.DELIVERY_PREPARED, **about, target=targets.of(url), content={"url": url, "body": {"n": number}}
        )
        attempted = attrs.evolve(examples.DELIVERY_ATTEMPTED, **about, target=targets.of(url), retry_at=due_at)
        agenda.record(Change(stream=runs.stream(run.run_id), version=1, events=(prepared, attempted)))


@contextmanager
def worker(database: Database, home: Path, *sinks_allowed: Sink) -> Iterator[None]:
    """`hookledger worker`, which may call these sinks."""
    settings = {
        "data_dir": str(home),
        "master_key": gateways.MASTER_KEY,
        "allow_private_targets": "loopback",
        "outgoing_ports": ",".join(map(sinks.port_of, sinks_allowed)),
        "port": str(gateways.free_port()),
    }
    with gateways.started("worker", gateways.environment(database.conninfo, settings), home / "log"):
        yield


def test_what_waited_comes_paced_and_oldest_first_and_holds_up_nothing_else(
    database: Database, tried: Sink, quick: Sink, tmp_path: Path
) -> None:
    watched = Watched()
    tried.answer = watched.answer
    with worker(database, tmp_path, tried, quick):
        _drain(database, tried, quick)
    assert watched.most <= EACH
    assert len({each.key for each in tried.arrivals}) == WAITING
    numbers = [int(each.body.decode().partition('"n":')[2].strip("} ")) for each in tried.arrivals]
    assert all(abs(place - number) <= 2 * EACH for place, number in enumerate(numbers)), numbers


def _drain(database: Database, tried: Sink, quick: Sink) -> None:
    """Let everything that waits be delivered, and something new to another target meanwhile."""
    assert within(30, lambda: len(tried.arrivals) >= 5)
    began = time.monotonic()
    order = {"id": "ann", "recipients": [{"id": "ann"}]}
    receive(database, "order", ("order", order))
    assert within(10, lambda: len(quick.arrivals) == 1)
    assert time.monotonic() - began < 2
    assert len(tried.arrivals) < WAITING, "there was no queue any more that could have held it up"
    assert within(60, lambda: len(tried.arrivals) == WAITING)
    assert within(20, lambda: stores.rows(database, "run_schedule") == [])


def test_a_target_that_is_still_down_is_asked_by_a_few_and_spared_by_the_rest(
    database: Database, tried: Sink, tmp_path: Path
) -> None:
    tried.answer = lambda arrival, nth: (503, {}, 0.0)
    with worker(database, tmp_path, tried):
        assert within(30, lambda: len(tried.arrivals) >= circuits.MOST_FAILURES)
        time.sleep(4)  # far less than the pause for which it is spared
    assert len(tried.arrivals) < circuits.MOST_FAILURES + EACH
