"""The log itself over HTTP: in order and without gaps, waited for, by stream; secrets withheld, for accounts alone."""

import asyncio
import threading
import time
from typing import Any

import attrs
import httpx
import pytest

from infrastructure.event_store import topics
from infrastructure.views.feed import WITHHELD
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, bearer, issue, mapping, shown
from tests.servers import answer

FIELDS = {
    *("position", "stream", "version", "name", "recorded_at", "actor", "causation_id", "correlation_id", "reason"),
    *("digest", "data"),
}


def head(gateway: Gateway) -> int:
    """The position of the last event."""
    after = 0
    while entries := shown(gateway, "/v1/audit/events", after=after, limit=1_000)["entries"]:
        after = entries[-1]["position"]
    return after


def test_the_feed_has_every_event_in_order(connect: Connect, gateway: Gateway) -> None:
    before = head(gateway)
    source = connect(mappings=[mapping("user.created", "users_identify", id="body.user")])
    webhook = source.settled({"type": "user.created", "user": "u"})["id"]
    found, after = [], before
    while page := shown(gateway, "/v1/audit/events", after=after, limit=3):
        if not page["entries"]:
            break
        found += page["entries"]
        after = page["page_info"]["after"]
    assert all(entry.keys() >= FIELDS for entry in found)
    positions = [entry["position"] for entry in found]
    assert positions == sorted(set(positions))
    assert min(positions) > before
    ours = [entry["name"] for entry in found if entry["stream"] == f"webhook-{webhook}"]
    assert ours == ["WebhookReceived", "WebhookClassified", "IdempotencyDecided", "ActionExecuted", "WebhookProcessed"]
    assert ours == [entry["name"] for entry in shown(gateway, f"/v1/audit/streams/webhook-{webhook}")["entries"]]


def test_any_stream_can_be_read_as_a_whole(connect: Connect, gateway: Gateway) -> None:
    source = connect()
    source.put(settings={"event_type_path": "body.kind"})
    names = source.key.replace("-", "--")
    entries = shown(gateway, f"/v1/audit/streams/configuration-{names}-development")["entries"]
    assert [entry["version"] for entry in entries] == list(range(1, len(entries) + 1))
    assert (entries[0]["name"], entries[-1]["name"]) == ("ConfigurationCreated", "SettingsChanged")
    assert entries[-1]["data"]["settings"]["event_type_path"] == "body.kind"
    assert entries[-1]["actor"]
    narrowed = shown(gateway, "/v1/audit/events", stream=f"configuration-{names}-development", after=0)["entries"]
    assert narrowed == entries
    rest = shown(gateway, "/v1/audit/events", stream=entries[0]["stream"], after=entries[0]["position"])["entries"]
    assert rest == entries[1:]
    missing = gateway.client.get("/v1/audit/streams/source-nowhere")
    assert (missing.status_code, missing.json()["code"]) == (404, "resource_missing")


def test_a_category_is_told_in_order_with_all_its_streams(connect: Connect, gateway: Gateway) -> None:
    before = head(gateway)
    keys = [connect().key for _ in range(3)]
    entries = shown(gateway, "/v1/audit/events", category="source", after=before)["entries"]
    assert [entry["data"]["key"] for entry in entries] == keys
    assert {entry["stream"].partition("-")[0] for entry in entries} == {"source"}


def test_secrets_are_withheld_wherever_an_event_is_shown(connect: Connect, gateway: Gateway) -> None:
    before = head(gateway)
    source = connect(secrets={"signing_secret": "a-secret-of-the-tests"})
    gateway.client.put("/v1/variables/FEED_SECRET", json={"variable": {"type": "secret", "value": "s3cr3t-value"}})
    gateway.client.post(f"/v1/sources/{source.key}/rotate_token", params={"environment": "development"})
    issue(gateway, role="auditor")
    forwarding = f"/v1/environments/{source.environment}/forwarding"
    account = {"base_url": "https://api.knock.example", "api_key": "sk_test_of_an_account"}
    assert gateway.client.put(forwarding, json={"forwarding": account}).status_code == 200
    gateway.client.delete(forwarding)
    entries = shown(gateway, "/v1/audit/events", after=before, limit=1_000)["entries"]
    told = {entry["name"]: entry["data"] for entry in entries}
    withheld = {name: told[name][field] for name, field in _withheld().items()}
    assert withheld == dict.fromkeys(_withheld(), "[withheld]")
    exported = gateway.client.get("/v1/audit/events/export", params={"after": before}).text
    assert source.endpoint.rpartition("/")[2] not in exported
    for entry in entries:
        history = shown(gateway, f"/v1/audit/streams/{entry['stream']}")["entries"]
        assert entry in history


def test_what_is_withheld_is_all_that_is_sealed() -> None:
    """A field that is left out of `repr`, or has one of these names, holds what is for nobody's eyes."""
    secret = {
        (cls.__name__, field.name)
        for cls in topics.CLASSES.values()
        for field in attrs.fields(cls)
        if not field.repr or field.name in ("sealed", "token")
    } | {("ApiKeyIssued", "digest")}
    assert secret == set(_withheld().items())


def _withheld() -> dict[str, str]:
    return {cls.__name__: field for cls, field in WITHHELD.items()}


def test_the_feed_is_for_accounts_and_not_for_environments(gateway: Gateway) -> None:
    auditor, secret = issue(gateway, role="auditor")["key"], issue(gateway, environment="development")["key"]
    for path in ("/v1/audit/events", "/v1/audit/events/export", "/v1/audit/streams/environment-development"):
        assert gateway.client.get(path, headers=bearer(auditor)).status_code == 200
        assert gateway.client.get(path, headers=bearer(secret)).status_code == 403
        assert gateway.client.get(path, headers={"authorization": ""}).status_code == 401


def test_who_waits_is_told_at_once(connect: Connect, gateway: Gateway) -> None:
    source, after = connect(), head(gateway)
    timer = threading.Timer(1.0, source.sent, [{"type": "order.placed"}])
    timer.start()
    began = time.monotonic()
    found = shown(gateway, "/v1/audit/events", after=after, wait=20)["entries"]
    timer.join()
    assert found[0]["name"] == "WebhookReceived"
    assert 0.9 < time.monotonic() - began < 5


def test_who_waits_in_vain_is_told_where_he_stands(gateway: Gateway) -> None:
    after, began = head(gateway), time.monotonic()
    page = shown(gateway, "/v1/audit/events", stream="source-nowhere", after=after, wait=1)
    assert (page["entries"], page["page_info"]["after"]) == ([], after)
    assert time.monotonic() - began > 0.9


def test_many_wait_on_one_connection_and_too_many_are_turned_away(gateway: Gateway, database: str) -> None:
    answers, listening = asyncio.run(_waiting(gateway, database, 130))
    assert answers.count(200) == 100
    assert {answer for answer in answers if answer != 200} == {503}
    assert listening == 1


async def _waiting(gateway: Gateway, database: str, count: int) -> tuple[list[int], object]:
    """The statuses of so many who wait, and how many connections listened meanwhile."""
    query: dict[str, Any] = {"stream": "source-nowhere", "wait": 15}
    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(base_url=gateway.url, timeout=60, limits=limits, trust_env=False) as client:
        headers = bearer(gateway.token)
        asked = [
            asyncio.create_task(client.get("/v1/audit/events", params=query, headers=headers)) for _ in range(count)
        ]
        await asyncio.sleep(8)
        listening = answer(database, LISTENING)
        return [each.status_code for each in await asyncio.gather(*asked)], listening


LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"after": "x"}, "after"),
        ({"after": "-1"}, "after"),
        ({"after": str(2**63)}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"wait": "31"}, "wait"),
        ({"wait": "²"}, "wait"),
        ({"stream": "a\0"}, "stream"),
        ({"category": "webhook"}, "category"),
        ({"category": "source", "stream": "source-a"}, "category"),
        ({"name": "WebhookReceived"}, "name"),
    ],
)
def test_a_wrong_question_says_what_would_be_right(gateway: Gateway, query: dict[str, str], field: str) -> None:
    refused = gateway.client.get("/v1/audit/events", params=query)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)


def test_the_whole_log_can_be_exported_in_pieces(connect: Connect, gateway: Gateway) -> None:
    connect().settled({"type": "order.placed"})
    whole = gateway.client.get("/v1/audit/events/export")
    lines, after = [], "0"
    while True:
        piece = gateway.client.get("/v1/audit/events/export", params={"after": after, "limit": 37})
        lines += piece.content.splitlines()
        after = piece.headers["hookledger-after"]
        if piece.headers["hookledger-more"] == "false":
            break
    assert lines[: len(whole.content.splitlines())] == whole.content.splitlines()
