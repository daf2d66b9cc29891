"""What a sender is answered: every row of the table of answers."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping

import httpx
import psycopg
import pytest

from tests import gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, mapping, shown

SECRET = "a-signing-secret-of-some-length"
SIGNED = {"scheme": "hmac", "header": "x-signature", "algorithm": "sha256", "encoding": "hex"}
TRACK = {"type": "track", "event": "document-shared", "userId": "zoe", "properties": {"title": "Plan"}}


def assert_turned_away(answer: httpx.Response, status: int, code: str) -> None:
    """The answer has the shape of errors and a request id."""
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert {"message", "type"} < problem.keys() <= {"code", "message", "status", "type", "event_id"}
    assert answer.headers["x-request-id"] == problem.get("event_id", answer.headers["x-request-id"])


def test_an_accepted_webhook_is_answered_with_its_id(connect: Connect) -> None:
    source = connect()
    answer = source.send({"type": "order.placed"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"status": "accepted", "event_id": answer.headers["x-request-id"]}
    assert source.entry(answer)["payload"] == {"type": "order.placed"}


def test_a_repeated_webhook_is_answered_as_the_first_was(connect: Connect) -> None:
    source = connect(idempotency_key_path="body.id")
    first = source.settled({"type": "order.placed", "id": "1"})
    again = source.settled({"type": "order.placed", "id": "1"})
    assert (first["outcome"], again["outcome"]) == ("unmapped", "duplicate")
    assert again["idempotency"]["original_id"] == first["id"]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"kind": "x"}, "unclassified"),
        ({"type": ["x"]}, "unclassified"),
        ({"type": "user.created", "user": {"id": "a\0b"}}, "failed"),
        ({"type": "user.created"}, "partially_executed"),
    ],
)
def test_what_goes_wrong_afterwards_is_not_the_senders_business(
    connect: Connect, body: Mapping[str, object], outcome: str
) -> None:
    source = connect(mappings=[mapping("user.created", "users_identify", id="body.user.id")])
    assert source.settled(body)["outcome"] == outcome


def test_the_legacy_dialect_is_answered_with_nothing(connect: Connect) -> None:
    source = connect(template="http_legacy")
    answer = source.send(TRACK)
    assert (answer.status_code, answer.content) == (204, b"")
    assert shown(source.gateway, f"/v1/event_logs/{answer.headers['x-request-id']}")["source"] == source.key


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**TRACK, "type": "identify"},
        {**TRACK, "event": ""},
        {**TRACK, "event": 5},
        {**TRACK, "properties": [1]},
        {**TRACK, "userId": 7},
        {**TRACK, "messageId": {}},
    ],
)
def test_what_the_legacy_dialect_does_not_know_is_malformed(connect: Connect, body: Mapping[str, object]) -> None:
    assert_turned_away(connect(template="http_legacy").send(body), 400, "invalid_params")


def test_enforced_verification_refuses_what_is_not_signed(connect: Connect) -> None:
    source = connect(enforce_verification=True, verification=SIGNED, secrets={"signing_secret": SECRET})
    body = json.dumps({"type": "order.placed"}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert source.send(body, {"x-signature": signature}).status_code == 200
    for headers in ({}, {"x-signature": signature[::-1]}, {"x-signature": ""}):
        answer = source.send(body, headers)
        assert_turned_away(answer, 401, "verification_failed")
        assert answer.json()["type"] == "authentication_error"
        assert signature not in answer.text
        entry = source.entry(answer)
        assert (entry["outcome"], entry["verification_status"]) == ("rejected", "enforced:failed")


def test_enforced_verification_without_a_secret_refuses_everything(connect: Connect) -> None:
    answer = connect(enforce_verification=True, verification=SIGNED).send({}, {"x-signature": "00"})
    assert_turned_away(answer, 401, "verification_failed")


def test_verification_that_is_not_enforced_only_leaves_its_verdict(connect: Connect) -> None:
    source = connect(verification=SIGNED, secrets={"signing_secret": SECRET})
    assert source.settled({"type": "x"}, {"x-signature": "00"})["verification_status"] == "not_enforced:failed"


def test_an_unknown_address_is_answered_alike_whatever_is_sent(connect: Connect) -> None:
    source = connect()
    for path in (f"{source.endpoint}x", source.endpoint[:-1], f"{source.endpoint}/x", "/integrations/receive/%00"):
        for method in ("POST", "GET", "DELETE"):
            answer = source.sender.request(method, path, content=b"{}" if method == "POST" else None)
            assert_turned_away(answer, 404, "resource_missing")
            assert "event_id" not in answer.json()


def test_a_disabled_source_receives_nothing(connect: Connect) -> None:
    source = connect(enabled=False)
    assert_turned_away(source.send({}), 404, "source_disabled")
    source.put(settings={"enabled": True})
    assert source.send({}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_webhooks_are_posted(connect: Connect, method: str) -> None:
    source = connect()
    answer = source.sender.request(method, source.endpoint)
    assert_turned_away(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain", "application/x-foo", ""])
def test_json_is_accepted_under_any_name(connect: Connect, content_type: str) -> None:
    assert connect().send(b'{"type": "x"}', {"content-type": content_type}).status_code == 200


def test_what_says_that_it_is_not_json_and_is_not_is_unsupported(connect: Connect) -> None:
    source = connect()
    answer = source.send(b"<type>x</type>", {"content-type": "text/xml"})
    assert_turned_away(answer, 415, "unsupported_media_type")
    assert "text/xml" in answer.json()["message"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert_turned_away(source.send(b"no form", form), 400, "malformed_form")
    assert_turned_away(source.send(b"type=x", {"content-type": "application/json"}), 400, "not_json")
    assert_turned_away(source.send(b"type=x"), 400, "not_json")


def test_a_form_is_read_where_its_sender_says_that_it_is_one(connect: Connect) -> None:
    entry = connect().settled(b"type=x&name=Zo%C3%AB", {"content-type": "application/x-www-form-urlencoded"})
    assert (entry["event_type"], entry["payload"]) == ("x", {"type": "x", "name": "Zoë"})


def test_credentials_are_not_kept(connect: Connect) -> None:
    source = connect(verification={"scheme": "shared_header", "header": "x-mark"})
    headers = dict.fromkeys(("authorization", "cookie", "x-api-key", "x-mark", "proxy-authorization"), "canary-17")
    webhook = source.settled({"type": "x"}, headers)
    history = source.gateway.client.get(f"/v1/event_logs/{webhook['id']}/history")
    assert "canary-17" not in history.text + json.dumps(webhook)
    assert webhook["headers"]["x-mark"] == "[redacted]"


def test_a_request_id_of_the_sender_is_kept_beside_ours(connect: Connect) -> None:
    source = connect()
    webhook = source.sent({"type": "x"}, {"x-request-id": "theirs"})
    [received, *_] = shown(source.gateway, f"/v1/event_logs/{webhook}/history")["entries"]
    assert received["correlation_id"] == "theirs"


@pytest.fixture(scope="module")
def strict(gateway: Gateway, database: str) -> Iterator[Gateway]:
    """A second process, which keeps one rejected request a second."""
    with gateways.running(database, command="api", rejections_per_second="1", max_body_bytes="2048") as running:
        yield running


def test_rejected_requests_are_throttled_and_accepted_ones_are_not(connect: Connect, strict: Gateway) -> None:
    source = connect()
    there = Source(gateway=strict, sender=strict.client, key=source.key, environment="", endpoint=source.endpoint)
    answers = [there.send(b"{") for _ in range(5)]
    assert [answer.status_code for answer in answers[:2]] == [400, 400]
    assert_turned_away(answers[-1], 429, "too_many_rejected")
    assert answers[-1].headers["retry-after"] == "1"
    assert there.send({"type": "x"}).status_code == 200


def test_the_limit_of_a_body_is_a_setting(connect: Connect, strict: Gateway) -> None:
    source = connect()
    for size, status in ((2048, 200), (2049, 413)):
        answer = strict.client.post(source.endpoint, content=b'{"type":"x"}'.ljust(size))
        assert answer.status_code == status


def test_what_cannot_be_stored_in_time_is_to_be_sent_again(connect: Connect, database: str) -> None:
    source = connect()
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE hookledger.ledger_events IN EXCLUSIVE MODE")
        answer = source.send({"type": "x"})
    assert_turned_away(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert source.send({"type": "x"}).status_code == 200
