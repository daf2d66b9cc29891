"""Targets that are slow, fail, redirect, answer 429 or 410 or lose their answers: each delivery arrives under one key.

A whole gateway, a real HTTP sink and a real mail server on the loopback address.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import pytest

from tests import databases, gateways, mail_servers, sinks
from tests.acceptance.test_workflows_deliver import WHERE, answered, dead, define, detail, put, runs, trigger, webhook
from tests.gateways import Gateway
from tests.mail_servers import TAKEN, Postbox
from tests.servers import within
from tests.sinks import Arrival, Sink

Answer = tuple[int, Mapping[str, str], float]
WELL: Answer = (200, {}, 0.0)


@attrs.frozen(kw_only=True)
class Unruly:
    """What a target answers, one after the other and well in the end; how often it is called; codes of its failures."""

    answers: Sequence[Answer]
    calls: int
    failures: Sequence[tuple[str, int | None]] = ()
    least_seconds: float = 0.0


TARGETS = {
    "slow": Unruly(answers=[(200, {}, 3.0)], calls=1),
    "failing": Unruly(answers=[(500, {}, 0.0)] * 2, calls=3, failures=[("answered", 500)] * 2),
    "busy": Unruly(answers=[(429, {"retry-after": "2"}, 0.0)], calls=2, failures=[("busy", 429)], least_seconds=2.0),
    "moved": Unruly(answers=[(302, {"location": "/elsewhere"}, 0.0)], calls=2, failures=[("redirected", 302)]),
    "mute": Unruly(answers=[(0, {}, 0.0)], calls=2, failures=[("not_http", None)]),
    "refusing": Unruly(answers=[(404, {}, 0.0)], calls=2, failures=[("answered", 404)]),
}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture(scope="module")
def mail() -> Iterator[tuple[Postbox, int]]:
    postbox = Postbox()
    with mail_servers.serving(postbox) as port:
        yield postbox, port


@pytest.fixture(scope="module")
def gateway(postgres_url: str, sink: Sink, mail: tuple[Postbox, int]) -> Iterator[Gateway]:
    settings = {
        "allow_private_targets": "loopback",
        "outgoing_ports": f"80,443,{sinks.port_of(sink)}",
        "smtp_url": f"smtp://127.0.0.1:{mail[1]}",
        "smtp_sender": "gateway@example.com",
    }
    with databases.fresh_database(postgres_url) as url, gateways.running(url, **settings) as running:
        put(running, "users/ann", {"name": "Ann", "email": "ann@example.com"})
        yield running


@pytest.fixture(autouse=True)
def by_the_table(sink: Sink) -> None:
    """Answer as the table says, each target by the first part of its path."""

    def answer(arrival: Arrival, nth: int) -> tuple[int, dict[str, str], float]:
        target = TARGETS.get(arrival.path.strip("/"))
        status, headers, seconds = target.answers[nth - 1] if target and nth <= len(target.answers) else WELL
        return status, dict(headers), seconds

    sink.answer = answer


def attempts(gateway: Gateway, key: str) -> list[dict[str, Any]]:
    """The attempts of the one run of a workflow."""
    return [each["data"] for each in detail(gateway, key)["events"] if each["event"] == "DeliveryAttempted"]


def completed(gateway: Gateway, key: str) -> bool:
    return within(40, lambda: [run["status"] for run in runs(gateway, key)] == ["completed"])


@pytest.mark.parametrize("name", TARGETS)
def test_a_delivery_arrives_under_one_key_whatever_its_target_is_like(gateway: Gateway, sink: Sink, name: str) -> None:
    target, began = TARGETS[name], time.monotonic()
    define(gateway, name, webhook(sink, f"/{name}"))
    trigger(gateway, name)
    assert completed(gateway, name)
    arrivals = sink.at(f"/{name}")
    assert len(arrivals) == target.calls
    assert len({(each.key, each.body) for each in arrivals}) == 1
    assert time.monotonic() - began >= target.least_seconds
    failed = [each for each in attempts(gateway, name) if each["outcome"] != "delivered"]
    assert [(each["code"], each["status"]) for each in failed] == list(target.failures)
    assert len(attempts(gateway, name)) == target.calls
    assert sink.at("/elsewhere") == []


def test_an_email_is_tried_again_when_the_server_asks_for_it(gateway: Gateway, mail: tuple[Postbox, int]) -> None:
    postbox, _ = mail
    postbox.answer(data=("451 4.7.1 greylisted, come again", TAKEN))
    define(gateway, "grey", email())
    trigger(gateway, "grey")
    assert completed(gateway, "grey")
    assert [(each["outcome"], each["status"]) for each in attempts(gateway, "grey")] == [
        ("failed", 451),
        ("delivered", 250),
    ]
    assert len(postbox.messages) == 2
    assert len({each["message-id"] for each in postbox.messages}) == 1


def test_an_email_that_is_refused_for_good_is_a_dead_letter(gateway: Gateway, mail: tuple[Postbox, int]) -> None:
    postbox, _ = mail
    postbox.answer(rcpt=("550 5.1.1 no such mailbox",))
    define(gateway, "unknown", email())
    trigger(gateway, "unknown")
    assert within(20, lambda: len(dead(gateway, "unknown")) == 1)
    (attempt,) = attempts(gateway, "unknown")
    assert (attempt["outcome"], attempt["status"]) == ("refused", 550)
    postbox.answer(rcpt=("250 OK",))


def email() -> dict[str, Any]:
    return {"ref": "mail", "type": "email", "settings": {"subject": "Hello", "text": "Dear {{ recipient.name }}"}}


def gone(sink: Sink, path: str, *, until_enabled: list[bool]) -> None:
    sink.answer = lambda arrival, nth: (200 if until_enabled or arrival.path != path else 410, {}, 0.0)


def disabled(gateway: Gateway, url: str) -> dict[str, Any] | None:
    found = answered(gateway, "GET", "disabled_targets")["entries"]
    return next((each for each in found if each["url"] == url), None)


def test_a_target_that_is_gone_is_left_alone_until_somebody_enables_it(gateway: Gateway, sink: Sink) -> None:
    back: list[bool] = []
    gone(sink, "/gone", until_enabled=back)
    define(gateway, "gone", webhook(sink, "/gone"))
    define(gateway, "beside", webhook(sink, "/beside"))
    trigger(gateway, "gone")
    assert within(20, lambda: len(dead(gateway, "gone")) == 1)
    (first,) = dead(gateway, "gone")
    assert first["error"]["code"] == "gone"
    url = f"{sink.url}/gone"
    assert within(10, lambda: disabled(gateway, url) is not None)
    target = disabled(gateway, url)
    assert target is not None
    assert (target["__typename"], target["run_id"]) == ("DisabledTarget", first["id"])

    # Later runs fail without being sent, and what else the server has is served as ever.
    for _ in range(3):
        trigger(gateway, "gone")
    trigger(gateway, "beside")
    assert within(20, lambda: len(dead(gateway, "gone")) == 4)
    assert completed(gateway, "beside")
    assert len(sink.at("/gone")) == 1
    later = answered(gateway, "GET", "dead_letters", workflow="gone", code="target_disabled")["entries"]
    assert len(later) == 3
    assert all(url in each["error"]["message"] and target["id"] in each["error"]["message"] for each in later)

    # Retrying says what to do instead.
    refused = gateway.client.post(f"/v1/workflow_recipient_runs/{first['id']}/retry", params=WHERE)
    assert (refused.status_code, refused.json()["code"]) == (422, "target_disabled")
    assert f"/v1/disabled_targets/{target['id']}/enable" in refused.json()["message"]
    bulk = answered(gateway, "POST", "dead_letters/retry", {}, workflow="gone")
    assert (bulk["retried"], bulk["more"]) == (0, False)
    assert {each["id"] for each in bulk["left"]} == {each["id"] for each in dead(gateway, "gone")}

    back.append(True)
    path = f"disabled_targets/{target['id']}/enable"
    assert answered(gateway, "POST", path) == {"id": target["id"], "url": url, "enabled": True}
    assert answered(gateway, "POST", path)["enabled"] is True
    assert within(10, lambda: disabled(gateway, url) is None)
    assert answered(gateway, "POST", "dead_letters/retry", {}, workflow="gone") == {
        "retried": 4,
        "left": [],
        "more": False,
    }
    assert within(20, lambda: sorted(map(len, by_key(sink.at("/gone")).values())) == [1, 1, 1, 2])
    assert dead(gateway, "gone") == []


def by_key(arrivals: Sequence[Arrival]) -> dict[str, list[Arrival]]:
    return {key: [each for each in arrivals if each.key == key] for key in {each.key for each in arrivals}}


def test_a_target_is_disabled_in_its_environment_alone(gateway: Gateway, sink: Sink) -> None:
    gone(sink, "/shared", until_enabled=[])
    define(gateway, "shared", webhook(sink, "/shared"))
    trigger(gateway, "shared")
    assert within(20, lambda: disabled(gateway, f"{sink.url}/shared") is not None)
    target = disabled(gateway, f"{sink.url}/shared")
    assert target is not None
    elsewhere = gateway.client.get("/v1/disabled_targets", params={"environment": "production"}).json()
    assert elsewhere["entries"] == []
    for where, target_id in (("production", target["id"]), ("development", "unheard-of")):
        answer = gateway.client.post(f"/v1/disabled_targets/{target_id}/enable", params={"environment": where})
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")
    assert disabled(gateway, f"{sink.url}/shared") is not None
