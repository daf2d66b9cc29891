"""Workflows end to end: a whole gateway, a real HTTP sink and a real mail server on the loopback address."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Messages
from standardwebhooks.webhooks import Webhook

from tests import databases, gateways, sinks
from tests.gateways import Gateway
from tests.servers import within
from tests.sinks import Arrival, Sink

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WHERE = {"environment": "development"}


class Mailbox(Messages):
    """What the mail server took."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.messages.append(message)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=gateways.free_port())
    controller.start()
    yield box, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def gateway(postgres_url: str, sink: Sink, mailbox: tuple[Mailbox, int]) -> Iterator[Gateway]:
    settings = {
        "allow_private_targets": "loopback",
        "outgoing_ports": f"80,443,{sinks.port_of(sink)}",
        "smtp_url": f"smtp://127.0.0.1:{mailbox[1]}",
        "smtp_sender": "gateway@example.com",
    }
    with databases.fresh_database(postgres_url) as url, gateways.running(url, **settings) as running:
        for user in ("ann", "ben"):
            put(running, f"users/{user}", {"name": user.title(), "email": f"{user}@example.com"})
        put(running, "variables/SIGNING", {"variable": {"type": "secret", "value": SECRET}})
        put(running, "variables/TOKEN", {"variable": {"type": "secret", "value": "the token"}})
        yield running


def put(gateway: Gateway, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return answered(gateway, "PUT", path, body)


def answered(gateway: Gateway, method: str, path: str, body: Any = None, **params: Any) -> dict[str, Any]:
    answer = gateway.client.request(method, f"/v1/{path}", json=body, params={**WHERE, **params})
    assert answer.is_success, answer.text
    shown: dict[str, Any] = answer.json() if answer.content else {}
    return shown


def webhook(sink: Sink, path: str, **more: Any) -> dict[str, Any]:
    body = {"who": "{{ recipient.name }}", "data": "{{ data }}"}
    settings = {"url": f"{sink.url}{path}", "body": body, **more}
    return {"ref": path.strip("/"), "type": "webhook", "settings": settings}


def define(gateway: Gateway, key: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    shown = put(gateway, f"workflows/{key}", {"workflow": {"name": key, "steps": list(steps), **more}})
    return dict(shown["workflow"])


def trigger(gateway: Gateway, key: str, *recipients: str, **more: Any) -> str:
    asked = {"recipients": list(recipients) or ["ann"], **more}
    return str(answered(gateway, "POST", f"workflows/{key}/trigger", asked)["workflow_run_id"])


def runs(gateway: Gateway, key: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answered(gateway, "GET", "workflow_recipient_runs", workflow=key, **params)["items"]
    return found


def detail(gateway: Gateway, key: str) -> dict[str, Any]:
    (run,) = runs(gateway, key)
    return answered(gateway, "GET", f"workflow_recipient_runs/{run['id']}")


def settled(gateway: Gateway, key: str, status: str = "completed") -> bool:
    return within(20, lambda: all(run["status"] == status for run in runs(gateway, key)))


def test_a_webhook_arrives_signed_and_filled_in_once_for_each_recipient(gateway: Gateway, sink: Sink) -> None:
    step = webhook(sink, "/greet", secret="SIGNING", headers={"x-token": "Bearer {{ vars.TOKEN }}"})
    define(gateway, "greet", step)
    trigger(gateway, "greet", "ann", "ben", data={"total": 12, "list": [1, True, None]})
    assert settled(gateway, "greet")
    arrivals = sink.at("/greet")
    bodies = [Webhook(SECRET).verify(each.body, each.headers) for each in arrivals]
    assert sorted(body["who"] for body in bodies) == ["Ann", "Ben"]
    assert all(body["data"] == {"total": 12, "list": [1, True, None]} for body in bodies)
    assert len({each.key for each in arrivals}) == 2
    assert {each.headers["x-token"] for each in arrivals} == {"Bearer the token"}
    for run in runs(gateway, "greet"):
        assert "the token" not in str(answered(gateway, "GET", f"workflow_recipient_runs/{run['id']}"))


def test_an_email_arrives_at_the_recipient(gateway: Gateway, mailbox: tuple[Mailbox, int]) -> None:
    settings = {
        "subject": "Hi {{ recipient.name }}",
        "text": "Total {{ data.total }}",
        "html": "<b>{{ data.name }}</b>",
    }
    define(gateway, "write", {"ref": "mail", "type": "email", "settings": settings})
    trigger(gateway, "write", data={"total": 5, "name": "<i>"})
    assert settled(gateway, "write")
    (message,) = mailbox[0].messages
    assert (message["to"], message["subject"]) == ("ann@example.com", "Hi Ann")
    assert "Total 5" in message.as_string()
    assert "<b>&lt;i&gt;</b>" in message.as_string()


def test_a_failing_target_is_tried_again_with_the_same_key_and_content(gateway: Gateway, sink: Sink) -> None:
    def failing(arrival: Arrival, nth: int) -> tuple[int, dict[str, str], float]:
        return (503, {"retry-after": "0"}, 0.0) if arrival.path == "/shaky" and nth < 3 else (200, {}, 0.0)

    sink.answer = failing
    define(gateway, "shaky", webhook(sink, "/shaky"))
    trigger(gateway, "shaky")
    assert within(30, lambda: len(sink.at("/shaky")) == 3)
    assert settled(gateway, "shaky")
    assert len({(each.key, each.body) for each in sink.at("/shaky")}) == 1
    run = detail(gateway, "shaky")
    attempts = [each for each in run["events"] if each["event"] == "DeliveryAttempted"]
    assert [(each["attempt"], each["status"], each["data"]["status"]) for each in attempts] == [
        (1, "error", 503),
        (2, "error", 503),
        (3, "ok", 200),
    ]
    assert len({each["data"]["request_id"] for each in attempts}) == 3
    assert attempts[0]["data"]["answer"] == "ok"
    assert run["error_count"] == 2


def test_a_slow_target_holds_up_no_other(gateway: Gateway, sink: Sink) -> None:
    with sinks.listening() as slow:
        slow.answer = lambda arrival, nth: (200, {}, 3.0)
        refused = gateway.client.put(
            "/v1/workflows/slow", params=WHERE, json={"workflow": {"name": "slow", "steps": [webhook(slow, "/slow")]}}
        )
        assert refused.status_code == 422  # its port is none that settings allow
        assert "steps[0].settings.url" in refused.json()["message"]
    sink.answer = lambda arrival, nth: (200, {}, 2.0 if arrival.path == "/slow" else 0.0)
    define(
        gateway,
        "slow",
        {**webhook(sink, "/slow"), "settings": {"url": f"{sink.url.replace('127.0.0.1', 'localhost')}/slow"}},
    )
    define(gateway, "quick", webhook(sink, "/quick"))
    for _ in range(12):
        trigger(gateway, "slow")
    began = time.monotonic()
    trigger(gateway, "quick")
    assert within(20, lambda: len(sink.at("/quick")) == 1)
    assert time.monotonic() - began < 2
    assert settled(gateway, "slow")
    sink.answer = lambda arrival, nth: (200, {}, 0.0)


def test_a_delay_holds_a_run_back_and_a_cancellation_ends_it(gateway: Gateway, sink: Sink) -> None:
    wait = {"ref": "wait", "type": "delay", "settings": {"seconds": 3600}}
    define(gateway, "wait", wait, webhook(sink, "/late"))
    trigger(gateway, "wait", "ann", "ben", cancellation_key="c")
    assert settled(gateway, "wait", "paused")
    answered(gateway, "POST", "workflows/wait/cancel", {"cancellation_key": "c", "recipients": ["ann"]})
    assert {run["recipient"]: run["status"] for run in runs(gateway, "wait")} == {"ann": "cancelled", "ben": "paused"}
    (ann,) = runs(gateway, "wait", **{"status[]": "cancelled"})
    path = f"workflow_recipient_runs/{ann['id']}"
    assert within(10, lambda: answered(gateway, "GET", path)["events"][-1]["event"] == "RunCancelled")
    assert sink.at("/late") == []


def test_a_short_delay_passes(gateway: Gateway, sink: Sink) -> None:
    wait = {"ref": "wait", "type": "delay", "settings": {"seconds": 1}}
    define(gateway, "short", wait, webhook(sink, "/short"))
    trigger(gateway, "short")
    assert within(10, lambda: len(sink.at("/short")) == 1)


def test_a_step_whose_conditions_do_not_hold_is_not_delivered(gateway: Gateway, sink: Sink) -> None:
    paid = [{"path": "data.paid", "operator": "equal_to", "value": True}]
    define(gateway, "paid", {**webhook(sink, "/paid"), "conditions": paid}, webhook(sink, "/always"))
    trigger(gateway, "paid", data={"paid": 1})
    assert settled(gateway, "paid")
    assert (len(sink.at("/paid")), len(sink.at("/always"))) == (0, 1)


def test_what_cannot_be_delivered_is_a_dead_letter_that_can_be_retried(gateway: Gateway, sink: Sink) -> None:
    broken = {**webhook(sink, "/broken"), "settings": {"url": "{{ recipient.callback }}", "body": {}}}
    define(gateway, "broken", broken)
    for _ in range(3):
        trigger(gateway, "broken")
    assert within(20, lambda: len(dead(gateway, "broken")) == 3)
    letter = dead(gateway, "broken")[0]
    assert (letter["error"]["code"], letter["error"]["step"]) == ("request_refused", "broken")
    put(gateway, "users/ann", {"callback": f"{sink.url}/broken"})
    answered(gateway, "POST", f"workflow_recipient_runs/{letter['id']}/retry", {"refresh": True})
    assert within(20, lambda: len(dead(gateway, "broken")) == 2)
    retried = answered(gateway, "POST", "dead_letters/retry", {"refresh": True}, workflow="broken")
    assert retried == {"retried": 2, "left": [], "more": False}
    assert within(20, lambda: dead(gateway, "broken") == [])
    assert settled(gateway, "broken")
    assert len({each.key for each in sink.at("/broken")}) == len(sink.at("/broken")) == 3
    completed = gateway.client.post(f"/v1/workflow_recipient_runs/{letter['id']}/retry", params=WHERE)
    assert completed.status_code == 422


def dead(gateway: Gateway, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answered(gateway, "GET", "dead_letters", workflow=key)["entries"]
    return found


def test_data_that_the_schema_refuses_starts_nothing(gateway: Gateway) -> None:
    schema = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    shown = define(gateway, "strict", trigger_data_schema=schema)
    assert shown["trigger_data_schema"] == schema
    answer = gateway.client.post(
        "/v1/workflows/strict/trigger", params=WHERE, json={"recipients": ["ann"], "data": {"total": "5"}}
    )
    assert answer.status_code == 422
    assert "data.total" in answer.text
    assert runs(gateway, "strict") == []


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (
            {"steps": [{"ref": "a", "type": "webhook", "settings": {"url": "{{ x", "body": {}}}]},
            "steps[0].settings.url",
        ),
        (
            {"steps": [{"ref": "a", "type": "webhook", "settings": {"url": "http://10.0.0.1/"}}]},
            "steps[0].settings.url",
        ),
        (
            {
                "steps": [
                    {"ref": "a", "type": "webhook", "settings": {"url": "https://a.co", "body": {"b": ["{% if %}"]}}}
                ]
            },
            "steps[0].settings.body",
        ),
        ({"trigger_data_schema": {"type": "objekt"}}, "trigger_data_schema"),
        ({"trigger_data_schema": {"$ref": "https://example.com/schema.json"}}, "trigger_data_schema"),
        ({"conditions": [{"path": "body.x", "operator": "empty"}]}, "conditions[0].path"),
    ],
)
def test_what_cannot_be_a_workflow_is_refused_by_its_place(gateway: Gateway, told: dict[str, Any], place: str) -> None:
    answer = gateway.client.put("/v1/workflows/bad", params=WHERE, json={"workflow": {"name": "Bad", **told}})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"].startswith(f"workflow.{place}")


def test_a_workflow_is_shown_as_it_was_told_and_keeps_what_is_not_told(gateway: Gateway, sink: Sink) -> None:
    told = define(gateway, "kept", webhook(sink, "/kept"))
    renamed = put(gateway, "workflows/kept", {"workflow": {"name": "Another"}})["workflow"]
    assert renamed["steps"] == told["steps"] == [{**webhook(sink, "/kept"), "conditions": []}]
    assert put(gateway, "workflows/kept", {"workflow": {"name": "A", "steps": []}})["workflow"]["steps"] == []
