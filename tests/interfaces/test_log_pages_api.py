"""Paging through the logs while they grow, and while the worker does not come to what is received."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests import databases, gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, mapping, pages, settled, shown, whole_pages

MANY = 130
NOISE = 2_100
"""More than what one request looks through for pending webhooks of a source."""

IDENTIFY = mapping("user.created", "users_identify", id="body.user")
SET = mapping("user.created", "objects_set", collection={"value": "users"}, id="body.user")


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    """A database of its own, since its worker is stopped now and then."""
    with databases.fresh_database(postgres_url) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def gateway(url: str) -> Iterator[Gateway]:
    """The API alone."""
    with gateways.running(url, command="api") as running:
        yield running


@pytest.fixture(scope="module")
def sender(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=gateway.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def worker(url: str, gateway: Gateway) -> Iterator[Gateway]:
    """The worker alone."""
    with gateways.running(url, command="worker") as running:
        yield running


@contextmanager
def stopped(gateway: Gateway, worker: Gateway) -> Iterator[None]:
    """Nothing is settled meanwhile. Stopped at rest: in the middle of a round it would hold the log locked."""
    while shown(gateway, "/health/ready")["lag"]["events"]:
        time.sleep(0.02)
    worker.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.process.send_signal(signal.SIGCONT)


def fill(source: Source, count: int) -> list[str]:
    """Send webhooks; their ids, the newest first."""
    return [source.sent({"type": "user.created", "user": f"u{number}"}) for number in range(count)][::-1]


def back(source: Source, path: str, before: str | None, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """The pages before a cursor, from the end towards the beginning."""
    while before is not None:
        page = shown(source.gateway, path, before=before, source=source.key, **query)
        yield page["entries"]
        before = page["page_info"]["before"]


def ids(entries: Iterator[list[dict[str, Any]]]) -> list[str]:
    """The ids on pages, in their order."""
    return [entry["id"] for page in entries for entry in page]


def growing(source: Source, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """The pages of a list to which something is added before each next page."""
    for page in pages(source.gateway, path, source=source.key, **query):
        yield page
        source.sent({"type": "user.created", "user": "late"})


@pytest.mark.parametrize("path", ["/v1/event_logs", "/v1/action_logs"])
def test_pages_have_neither_gaps_nor_repeats_while_the_log_grows(
    connect: Connect, gateway: Gateway, worker: Gateway, path: str
) -> None:
    source = connect(mappings=[IDENTIFY, SET] if "action" in path else [IDENTIFY])
    settled(source.gateway, fill(source, MANY)[0])
    first = shown(source.gateway, path, source=source.key, page_size=7)
    assert first["page_info"]["before"] is None
    expected = ids(pages(source.gateway, path, source=source.key))
    assert len(set(expected)) == len(expected) >= MANY
    assert ids(growing(source, path, page_size=7)) == expected

    last = shown(source.gateway, path, source=source.key, page_size=7, after=first["page_info"]["after"])
    seen = [entry["id"] for entry in last["entries"]]
    assert seen == expected[7:14]
    before = [
        entry["id"] for page in back(source, path, last["page_info"]["before"], page_size=5) for entry in page[::-1]
    ]
    assert before[:7] == expected[6::-1]
    assert len(set(before)) == len(before)


def test_pages_can_be_read_from_the_end_to_the_beginning(connect: Connect, gateway: Gateway, worker: Gateway) -> None:
    source = connect()
    expected = fill(source, MANY)
    settled(source.gateway, expected[0])
    *_, end = whole_pages(source.gateway, "/v1/event_logs", source=source.key, page_size=50)
    assert [entry["id"] for entry in end["entries"]] == expected[100:]
    before = [ids(iter([page])) for page in back(source, "/v1/event_logs", end["page_info"]["before"], page_size=9)]
    assert [len(page) for page in before] == [9] * 11 + [1]
    assert [each for page in reversed(before) for each in page] == expected[:100]


def test_what_waits_for_the_worker_is_in_the_log_as_pending(
    connect: Connect, gateway: Gateway, worker: Gateway
) -> None:
    source = connect(mappings=[IDENTIFY])
    done = settled(source.gateway, fill(source, 1)[0])
    with stopped(gateway, worker):
        [waiting] = fill(source, 1)
        refused = source.send(b"{").json()["event_id"]
        entries = shown(source.gateway, "/v1/event_logs", source=source.key)["entries"]
        assert [entry["id"] for entry in entries] == [refused, waiting, done["id"]]
        assert [entry["outcome"] for entry in entries] == ["rejected", "pending", "executed"]
        for outcome, found in (("pending", [waiting]), ("rejected", [refused]), ("executed", [done["id"]])):
            entries = shown(source.gateway, "/v1/event_logs", source=source.key, outcome=outcome)["entries"]
            assert [entry["id"] for entry in entries] == found
        detail = shown(source.gateway, f"/v1/event_logs/{waiting}")
        assert (detail["outcome"], detail["payload"]["user"], detail["actions"]) == ("pending", "u0", [])
        assert len(shown(source.gateway, f"/v1/event_logs/{waiting}/history")["entries"]) == 1
        assert shown(source.gateway, "/health/ready")["lag"]["events"] >= 2
        [counted] = shown(source.gateway, "/v1/audit/accounting", source=source.key)["entries"]
        assert (counted["received"], counted["executed"]) == (3, 1)
        assert counted["received"] == sum(n for name, n in counted.items() if type(n) is int and name != "received")
    assert settled(source.gateway, waiting)["outcome"] == "executed"


def test_pages_cross_from_pending_to_settled_webhooks_both_ways(
    connect: Connect, gateway: Gateway, worker: Gateway
) -> None:
    source, other = connect(), connect()
    expected = fill(source, 40)
    settled(source.gateway, expected[0])
    with stopped(gateway, worker):
        for _ in range(6):
            fill(other, 3)
            expected = [*fill(source, 5), *expected]
        assert ids(growing(source, "/v1/event_logs", page_size=7)) == expected
        middle = shown(source.gateway, "/v1/event_logs", source=source.key, page_size=50)
        end = shown(source.gateway, "/v1/event_logs", source=source.key, after=middle["page_info"]["after"])
        assert ids(iter([middle["entries"], end["entries"]]))[-len(expected) :] == expected
        towards = [
            ids(iter([page])) for page in back(source, "/v1/event_logs", end["page_info"]["before"], page_size=7)
        ]
        assert [each for page in reversed(towards) for each in page][-50:] == ids(iter([middle["entries"]]))


def test_pages_stay_whole_while_the_worker_catches_up(connect: Connect, gateway: Gateway, worker: Gateway) -> None:
    source = connect()
    with stopped(gateway, worker):
        expected = fill(source, MANY)
        read = pages(source.gateway, "/v1/event_logs", source=source.key, page_size=5)
        found = [next(read), next(read)]
    found += read  # the worker goes on meanwhile
    assert ids(iter(found)) == expected


def test_a_quiet_source_is_found_behind_the_backlog_of_a_busy_one(
    connect: Connect, gateway: Gateway, worker: Gateway
) -> None:
    quiet, busy = connect(), connect()
    expected = fill(quiet, 3)
    settled(quiet.gateway, expected[0])
    with stopped(gateway, worker):
        expected = [*fill(quiet, 2), *expected]
        fill(busy, NOISE)
        expected = [*fill(quiet, 2), *expected]
        assert ids(pages(quiet.gateway, "/v1/event_logs", source=quiet.key)) == expected
        assert ids(pages(quiet.gateway, "/v1/event_logs", source=quiet.key, outcome="unmapped")) == expected[4:]
        *_, oldest = whole_pages(quiet.gateway, "/v1/event_logs", source=quiet.key, page_size=1)
        towards = ids(back(quiet, "/v1/event_logs", oldest["page_info"]["before"], page_size=1))
        assert towards[::-1] == expected[:-1]
