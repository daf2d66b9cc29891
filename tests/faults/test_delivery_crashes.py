"""The worker killed or paused around an attempt: nothing is lost, and what was under way comes again under its key."""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from application.records import Change
from application.targets import EACH
from domain import runs, webhooks, workflows
from domain.json_values import Json
from domain.workflow_steps import Step
from infrastructure.database import Database
from tests import examples, gateways, histories, sinks, stores
from tests.servers import within
from tests.sinks import Arrival, Sink

DELIVERIES = 60


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture
def database(database_url: str, sink: Sink) -> Iterator[Database]:
    """A workflow with a webhook and an address that the sink has, and as many runs that wait for a worker."""
    with stores.migrated(database_url) as database:
        ledger = stores.ledger(database)
        settings: dict[str, Json] = {"url": f"{sink.url}/tell", "body": {"who": "{{ recipient.id }}"}}
        steps = taking(Step(ref="tell", type="webhook", settings=settings))
        defined = histories.defined(histories.WELCOME, active=True)
        ledger.append(histories.configured())
        stream = workflows.stream(defined.environment, defined.key)
        ledger.append(Change(stream=stream, version=0, events=(defined, steps)))
        people = [{"id": f"user-{number}"} for number in range(DELIVERIES)]
        body = histories.body("trigger", ("workflows_trigger", {"recipients": people, "data": {"n": 1}}))
        event = histories.received(body, 0)
        ledger.append(Change(stream=webhooks.stream("trigger"), version=0, events=(event,)))
        yield database


def taking(*steps: Step) -> workflows.WorkflowStepsChanged:
    return workflows.WorkflowStepsChanged(
        environment=histories.ENVIRONMENT,
        key=histories.WELCOME,
        steps=steps,
        conditions=(),
        trigger_data_schema=None,
        changed_at=examples.AT,
    )


@contextmanager
def worker(database: Database, sink: Sink, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`hookledger worker`, ended in the end whatever state it is in."""
    settings = {
        "data_dir": str(log.parent),
        "master_key": gateways.MASTER_KEY,
        "allow_private_targets": "loopback",
        "outgoing_ports": sinks.port_of(sink),
    }
    environ = gateways.environment(database.conninfo, settings)
    with log.open("ab") as output:
        process = subprocess.Popen([*gateways.COMMAND, "worker"], env=environ, stderr=output)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def completed(database: Database) -> int:
    return [status for (status,) in stores.rows(database, "runs", ["status"])].count("completed")


def prepared(database: Database) -> int:
    return sum(target != "" for (target,) in stores.rows(database, "run_schedule", ["target"]))


def attempts(database: Database) -> Counter[str]:
    """The delivered attempts on record, by delivery."""
    return Counter(
        each.event.delivery_id
        for each in stores.log(database)
        if isinstance(each.event, runs.DeliveryAttempted) and each.event.outcome == "delivered"
    )


@pytest.mark.parametrize("seconds", [0.0, 0.3], ids=["after the effect", "before the answer"])
def test_a_killed_worker_loses_nothing_and_repeats_what_was_under_way_at_most(
    database: Database, sink: Sink, tmp_path: Path, seconds: float
) -> None:
    repeated = 0
    sink.answer = lambda arrival, nth: (200, {}, seconds)
    for kill_at in (8, 20, 40):
        with worker(database, sink, tmp_path / "log") as process:
            assert within(30, lambda least=kill_at: len(sink.arrivals) >= least)  # type: ignore[misc]
            process.kill()
            process.wait()
        repeated += 4
    sink.answer = lambda arrival, nth: (200, {}, 0.0)
    with worker(database, sink, tmp_path / "log"):
        assert within(30, lambda: completed(database) == DELIVERIES)
    keys = Counter(each.key for each in sink.arrivals)
    assert len(keys) == DELIVERIES
    assert len(sink.arrivals) <= DELIVERIES + repeated
    assert all(len({each.body for each in sink.arrivals if each.key == key}) == 1 for key in keys)
    assert attempts(database) == Counter(dict.fromkeys(keys, 1))
    assert stores.rows(database, "run_schedule") == []


def test_a_worker_that_paused_for_too_long_is_refused_when_it_goes_on(
    database: Database, sink: Sink, tmp_path: Path
) -> None:
    answering = threading.Event()

    def answer(arrival: Arrival, nth: int) -> tuple[int, dict[str, str], float]:
        if nth <= EACH:
            answering.wait(30)
        return 200, {}, 0.0

    sink.answer = answer
    with worker(database, sink, tmp_path / "paused") as paused:
        # All that is left to do then are the attempts, so that it stops in no transaction that would hold up the other.
        assert within(30, lambda: len(sink.arrivals) == EACH and prepared(database) == DELIVERIES)
        os.kill(paused.pid, signal.SIGSTOP)
        answering.set()
        _let_leases_end(database)
        with worker(database, sink, tmp_path / "other"):
            # The paused one holds the worker's lease, but not the runs that are to be carried on.
            assert within(30, lambda: completed(database) == DELIVERIES)
            os.kill(paused.pid, signal.SIGCONT)
            assert within(20, lambda: b"stale lease" in (tmp_path / "paused").read_bytes())
            time.sleep(0.5)
    counted = attempts(database)
    assert len(counted) == DELIVERIES
    assert set(counted.values()) == {1}


def _let_leases_end(database: Database) -> None:
    """As if 90 seconds had passed."""
    with database.connect() as connection:
        statement: Any = (
            f"UPDATE {database.schema}.run_schedule SET leased_until = now() WHERE leased_until IS NOT NULL"
        )
        connection.execute(statement)


def test_the_schedule_can_be_made_anew_from_the_log(database: Database, sink: Sink, tmp_path: Path) -> None:
    stores.drain(database)
    with database.connect() as connection:
        connection.execute(f"DROP TABLE {database.schema}.run_schedule".encode())
    with stores.migrated(database.conninfo), worker(database, sink, tmp_path / "log"):
        assert within(30, lambda: completed(database) == DELIVERIES)
    assert Counter(each.key for each in sink.arrivals) == attempts(database)
