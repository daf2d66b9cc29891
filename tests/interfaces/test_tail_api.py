"""The live tail: webhooks by server-sent events as they are settled, taken up where they broke off."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import databases, gateways
from tests.gateways import COMMAND, Gateway
from tests.interfaces.conversations import Connect, Source, bearer, issue, settled


@contextmanager
def tail(gateway: Gateway, *, last: str | None = None, **query: Any) -> Iterator[Iterator[dict[str, str]]]:
    """The events of a tail, each with its fields."""
    headers = {} if last is None else {"last-event-id": last}
    with gateway.client.stream("GET", "/v1/event_logs/tail", params=query, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_raw())


def _events(chunks: Iterator[bytes]) -> Iterator[dict[str, str]]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        for event in whole:
            yield dict(line.split(": ", 1) for line in event.decode().split("\n"))


def entries(events: Iterator[dict[str, str]], count: int) -> list[dict[str, Any]]:
    """The next webhooks of a tail."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        event = next(events)
        if "data" in event:
            assert event["event"] == "event_log"
            found.append({**json.loads(event["data"]), "last": event["id"]})
    return found


def test_webhooks_are_told_as_they_are_settled(connect: Connect, gateway: Gateway) -> None:
    source = connect(idempotency_key_path="body.key")
    source.settled({"type": "before"})
    with tail(gateway, source=source.key) as events:
        assert "id" in next(events)
        sent = [source.sent({"type": "order.placed", "key": "1"}) for _ in range(2)]
        rejected = source.send(b"{").json()["event_id"]
        told = entries(events, 3)
    assert [each["id"] for each in told] == [*sent, rejected]
    assert [each["outcome"] for each in told] == ["unmapped", "duplicate", "rejected"]


def test_a_tail_goes_on_behind_its_last_event_without_gaps(connect: Connect, gateway: Gateway) -> None:
    source = connect()
    with tail(gateway, source=source.key) as events:
        last = next(events)["id"]
    sent = [source.sent({"type": "order.placed"}) for _ in range(5)]
    settled(gateway, sent[-1])
    with tail(gateway, source=source.key, last=last) as events:
        told = entries(events, 2)
    with tail(gateway, source=source.key, last=told[-1]["last"]) as events:
        told += entries(events, 3)
    assert [each["id"] for each in told] == sent


def test_filters_hold_and_foreign_environments_are_not_told_of(connect: Connect, gateway: Gateway) -> None:
    source, other = connect(), connect(environment="production")
    key = issue(gateway, environment="production")["key"]
    headers = bearer(key)
    with gateway.client.stream("GET", "/v1/event_logs/tail", headers=headers, params={"event_type": "b"}) as answer:
        events = _events(answer.iter_raw())
        next(events)
        source.sent({"type": "b"})
        other.sent({"type": "a"})
        wanted = other.sent({"type": "b"})
        assert [each["id"] for each in entries(events, 1)] == [wanted]


@pytest.mark.parametrize(("query", "field"), [({"after": "x"}, "after"), ({"outcome": "x"}, "outcome")])
def test_a_wrong_question_is_answered_at_once(gateway: Gateway, query: dict[str, str], field: str) -> None:
    answer = gateway.client.get("/v1/event_logs/tail", params=query)
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"] == field


def test_followers_do_not_hold_up_the_end_of_a_process(postgres_url: str) -> None:
    with (
        databases.fresh_database(postgres_url) as url,
        gateways.running(url, command="api") as gateway,
        tail(gateway) as events,
    ):
        next(events)
        began = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(20) in gateways.CLEAN
        assert time.monotonic() - began < 8


def test_the_command_line_follows_a_source(connect: Connect, source_of_two: Source) -> None:
    gateway = source_of_two.gateway
    environ = {**os.environ, "HOOKLEDGER_ADMIN_TOKEN": gateway.token, "COLUMNS": "200"}
    command = [*COMMAND, "tail", "--url", gateway.url, "--source", source_of_two.key, "--count", "2"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    sent: list[str] = []
    while process.poll() is None and len(sent) < 200:
        sent.append(source_of_two.sent({"type": "order.placed"}))
        time.sleep(0.1)
    printed, _ = process.communicate(timeout=20)
    first, second = (line.split()[-1] for line in printed.splitlines())
    assert sent.index(second) == sent.index(first) + 1
    assert "unmapped" in printed


@pytest.fixture
def source_of_two(connect: Connect) -> Source:
    """A source of its own."""
    return connect()
