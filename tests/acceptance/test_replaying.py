"""Ten thousand stored webhooks: the same configuration makes no difference, another one exactly the expected one.

Several sources, duplicates and failures, settled by the real pipeline. The expected difference is worked out here from
what was sent, by none of the product's code. It is carried out once, whoever is killed meanwhile.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import pytest

from application.records import Change
from domain import configurations, webhooks
from infrastructure.database import Database
from infrastructure.event_store.codec import dumps
from tests import databases, gateways, histories, replaying, stores
from tests.gateways import Gateway
from tests.histories import ENVIRONMENT

WEBHOOKS = 10_000
SOURCES = ("shop", "crm", "till")
SOURCE = "shop"


@attrs.frozen(kw_only=True)
class Sent:
    """A webhook as it was sent. `repeats` is whether its key was used before and carried out."""

    id: str
    source: str
    number: int
    repeats: bool

    @property
    def fails(self) -> bool:
        """Its id is none."""
        return self.number % 50 == 7

    @property
    def data(self) -> dict[str, Any]:
        """What its mapping reads."""
        return {
            "id": "no\0id" if self.fails else f"user-{self.number % 2_000}",
            "name": f"Name {self.number}",
            "email": f"{self.number}@example.com" if self.number % 3 else None,
        }


def _sent() -> Iterator[Sent]:
    done: set[tuple[str, int]] = set()
    for index in range(WEBHOOKS):
        source = SOURCES[0 if index % 5 else 1 + index % 2]
        number = index - 11 if index % 20 == 19 else index
        sent = Sent(id=f"w{index:05d}", source=source, number=number, repeats=(source, number) in done)
        if not sent.fails:
            done.add((source, number))
        yield sent


ALL = list(_sent())
OURS = [each for each in ALL if each.source == SOURCE]


def _configured(source: str) -> Change:
    created: Any = attrs.evolve(histories.CREATED, source=source, token=f"token-of-{source}-which-nobody-guesses")
    identify = attrs.evolve(
        histories.mapped("user", "users_identify"),
        mapping_id="identify",
        parameters={"id": "body.data.id", "name": "body.data.name"},
    )
    return Change(stream=configurations.stream(source, ENVIRONMENT), version=0, events=(created, identify))


def _received(sent: Sent) -> Change:
    body = dumps({"type": "user", "key": f"k{sent.number}", "data": sent.data})
    received = attrs.evolve(histories.received(body, sent.number % 3_000, version=2), source=sent.source)
    return Change(stream=webhooks.stream(sent.id), version=0, events=(received,))


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    """A database with all of it, settled."""
    with databases.fresh_database(postgres_url) as url:
        with stores.migrated(url) as database:
            ledger = stores.ledger(database)
            ledger.append(*map(_configured, SOURCES))
            for start in range(0, WEBHOOKS, 1_000):
                ledger.append(*map(_received, ALL[start : start + 1_000]))
            stores.drain(database)
        with gateways.running(url):
            pass  # which makes the environments, so that requests can name one
        yield url


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    """The same, to look into."""
    with stores.migrated(url) as database:
        yield database


@pytest.fixture(scope="module")
def gateway(url: str) -> Iterator[Gateway]:
    """One that answers; workers come and go."""
    with gateways.running(url, command="api") as running:
        yield running


DRAFT = {
    "mappings": [
        {
            "id": "identify",
            "event_type": "user",
            "action_type": "users_identify",
            "action_parameters": {"id": "body.data.id", "name": "body.data.name", "email": "body.data.email"},
        }
    ]
}


def ask(gateway: Gateway, **members: Any) -> str:
    """Ask for a replay; its id."""
    body = {"source": SOURCE, "environment": ENVIRONMENT, "mode": "what_if", **members}
    answer = gateway.client.post("/v1/replays", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def shown(gateway: Gateway, replay_id: str) -> dict[str, Any]:
    """How a replay stands."""
    found: dict[str, Any] = gateway.client.get(f"/v1/replays/{replay_id}").json()
    return found


def ended(gateway: Gateway, replay_id: str) -> dict[str, Any]:
    """How a replay ended."""
    deadline = time.monotonic() + 60
    while (found := shown(gateway, replay_id))["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Let it die at once."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def expected() -> dict[str, str]:
    """The webhooks whose action would have another payload, with the e-mail address that it would have."""
    return {
        each.id: str(each.data["email"])
        for each in OURS
        if not each.repeats and not each.fails and each.data["email"] is not None
    }


def test_the_corpus_has_everything_in_it(database: Database) -> None:
    outcomes = [row[0] for row in stores.rows(database, "event_logs", ["outcome"])]
    assert len(outcomes) == WEBHOOKS
    assert {each: outcomes.count(each) > 100 for each in set(outcomes)} == {
        "executed": True,
        "duplicate": True,
        "failed": True,
    }


def test_the_same_configuration_makes_no_difference(database: Database, gateway: Gateway, url: str) -> None:
    replay = ask(gateway, configuration={"current": True})
    with gateways.running(url, command="worker"):
        found = ended(gateway, replay)
    assert found["totals"]["evaluated"] == found["totals"]["unchanged"] == len(OURS)
    assert replaying.changes(database, replay) == {}


def test_a_changed_mapping_makes_exactly_the_expected_difference_and_is_carried_out_once(
    database: Database, gateway: Gateway, url: str
) -> None:
    replay = ask(gateway, configuration={"draft": DRAFT})
    with gateways.running(url, command="worker") as first:
        _await(lambda: shown(gateway, replay)["progress"]["processed"] > 0)
        kill(first.process)
    assert not shown(gateway, replay)["progress"]["processed"] > len(OURS)
    with gateways.running(url, command="worker"):
        found = ended(gateway, replay)
    assert found["totals"]["evaluated"] == len(OURS)
    differences, wanted = replaying.changes(database, replay), expected()
    assert {webhook: _email(changes) for webhook, changes in differences.items()} == wanted
    _carry_out(gateway, url, replay)
    assert _evaluations(database) == {each.id: 2 if each.id in wanted else 1 for each in ALL}
    assert _applied_actions(database) == dict.fromkeys(wanted, 1)


def _carry_out(gateway: Gateway, url: str, replay: str) -> None:
    """Carry it out, and kill the worker in the middle of it."""
    body = {"reason": "e-mail addresses were missing", "per_second": 4_000}
    assert gateway.client.post(f"/v1/replays/{replay}/apply", json=body).status_code == 202
    with gateways.running(url, command="worker") as first:
        _await(lambda: shown(gateway, replay)["apply"]["applied"] > 500)
        kill(first.process)
    assert shown(gateway, replay)["status"] == "running"
    with gateways.running(url, command="worker"):
        found = ended(gateway, replay)
    assert found["apply"]["applied"] == len(expected())
    assert found["apply"]["passed_over"] == 0


def _email(changes: Sequence[Mapping[str, Any]]) -> str:
    [change] = changes
    assert (change["kind"], change["field"], change["before"]) == ("action_changed", "payload.email", None)
    return str(change["after"])


def _evaluations(database: Database) -> dict[str, int]:
    return dict(stores.rows(database, "event_logs", ["id", "evaluations"]))


def _applied_actions(database: Database) -> dict[str, int]:
    """How often each webhook's action was carried out in a later evaluation."""
    counted: dict[str, int] = {}
    for stream, evaluation, status in stores.rows(database, "action_logs", ["stream", "evaluation", "action_status"]):
        if evaluation > 1:
            assert status == "success"
            webhook = webhooks.id_of(stream)
            counted[webhook] = counted.get(webhook, 0) + 1
    return counted


def _await(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_afterwards_nothing_is_left_to_do(gateway: Gateway, url: str) -> None:
    """By the command line, as an operator would look."""
    replay = ask(gateway, configuration={"draft": DRAFT})
    with gateways.running(url, command="worker"):
        assert ended(gateway, replay)["totals"]["changed"] == 0
        asked = [
            sys.executable,
            "-m",
            "interfaces.cli.main",
            "replay",
            "--source",
            SOURCE,
            "--environment",
            ENVIRONMENT,
        ]
        reached = ["--url", gateway.url, "--token", gateways.TOKEN]
        done = subprocess.run([*asked, *reached], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "unchanged" in done.stdout
