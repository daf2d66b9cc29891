"""A target that answered 410 stays disabled, whoever dies: in the middle of recording it, or before the next run."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from application.records import Change
from domain import disabled_targets, runs, webhooks
from domain.disabled_targets import TargetDisabled
from infrastructure.database import Database
from tests import histories, sinks, stores
from tests.faults import test_delivery_failpoints as failing
from tests.faults.test_delivery_failpoints import Receivers, worker
from tests.mail_servers import Postbox
from tests.servers import within
from tests.sinks import Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        sink.answer = lambda arrival, nth: (410, {}, 0.0)
        yield sink


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        yield database


def failed(database: Database) -> list[str]:
    return [each.event.code for each in stores.log(database) if isinstance(each.event, runs.RunFailed)]


def disabled(database: Database) -> list[str]:
    return [each.event.url for each in stores.log(database) if isinstance(each.event, TargetDisabled)]


def trigger_again(database: Database, name: str) -> None:
    body = histories.body(name, ("workflows_trigger", {"recipients": [{"id": name}, {"id": f"{name}-too"}]}))
    event = histories.received(body, 0)
    stores.ledger(database).append(Change(stream=webhooks.stream(name), version=0, events=(event,)))


def receivers(sink: Sink) -> Receivers:
    return Receivers(sink=sink, postbox=Postbox(), smtp_port=1)


def test_it_survives_restarts_and_every_process_knows_it(database: Database, sink: Sink, tmp_path: Path) -> None:
    to = receivers(sink)
    failing.wait_for_worker(database, to.step("webhook"))
    with worker(database, to, tmp_path):
        assert within(30, lambda: failed(database) == ["gone"])
    assert disabled(database) == [f"{sink.url}/tell"]
    trigger_again(database, "ben")
    with worker(database, to, tmp_path), worker(database, to, tmp_path):
        assert within(30, lambda: failed(database) == ["gone", *[disabled_targets.CODE] * 2])
    assert len(sink.arrivals) == 1
    assert stores.rows(database, "disabled_targets", ["url"]) == [(f"{sink.url}/tell",)]


def test_a_worker_that_dies_while_it_records_a_410_sends_nothing_twice(
    database: Database, sink: Sink, tmp_path: Path
) -> None:
    to = receivers(sink)
    failing.wait_for_worker(database, to.step("webhook"))
    with worker(database, to, tmp_path, FAILPOINT="before_commit:2") as dying:
        assert dying.wait(30) == -signal.SIGKILL
    assert (failed(database), disabled(database)) == ([], [f"{sink.url}/tell"])
    with worker(database, to, tmp_path):
        assert within(30, lambda: failed(database) == [disabled_targets.CODE])
    assert len(sink.arrivals) == 1


def test_several_attempts_that_are_told_at_once_disable_it_once(database: Database, sink: Sink, tmp_path: Path) -> None:
    sink.answer = lambda arrival, nth: (410, {}, 0.5)
    to = receivers(sink)
    failing.wait_for_worker(database, to.step("webhook"))
    for name in ("ben", "cleo", "dan"):
        trigger_again(database, name)
    stores.drain(database)
    with worker(database, to, tmp_path):
        assert within(30, lambda: len(failed(database)) == 7)
    assert disabled(database) == [f"{sink.url}/tell"]
    assert len(sink.arrivals) == failed(database).count("gone") <= 4
