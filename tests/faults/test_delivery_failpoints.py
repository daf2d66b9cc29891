"""The worker killed at every place around an attempt, for each kind of delivery: nothing is lost, little is repeated.

What is repeated has the same key and the same content, so that who receives it can tell.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import attrs
import pytest

from application.records import Change
from domain import run_ids, runs, webhooks, workflows
from domain.json_values import Json
from domain.workflow_steps import Step
from infrastructure import failpoints
from infrastructure.database import Database
from tests import gateways, histories, mail_servers, sinks, stores
from tests.faults.test_delivery_crashes import completed, taking
from tests.mail_servers import Postbox
from tests.servers import within
from tests.sinks import Sink

Kind = Literal["webhook", "email"]

RECORDED = ["RunStarted", "DeliveryPrepared", "DeliveryAttempted", "RunCompleted"]

# Where it dies, and how often the receiver then gets the delivery. The first record is of what was prepared, the second
# of the attempt.
PLACES = {
    "before_commit:1": 1,
    "after_commit:1": 1,
    "before_effect:1": 1,
    "after_effect:1": 2,
    "before_commit:2": 2,
    "after_commit:2": 1,
}


@attrs.frozen(kw_only=True)
class Receivers:
    """A server for each kind of delivery."""

    sink: Sink
    postbox: Postbox
    smtp_port: int

    def step(self, kind: Kind) -> Step:
        """A step that delivers there."""
        settings: dict[str, dict[str, Json]] = {
            "webhook": {"url": f"{self.sink.url}/tell", "body": {"who": "{{ recipient.id }}"}},
            "email": {"to": "{{ recipient.id }}@example.com", "subject": "Hello", "text": "Dear {{ recipient.id }}"},
        }
        return Step(ref="tell", type=kind, settings=settings[kind])

    def arrivals(self, kind: str) -> Sequence[tuple[str, object]]:
        """What arrived: the key of each, and its content."""
        if kind == "webhook":
            return [(each.key, each.body) for each in self.sink.arrivals]
        return [
            (each["message-id"].strip("<>").partition("@")[0], (each["to"], each.get_content()))
            for each in self.postbox.messages
        ]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Sink, Postbox, int]]:
    postbox = Postbox()
    with sinks.listening() as sink, mail_servers.serving(postbox) as port:
        yield sink, postbox, port


@pytest.fixture
def receivers(servers: tuple[Sink, Postbox, int]) -> Receivers:
    sink, postbox, port = servers
    sink.arrivals.clear()
    postbox.envelopes.clear()
    return Receivers(sink=sink, postbox=postbox, smtp_port=port)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        yield database


def wait_for_worker(database: Database, step: Step) -> str:
    """Let a run of one step wait for a worker; its delivery's id."""
    ledger = stores.ledger(database)
    defined = histories.defined(histories.WELCOME, active=True)
    stream = workflows.stream(defined.environment, defined.key)
    body = histories.body("trigger", ("workflows_trigger", {"recipients": [{"id": "ann"}]}))
    received = histories.received(body, 0)
    ledger.append(histories.configured())
    ledger.append(Change(stream=stream, version=0, events=(defined, taking(step))))
    ledger.append(Change(stream=webhooks.stream("trigger"), version=0, events=(received,)))
    stores.drain(database)
    [started] = [each.event for each in stores.log(database) if isinstance(each.event, runs.RunStarted)]
    return run_ids.of_delivery(started.run_id, step.ref)


@contextmanager
def worker(database: Database, receivers: Receivers, home: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`hookledger worker`, ended in the end whatever state it is in."""
    settings = {
        "data_dir": str(home),
        "master_key": gateways.MASTER_KEY,
        "allow_private_targets": "loopback",
        "outgoing_ports": sinks.port_of(receivers.sink),
        "smtp_url": f"smtp://127.0.0.1:{receivers.smtp_port}",
        "smtp_sender": "gateway@example.com",
    }
    environ = {**gateways.environment(database.conninfo, settings), **more}
    with (home / "log").open("ab") as output:
        process = subprocess.Popen([*gateways.COMMAND, "worker"], env=environ, stderr=output)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_a_worker_that_dies_anywhere_around_an_attempt_loses_nothing(
    database: Database, receivers: Receivers, tmp_path: Path, kind: Kind, place: str
) -> None:
    delivery_id = wait_for_worker(database, receivers.step(kind))
    with worker(database, receivers, tmp_path, FAILPOINT=place) as dying:
        assert dying.wait(30) == -signal.SIGKILL, (tmp_path / "log").read_text()
    with worker(database, receivers, tmp_path):
        assert within(30, lambda: completed(database) == 1), (tmp_path / "log").read_text()
    arrivals = receivers.arrivals(kind)
    assert [key for key, _ in arrivals] == [delivery_id] * PLACES[place]
    assert len({content for _, content in arrivals}) == 1
    recorded = [type(each.event).__name__ for each in stores.log(database) if each.stream.startswith("run-")]
    assert recorded == RECORDED
    assert stores.rows(database, "run_schedule") == []


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({failpoints.VARIABLE: "before_effect"}, 0),
        ({failpoints.STARTED_BY: "a test"}, 0),
        ({failpoints.VARIABLE: "after_effect", failpoints.STARTED_BY: "a test"}, 0),
        ({failpoints.VARIABLE: "before_effect:3", failpoints.STARTED_BY: "a test"}, 0),
        ({failpoints.VARIABLE: "before_effect", failpoints.STARTED_BY: "a test"}, -signal.SIGKILL),
        ({failpoints.VARIABLE: "before_effect:2", failpoints.STARTED_BY: "a test"}, -signal.SIGKILL),
    ],
)
def test_failpoints_are_inert_outside_tests(environ: dict[str, str], code: int) -> None:
    reach = "from infrastructure import failpoints; [failpoints.reach('before_effect') for _ in range(2)]"
    assert subprocess.run([sys.executable, "-c", reach], env=environ, check=False).returncode == code
