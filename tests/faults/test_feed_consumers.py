"""A consumer of the feed gets every event once, in order, while eight writers write and the API is killed under it."""

import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import attrs
import httpx
import pytest

from application.records import Change
from infrastructure.database import Database
from tests import databases, examples, gateways, stores
from tests.gateways import Gateway

WRITERS, EACH = 8, 2_600
BATCHES = (1, 200)
"""Over 20,000 events; every other writer appends many large ones at once, which takes longer than what overtakes it."""

LARGE = attrs.evolve(examples.WEBHOOK_RECEIVED, body=os.urandom(5_000))

PAUSE = 0.004
"""Seconds of rest after each event, so that the consumer is at the end of the log and not far behind it."""

KILLS = 4


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    with databases.fresh_database(postgres_url) as fresh:
        yield fresh


def write(database: Database, writer: int) -> list[str]:
    """Append webhooks, and now and then break an append off; the streams that are stored."""
    ledger, stored, batch = stores.ledger(database), list[str](), BATCHES[writer % 2]
    for number in range(EACH // batch):
        names = [f"webhook-{writer}-{number}-{index}" for index in range(batch)]
        event = LARGE if batch > 1 else examples.WEBHOOK_RECEIVED
        ledger.append(*(Change(stream=name, version=0, events=(event,)) for name in names))
        stored += names
        if number % 40 == 0:  # a conflict leaves a gap in the positions, which is none in the log
            with pytest.raises(Exception, match=names[0]):
                ledger.append(Change(stream=names[0], version=0, events=(examples.WEBHOOK_RECEIVED,)))
        time.sleep(PAUSE * batch)
    return stored


def consume(url: str, after: int, done: threading.Event, kills: int) -> list[tuple[int, str]]:
    """Follow the feed from a position on, through gateways that are killed, until all is written and read."""
    found: list[tuple[int, str]] = []
    while True:
        with gateways.running(url, command="api") as gateway:
            for _ in range(40 if kills else 2**31):
                page = _page(gateway, found[-1][0] if found else after)
                if not page and done.is_set():
                    return found
                found += page
            gateway.process.send_signal(signal.SIGKILL)
            gateway.process.wait()
        kills -= 1


def _page(gateway: Gateway, after: int) -> list[tuple[int, str]]:
    answer = httpx.get(
        f"{gateway.url}/v1/audit/events",
        params={"after": after, "limit": 1_000, "wait": 2},
        headers={"authorization": f"Bearer {gateway.token}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return [(entry["position"], entry["stream"]) for entry in answer.json()["entries"]]


def test_a_consumer_misses_nothing_and_reads_nothing_twice(url: str) -> None:
    with stores.migrated(url, pool_size=WRITERS + 1) as database, ThreadPoolExecutor(WRITERS + 1) as pool:
        with gateways.running(url, command="api"):
            after = stores.ledger(database).head()  # its keys and environments are there
        done = threading.Event()
        consumer = pool.submit(consume, url, after, done, KILLS)
        written = [each.result() for each in [pool.submit(write, database, writer) for writer in range(WRITERS)]]
        done.set()
        found = consumer.result()
    positions = [position for position, _ in found]
    assert positions == sorted(set(positions))
    assert sorted(stream for _, stream in found) == sorted(stream for streams in written for stream in streams)
    assert len(found) > 20_000
    _require_the_order_of_each_writer(found)


def _require_the_order_of_each_writer(found: list[tuple[int, str]]) -> None:
    numbers: dict[str, list[int]] = defaultdict(list)
    for _, stream in found:
        _, writer, number, _ = stream.split("-")
        numbers[writer].append(int(number))
    assert all(each == sorted(each) for each in numbers.values())
