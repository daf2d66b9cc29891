"""The official clients of Segment, RudderStack and PostHog, unchanged, deliver to a gateway: each event once.

Each is a real client with its queue and its thread, told nothing but the gateway's address and a write key.
"""

import logging
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import psycopg
import pytest
from posthog import Posthog
from rudderstack.analytics.client import Client as RudderStack  # type: ignore[import-untyped]
from segment.analytics.client import Client as Segment  # type: ignore[import-untyped]

from tests import databases, gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, mapping, pages, put, settled
from tests.servers import within

SOON = 30.0
IDENTIFIED = {"id": "zoe", "name": "Zoe Park", "email": "zoe@example.com"}
TRAITS = {"name": "Zoe Park", "email": "zoe@example.com", "plan": "pro"}
ORDER = {"order": "o-1", "total": 12.5}


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    with databases.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def gateway(database: str) -> Iterator[Gateway]:
    with gateways.running(database) as running:
        yield running


@pytest.fixture
def sender(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url) as client:
        yield client


@pytest.fixture
def connect(gateway: Gateway, sender: httpx.Client, request: pytest.FixtureRequest) -> Connect:
    return Connect(gateway=gateway, sender=sender, name=f"c{zlib.crc32(request.node.nodeid.encode()):08x}")


def connected(connect: Connect, library: "Library") -> Source:
    """A source from the library's template, with a mapping of its own beside those of the template."""
    key = connect.key()
    answer = put(connect.gateway, key, {"preconfigured_provider": library.template})
    assert answer.status_code == 200, answer.text
    source = connect.of(answer.json(), "development")
    orders = mapping(library.event_type, "objects_set", collection={"value": source.key}, id="body.properties.order")
    answer = source.put(mappings=[*source.settings()["mappings"], orders])
    assert answer.status_code == 200, answer.text
    return source


def write_key(source: Source) -> str:
    return str(source.settings()["settings"]["write_key"])


def arrived(source: Source) -> list[dict[str, Any]]:
    """What is on record, oldest first, once the worker has come to it."""
    every = [entry for page in pages(source.gateway, "/v1/event_logs", source=source.key) for entry in page]
    return [settled(source.gateway, entry["id"]) for entry in every[::-1]]


def types(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["event_type"], entry["outcome"]) for entry in entries]


def actions(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(action["action_type"], action["action_status"]) for action in entry["actions"]]


@contextmanager
def segment(source: Source, key: str | None = None, **options: Any) -> Iterator[Segment]:
    client = Segment(key or write_key(source), host=source.gateway.url, upload_interval=0.1, **options)
    try:
        yield client
    finally:
        client.shutdown()


@contextmanager
def rudderstack(source: Source, key: str | None = None, **options: Any) -> Iterator[RudderStack]:
    client = RudderStack(key or write_key(source), host=source.gateway.url, upload_interval=0.1, **options)
    try:
        yield client
    finally:
        client.shutdown()


@contextmanager
def posthog(source: Source, key: str | None = None, **options: Any) -> Iterator[Posthog]:
    client = Posthog(key or write_key(source), host=source.gateway.url, flush_interval=0.1, **options)
    try:
        yield client
    finally:
        client.shutdown()


@attrs.frozen(kw_only=True)
class Library:
    """A client, the template that its events are for, and how it says that an order was placed."""

    template: str
    client: Callable[..., Any]
    event_type: str = "track/order placed"

    def order(self, client: Any, properties: Mapping[str, Any] = ORDER) -> None:
        if self.template == "posthog":
            client.capture("order placed", distinct_id="zoe", properties=properties)
        else:
            client.track("zoe", "order placed", properties)


SEGMENT = Library(template="segment", client=segment)
RUDDERSTACK = Library(template="rudderstack", client=rudderstack)
POSTHOG = Library(template="posthog", client=posthog, event_type="order placed")
ALL = pytest.mark.parametrize("library", [SEGMENT, RUDDERSTACK, POSTHOG], ids=lambda library: library.template)
CALLING = pytest.mark.parametrize("library", [SEGMENT, RUDDERSTACK], ids=lambda library: library.template)


def refuse_failures(error: Exception, batch: list[Any]) -> None:
    """What a client calls when it gives up on events."""
    raise AssertionError(f"{len(batch)} events are lost: {error}")


def speak(client: Any) -> None:
    """Every call that Segment's and RudderStack's clients have."""
    client.identify("zoe", TRAITS)
    client.track("zoe", "order placed", ORDER)
    client.page("zoe", "shop", "cart", {"path": "/cart"})
    client.screen("zoe", "shop", "cart")
    client.group("zoe", "acme", {"plan": "scale"})
    client.alias("anonymous-7", "zoe")
    client.flush()


EVERY_CALL = [
    ("identify", "executed"),
    ("track/order placed", "executed"),
    ("page", "unmapped"),
    ("screen", "unmapped"),
    ("group", "unmapped"),
    ("alias", "unmapped"),
]


@pytest.mark.parametrize("gzip", [False, True])
@CALLING
def test_every_call_arrives_once_with_its_type_and_its_action(connect: Connect, library: Library, gzip: bool) -> None:
    source = connected(connect, library)
    with library.client(source, gzip=gzip, on_error=refuse_failures) as client:
        speak(client)
    entries = arrived(source)
    assert types(entries) == EVERY_CALL
    assert {entry["verification_status"].partition(":")[2] for entry in entries} == {"verified"}
    assert actions(entries[0]) == [("users_identify", "success")]
    assert actions(entries[1]) == [("objects_set", "success")]
    assert entries[0]["actions"][0]["action_payload"].items() >= IDENTIFIED.items()
    assert entries[1]["payload"]["properties"] == ORDER


def test_posthog_s_events_arrive_once_with_their_types_and_their_actions(connect: Connect) -> None:
    source = connected(connect, POSTHOG)
    with posthog(source, gzip=True, on_error=refuse_failures) as client:
        client.set(distinct_id="zoe", properties=TRAITS)
        client.capture("order placed", distinct_id="zoe", properties=ORDER)
        client.capture("seen", distinct_id="zoe")
        client.group_identify("company", "acme", {"plan": "scale"})
        client.alias("anonymous-7", "zoe")
    entries = arrived(source)
    assert types(entries) == [
        ("$set", "executed"),
        ("order placed", "executed"),
        ("seen", "unmapped"),
        ("$groupidentify", "unmapped"),
        ("$create_alias", "unmapped"),
    ]
    [identified] = entries[0]["actions"]
    assert identified["action_payload"].items() >= IDENTIFIED.items()
    assert identified["action_payload"]["properties"] == TRAITS
    assert actions(entries[1]) == [("objects_set", "success")]
    assert {entry["idempotency"]["key"] for entry in entries} == {entry["payload"]["uuid"] for entry in entries}


def test_a_batch_that_a_client_sends_again_acts_once(connect: Connect) -> None:
    """As after an answer that was lost: the same messages, with the same ids, in a request of their own."""
    source = connected(connect, SEGMENT)
    for _ in range(2):
        with segment(source, on_error=refuse_failures) as client:
            client.identify("zoe", TRAITS, message_id="m-1")
            client.track("zoe", "order placed", ORDER, message_id="m-2")
    entries = arrived(source)
    assert [entry["outcome"] for entry in entries] == ["executed", "executed", "duplicate", "duplicate"]
    assert [len(entry["actions"]) for entry in entries] == [1, 1, 0, 0]
    assert [entry["idempotency"]["original_id"] for entry in entries[2:]] == [entry["id"] for entry in entries[:2]]


def test_many_events_arrive_in_many_batches(connect: Connect) -> None:
    source = connected(connect, SEGMENT)
    with segment(source, upload_size=60, on_error=refuse_failures) as client:
        for number in range(250):
            client.track("zoe", "counted", {"number": number})
    numbers = [entry["payload"]["properties"]["number"] for entry in arrived(source)]
    assert sorted(numbers) == list(range(250))


@CALLING
def test_an_event_that_is_no_json_is_rejected_by_itself(connect: Connect, library: Library) -> None:
    """These clients write NaN, which is no JSON, for a number that is none."""
    source = connected(connect, library)
    with library.client(source, on_error=refuse_failures) as client:
        client.track("zoe", "divided", {"ratio": float("nan")})
        library.order(client)
    divided, placed = arrived(source)
    assert (divided["outcome"], divided["error"]["code"]) == ("rejected", "not_json")
    assert (placed["event_type"], placed["outcome"]) == (library.event_type, "executed")


@ALL
def test_a_client_with_a_wrong_key_hears_why(connect: Connect, library: Library) -> None:
    source, heard = connected(connect, library), list[str]()
    with library.client(source, "wk_of_nobody", on_error=lambda error, _: heard.append(str(error))) as client:
        library.order(client)
    assert len(heard) == 1
    assert "the write key is unknown" in heard[0]
    assert arrived(source) == []


@ALL
def test_what_cannot_be_stored_is_sent_again_and_acts_once(
    connect: Connect, database: str, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    """The database is out of reach for longer than a request waits; and what it was given then it may have kept."""
    source = connected(connect, library)
    caplog.set_level(logging.DEBUG, "urllib3.connectionpool")
    with library.client(source, on_error=refuse_failures) as client:
        with psycopg.connect(database) as connection:
            connection.execute("LOCK TABLE hookledger.ledger_events IN EXCLUSIVE MODE")
            library.order(client)
            assert within(SOON, lambda: bool(re.search(r'POST /\S* HTTP/1.1" 503', caplog.text)))
        assert within(SOON, lambda: bool(re.search(r'POST /\S* HTTP/1.1" 200', caplog.text)))
    first, *again = arrived(source)
    assert (first["outcome"], {entry["outcome"] for entry in again} - {"duplicate"}) == ("executed", set())


@ALL
def test_what_is_sent_while_the_gateway_is_down_arrives_once_it_is_back(
    connect: Connect, database: str, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "urllib3.connectionpool")
    port = str(gateways.free_port())
    with gateways.running(database, port=port) as first:
        source = connected(attrs.evolve(connect, gateway=first), library)
        key = write_key(source)
    with library.client(source, key, max_retries=10, on_error=refuse_failures) as client:
        library.order(client)
        assert within(SOON, lambda: "Starting new HTTP connection" in caplog.text)
        with gateways.running(database, port=port):
            assert within(SOON, lambda: 'HTTP/1.1" 200' in caplog.text)
    assert [entry["outcome"] for entry in arrived(attrs.evolve(source, gateway=connect.gateway))] == ["executed"]


EXAMPLES: list[str] = re.findall(r"```python\n(.*?)```", Path("docs/event-clients.md").read_text(), re.DOTALL)


@ALL
def test_the_examples_of_the_documentation_do_what_they_say(connect: Connect, library: Library) -> None:
    source = connected(connect, library)
    [example] = [each for each in EXAMPLES if f"{library.template} = " in each]
    code = example.replace("wk_...", write_key(source)).replace("http://127.0.0.1:8400", source.gateway.url)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=SOON)
    identified, placed = arrived(source)
    assert actions(identified) == [("users_identify", "success")]
    assert actions(placed) == [("objects_set", "success")]
