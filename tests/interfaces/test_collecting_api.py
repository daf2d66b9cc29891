"""What an event client is answered, and that nothing that one sends breaks anything."""

import base64
import gzip
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import psycopg
import pytest

from tests import gateways
from tests.gateways import Gateway
from tests.interfaces import sockets
from tests.interfaces.conversations import Connect, Source, mapping, pages, settled, shown
from tests.interfaces.sockets import request

CALLS = ("track", "identify", "page", "screen", "group", "alias")
TRACK = {"type": "track", "event": "order placed", "userId": "zoe", "messageId": "m-1"}
ITEM = 1_048_576
BATCH = 6_291_456
SEED = 20_260_115


def write_key(source: Source) -> str:
    return str(source.settings()["settings"]["write_key"])


def basic(user: str, password: str = "", scheme: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def send(source: Source, body: object, path: str = "/v1/batch", **headers: str) -> httpx.Response:
    """Send as a client does, with the source's write key."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return source.sender.post(path, content=content, headers={**basic(write_key(source)), **headers})


def entries(source: Source) -> list[dict[str, Any]]:
    """What is on record, oldest first."""
    every = [entry for page in pages(source.gateway, "/v1/event_logs", source=source.key) for entry in page]
    return every[::-1]


def assert_turned_away(answer: httpx.Response, status: int, code: str) -> None:
    """The answer has the shape of errors, of which clients read `code` and `message`."""
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert problem["message"]
    assert answer.headers["x-request-id"]


def test_a_batch_is_answered_event_by_event(connect: Connect) -> None:
    source = connect()
    answer = send(source, {"batch": [TRACK, 7, {"type": "page"}]})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    said = answer.json()
    assert (said["success"], said["accepted"], said["rejected"]) == (True, 2, 1)
    assert [(each["index"], each["status"]) for each in said["items"]] == [
        (0, "accepted"),
        (1, "rejected"),
        (2, "accepted"),
    ]
    assert said["items"][1]["code"] == "not_an_object"
    assert {"code", "message"}.isdisjoint(said["items"][0])
    assert [entry["id"] for entry in entries(source)] == [each["event_id"] for each in said["items"]]
    assert settled(source.gateway, said["items"][2]["event_id"])["payload"] == {"type": "page"}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_has_an_address_of_its_own(connect: Connect, call: str) -> None:
    source = connect()
    answer = send(source, {"userId": "zoe", "writeKey": write_key(source)}, f"/v1/{call}")
    [item] = answer.json()["items"]
    entry = settled(source.gateway, item["event_id"])
    assert (entry["event_type"], entry["payload"]) == (call, {"userId": "zoe", "type": call})


@pytest.mark.parametrize("path", ["/batch/", "/batch"])
def test_posthog_s_address_takes_captures(connect: Connect, path: str) -> None:
    source = connect(event_type_path="body.event")
    capture = {"event": "seen", "distinct_id": "zoe", "uuid": "u-1"}
    answer = source.sender.post(path, json={"api_key": write_key(source), "batch": [capture]})
    [item] = answer.json()["items"]
    assert settled(source.gateway, item["event_id"])["payload"] == {**capture, "messageId": "u-1", "userId": "zoe"}


def test_events_of_a_request_share_its_id(connect: Connect) -> None:
    source = connect()
    answer = send(source, {"batch": [TRACK, TRACK, 7]}, **{"x-request-id": "theirs"})
    assert answer.headers["x-request-id"] == "theirs"
    ours = send(source, {"batch": [TRACK]}).headers["x-request-id"]
    found = [shown(source.gateway, f"/v1/event_logs/{entry['id']}/history")["entries"][0] for entry in entries(source)]
    assert [each["correlation_id"] for each in found] == ["theirs"] * 3 + [ours]


@pytest.mark.parametrize(
    "headers",
    [
        basic("wk_another"),
        basic(""),
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic /w=="},
        {"authorization": "Bearer KEY"},
    ],
)
def test_who_shows_no_write_key_is_refused(connect: Connect, headers: dict[str, str]) -> None:
    source = connect()
    presented = {name: value.replace("KEY", write_key(source)) for name, value in headers.items()}
    for path in ("/v1/batch", "/v1/track", "/batch/"):
        body = {"batch": [TRACK], "writeKey": write_key(source)}
        assert_turned_away(source.sender.post(path, json=body, headers=presented), 401, "unknown_write_key")
    assert entries(source) == []


def test_a_write_key_comes_with_an_empty_password_and_a_scheme_in_any_case(connect: Connect) -> None:
    source = connect()
    key = write_key(source)
    assert_turned_away(send(source, {"batch": []}, **basic(key, "x")), 401, "unknown_write_key")
    assert_turned_away(send(source, {"batch": []}, **basic(key, scheme="Digest")), 401, "unknown_write_key")
    assert send(source, {"batch": []}, **basic(key, scheme="bAsIc")).status_code == 200


def test_no_header_and_no_key_in_the_body_is_refused(connect: Connect) -> None:
    source = connect()
    for body in ({"batch": [TRACK]}, {"batch": [TRACK], "api_key": None}, {"batch": [TRACK], "writeKey": [1]}):
        assert_turned_away(source.sender.post("/v1/batch", json=body), 401, "unknown_write_key")
    assert_turned_away(source.sender.post("/v1/batch", content=b"{"), 400, "not_json")


def test_an_api_key_and_the_token_of_an_address_are_no_write_keys(connect: Connect) -> None:
    source = connect()
    for other in (source.gateway.token, source.endpoint.rpartition("/")[2]):
        assert_turned_away(send(source, {"batch": []}, **basic(other)), 401, "unknown_write_key")


def test_a_write_key_opens_nothing_else(connect: Connect) -> None:
    source = connect()
    for headers in (basic(write_key(source)), {"authorization": f"Bearer {write_key(source)}"}):
        assert source.sender.get("/v1/sources", headers=headers).status_code == 401


def test_events_come_in_by_post_only(connect: Connect) -> None:
    source = connect()
    for path in ("/v1/batch", "/v1/track", "/batch/"):
        assert source.sender.get(path).status_code == 405


def test_the_write_key_is_nowhere_on_record(connect: Connect) -> None:
    source = connect()
    key = write_key(source)
    bodies: list[Mapping[str, Any]] = [{"batch": [{**TRACK, "writeKey": key}, key], "writeKey": key}, {"writeKey": key}]
    for body in bodies:
        send(source, body, **{"x-note": key})
    send(source, gzip.compress(json.dumps(bodies[0]).encode())[:-3], **{"content-encoding": "gzip"})
    for entry in entries(source):
        for what in ("", "/history", "/body"):
            assert key not in source.gateway.client.get(f"/v1/event_logs/{entry['id']}{what}").text
    *_, unpackable = entries(source)
    assert len(entries(source)) == 4
    # Most of it could be unpacked after all.
    assert source.gateway.client.get(f"/v1/event_logs/{unpackable['id']}/body").content == b""


MALFORMED: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "not_json"),
    "half an object": (b'{"batch": [', 400, "not_json"),
    "a list": (b"[{}]", 400, "not_an_object"),
    "no batch": (b"{}", 400, "invalid_params"),
    "an object for a batch": (b'{"batch": {"0": {}}}', 400, "invalid_params"),
    "a text for a batch": (b'{"batch": "[]"}', 400, "invalid_params"),
    "100,000 levels": (b'{"batch": ' + b"[" * 100_000, 400, "nested_too_deeply"),
    "invalid UTF-8": (b'{"batch": [{"x": "\xff"}]}', 400, "invalid_utf8"),
    "5,001 events": (b'{"batch": [' + b"{}," * 5_000 + b"{}]}", 413, "batch_too_large"),
}


@pytest.mark.parametrize(("body", "status", "code"), MALFORMED.values(), ids=MALFORMED)
def test_a_request_without_events_to_be_had_is_refused_and_kept(
    connect: Connect, body: bytes, status: int, code: str
) -> None:
    source = connect()
    answer = send(source, body)
    assert_turned_away(answer, status, code)
    [entry] = entries(source)
    assert (entry["id"], entry["outcome"]) == (answer.json()["event_id"], "rejected")


ODD: dict[str, tuple[str, str | None]] = {
    "__proto__": ('{"__proto__": {"type": "x"}, "constructor": {"prototype": {}}}', None),
    "NUL": ('{"type": "x\\u0000", "\\u0000": "\\u0000"}', None),
    "an empty object": ("{}", None),
    "62 levels": ('{"x":' * 61 + "{}" + "}" * 61, None),
    "65 levels": ('{"x":' * 65 + "1" + "}" * 65, "nested_too_deeply"),
    "NaN": ('{"x": NaN}', "not_json"),
    "half a surrogate pair": ('{"x": "\\ud800"}', "invalid_utf8"),
    "a list": ("[]", "not_an_object"),
    "null": ("null", "not_an_object"),
}


@pytest.mark.parametrize(("event", "code"), ODD.values(), ids=ODD)
def test_an_odd_event_is_an_answer_and_no_fault(connect: Connect, event: str, code: str | None) -> None:
    source = connect()
    answer = send(source, f'{{"batch": [{event}, {{"type": "end"}}]}}'.encode())
    assert answer.status_code == 200, answer.text
    first, last = answer.json()["items"]
    assert (first.get("code"), last["status"]) == (code, "accepted")
    assert settled(source.gateway, first["event_id"])["error"] != {"code": "evaluation_failed"}
    assert settled(source.gateway, last["event_id"])["event_type"] == "end"


def test_an_event_may_be_as_large_as_a_webhook(connect: Connect) -> None:
    source = connect()
    fits, too_large = ({"type": "x" * (ITEM - more)} for more in (11, 10))
    answer = send(source, {"batch": [fits, too_large, fits]})
    assert [each.get("code") for each in answer.json()["items"]] == [None, "event_too_large", None]


def test_a_batch_may_be_larger_than_a_webhook_but_not_without_end(connect: Connect) -> None:
    source = connect()
    body = json.dumps({"batch": [{"type": "x" * 1_000_000}] * 6}).encode()
    assert send(source, body.ljust(BATCH)).json()["accepted"] == 6
    sent = request(
        "/v1/batch", f"Authorization: {basic(write_key(source))['authorization']}", f"Content-Length: {BATCH + 1}"
    )
    answer = sockets.exchange(source.gateway.url, sent)
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    rejected = entries(source)[-1]
    assert rejected["outcome"] == "rejected"


def test_the_most_events_that_a_batch_may_have_are_stored_together(connect: Connect) -> None:
    source = connect()
    events = [{**TRACK, "messageId": f"m-{number}", "note": "x" * 1_000} for number in range(5_000)]
    answer = send(source, {"batch": events})
    assert answer.json()["accepted"] == 5_000
    last = settled(source.gateway, answer.json()["items"][-1]["event_id"])
    assert last["payload"]["messageId"] == "m-4999"


def test_events_in_gzip_are_unpacked_within_bounds(connect: Connect) -> None:
    source, coded = connect(), {"content-encoding": "gzip"}
    alike = json.dumps({"batch": [{**TRACK, "note": "the same again " * 400}] * 100}).encode()
    packed = gzip.compress(alike)
    assert len(alike) > 100 * len(packed)
    assert send(source, packed, **coded).json()["accepted"] == 100
    for bomb in (gzip.compress(b" " * 3_000_000), gzip.compress(b" " * 60_000_000)):
        assert_turned_away(send(source, bomb, **coded), 413, "body_too_large")
    assert_turned_away(send(source, b"{}", **coded), 400, "malformed_encoding")
    assert_turned_away(send(source, b"{}", **{"content-encoding": "br"}), 415, "unsupported_encoding")


@pytest.mark.parametrize(
    "headers",
    [[f"X-{number}: 1" for number in range(100)], ["X-Long: " + "x" * 20_000]],
    ids=["100 headers", "a header of 20 KB"],
)
def test_too_many_headers_are_refused(connect: Connect, headers: list[str]) -> None:
    source = connect()
    sent = request("/v1/batch", *headers, "Content-Length: 2", body=b"{}")
    answer = sockets.exchange(source.gateway.url, sent)
    assert (answer.status, answer.headers["connection"]) == (431, "close")
    assert b"headers_too_large" in answer.body


def test_a_body_that_does_not_come_is_not_waited_for(connect: Connect) -> None:
    source = connect()
    for headers in ([f"Authorization: {basic(write_key(source))['authorization']}"], []):
        sent = request("/v1/batch", *headers, "Content-Length: 20", body=b"{")
        answer = sockets.exchange(source.gateway.url, sent)
        assert (answer.status, answer.headers["connection"]) == (408, "close")
    [entry] = entries(source)
    assert entry["outcome"] == "rejected"


def test_a_client_that_hangs_up_leaves_nothing(connect: Connect) -> None:
    source = connect()
    sent = request("/v1/batch", f"Authorization: {basic(write_key(source))['authorization']}", "Content-Length: 20")
    sockets.hang_up(source.gateway.url, sent + b'{"batch"')
    assert send(source, {"batch": []}).status_code == 200
    assert entries(source) == []


def corpus() -> Iterator[bytes]:
    """A good batch with random damage."""
    chance = random.Random(SEED)
    good = json.dumps(
        {"batch": [TRACK, {"type": "identify", "traits": {"n": 2**70}}], "context": {"ip": "::1"}}
    ).encode()
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(damaged))
            pieces = [chance.randbytes(3), b"NaN", b"\\u0000", b"[" * 70, b"9" * 45, b"\\ud800", b"{}", b",7,"]
            damaged[at : at + chance.randrange(10)] = chance.choice(pieces)
        yield bytes(damaged)


def test_no_bytes_break_collecting(connect: Connect) -> None:
    source = connect()
    headers = basic(write_key(source))
    answers = [source.sender.post("/v1/batch", content=body, headers=headers) for body in corpus()]
    assert {answer.status_code for answer in answers} == {200, 400}
    items = [item for answer in answers if answer.status_code == 200 for item in answer.json()["items"]]
    accepted = sum(item["status"] == "accepted" for item in items)
    kept = len(items) + sum(answer.status_code == 400 for answer in answers)
    last = send(source, {"batch": [{"type": "end"}]}).json()["items"][0]
    assert settled(source.gateway, last["event_id"])["event_type"] == "end"
    [counted] = shown(source.gateway, "/v1/audit/accounting", source=source.key)["entries"]
    assert (counted["received"], counted["rejected"], counted["pending"]) == (kept + 1, kept - accepted, 0)


@pytest.fixture(scope="module")
def strict(gateway: Gateway, database: str) -> Iterator[Gateway]:
    """A second process, which keeps one rejected request a second and takes small batches only."""
    settings = {"rejections_per_second": "1", "max_body_bytes": "1024", "max_batch_bytes": "2048"}
    with gateways.running(database, command="api", **settings) as running:
        yield running


def test_the_limits_are_settings(connect: Connect, strict: Gateway) -> None:
    headers = basic(write_key(connect()))
    for size, status in ((2048, 200), (2049, 413)):
        body = b'{"batch": []}'.ljust(size)
        assert strict.client.post("/v1/batch", content=body, headers=headers).status_code == status
    large = {"batch": [{"type": "x" * 1_100}]}
    [item] = strict.client.post("/v1/batch", json=large, headers=headers).json()["items"]
    assert item["code"] == "event_too_large"


def test_rejected_requests_are_throttled(connect: Connect, strict: Gateway) -> None:
    headers = basic(write_key(connect()))
    answers = [strict.client.post("/v1/batch", content=b"{", headers=headers) for _ in range(5)]
    assert_turned_away(answers[-1], 429, "too_many_rejected")
    assert answers[-1].headers["retry-after"] == "1"
    assert strict.client.post("/v1/batch", json={"batch": [TRACK]}, headers=headers).json()["accepted"] == 1


def test_what_cannot_be_stored_in_time_is_to_be_sent_again(connect: Connect, database: str) -> None:
    source = connect(mappings=[mapping("track", "users_identify", id="body.userId")])
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE hookledger.ledger_events IN EXCLUSIVE MODE")
        answer = send(source, {"batch": [TRACK, TRACK]})
    assert_turned_away(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert send(source, {"batch": [TRACK, TRACK]}).json()["accepted"] == 2
