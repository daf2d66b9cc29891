"""Bodies that are wrong in every way: each gets a clear answer and is on record byte for byte, and none breaks us."""

import gzip
import json
import random
import zlib
from collections.abc import Iterator

import httpx
import pytest

from tests.interfaces.conversations import Connect, Source, mapping, pages, settled, shown

LIMIT = 1_048_576
KEPT = 65_536
SEED = 20_260_115

MALFORMED = {
    "nothing": (b"", "not_json"),
    "blanks": (b" \r\n\t", "not_json"),
    "half an object": (b'{"type":', "not_json"),
    "two objects": (b"{}{}", "not_json"),
    "a comment": (b"{} // x", "not_json"),
    "single quotes": (b"{'type': 'x'}", "not_json"),
    "NaN": (b'{"x": NaN}', "not_json"),
    "Infinity": (b'{"x": -Infinity}', "not_json"),
    "a raw NUL": (b'{"x": "\0"}', "not_json"),
    "a list": (b'[{"type": "x"}]', "not_an_object"),
    "a text": (b'"x"', "not_an_object"),
    "null": (b"null", "not_an_object"),
    "invalid UTF-8": (b'{"x": "\xff"}', "invalid_utf8"),
    "overlong UTF-8": (b'{"x": "\xc0\xaf"}', "invalid_utf8"),
    "CESU-8": (b'{"x": "\xed\xa0\xbd\xed\xb8\x80"}', "invalid_utf8"),
    "a byte order mark": (b'\xef\xbb\xbf{"type": "x"}', "invalid_utf8"),
    "UTF-16": ('{"type": "x"}'.encode("utf-16"), "invalid_utf8"),
    "UTF-32": ('{"type": "x"}'.encode("utf-32-le"), "invalid_utf8"),
    "half a surrogate pair": (b'{"x": "\\ud800"}', "invalid_utf8"),
    "gzip that is not announced": (gzip.compress(b"{}"), "invalid_utf8"),
    "65 levels": (b'{"x":' * 65 + b"1" + b"}" * 65, "nested_too_deeply"),
    "100,000 levels": (b"[" * 100_000, "nested_too_deeply"),
    "1e400": (b'{"x": 1e400}', "number_out_of_range"),
    "41 digits": (b'{"x": ' + b"7" * 41 + b"}", "number_out_of_range"),
    "5,000 digits": (b'{"x": ' + b"7" * 5_000 + b"}", "number_out_of_range"),
}

ACCEPTED = {
    "64 levels": b'{"type":' * 63 + b"{}" + b"}" * 63,
    "40 digits": b'{"x": ' + b"7" * 40 + b"}",
    "tiny numbers": b'{"x": 1e-400, "y": -0.0}',
    "an escaped NUL": b'{"type": "x\\u0000", "\\u0000": "\\u0000"}',
    "equal keys": b'{"type": "first", "type": "last"}',
    "a surrogate pair": b'{"type": "\\ud83d\\ude00"}',
    "an empty key": b'{"": {"": []}}',
    "blanks around": b' \r\n{"type": "x"}\t ',
}


def body_of(source: Source, webhook_id: str) -> bytes:
    """The raw body on record."""
    return source.gateway.client.get(f"/v1/event_logs/{webhook_id}/body").content


@pytest.mark.parametrize(("body", "code"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_refused_and_kept(connect: Connect, body: bytes, code: str) -> None:
    source = connect()
    answer = source.send(body)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["type"]) == (400, code, "invalid_request_error"), problem
    entry = settled(source.gateway, problem["event_id"])
    assert (entry["outcome"], entry["payload"], entry["body_bytes"]) == ("rejected", None, len(body))
    assert entry["error"] == {"code": code, "message": problem["message"]}
    assert body_of(source, problem["event_id"]) == body[:KEPT]


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_an_odd_body_is_accepted_and_kept(connect: Connect, body: bytes) -> None:
    source = connect(mappings=[mapping("last", "users_identify", id={"value": "zoe"}, properties="body")])
    entry = source.settled(body)
    assert entry["payload"] == json.loads(body)
    assert entry["outcome"] in ("unclassified", "unmapped", "executed")
    assert body_of(source, entry["id"]) == body


def test_of_equal_keys_the_last_one_counts(connect: Connect) -> None:
    assert connect().settled(ACCEPTED["equal keys"])["event_type"] == "last"


def test_a_body_in_gzip_is_unpacked_before_anybody_looks_at_it(connect: Connect) -> None:
    source, plain = connect(), b'{"type": "x", "note": "kept as it was packed"}'
    for coding in ("gzip", "GZIP", "x-gzip"):
        entry = source.settled(gzip.compress(plain), {"content-encoding": coding})
        assert (entry["event_type"], body_of(source, entry["id"])) == ("x", plain)
    assert source.send(b"{}", {"content-encoding": "identity"}).status_code == 200


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "compress"])
def test_a_body_in_another_coding_is_refused_by_its_name(connect: Connect, coding: str) -> None:
    """A sender that compresses must be told so, and not that its JSON is wrong."""
    source, coded = connect(), gzip.compress(b'{"type": "x"}')
    answer = source.send(coded, {"content-encoding": coding})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")
    assert coding in answer.json()["message"]
    assert body_of(source, answer.json()["event_id"]) == coded


BROKEN_GZIP = {
    "not gzip": b'{"type": "x"}',
    "zlib": zlib.compress(b'{"type": "x"}'),
    "cut short": gzip.compress(b'{"type": "x"}')[:-9],
    "without its checksum": gzip.compress(b'{"type": "x"}')[:-8],
    "with a wrong checksum": gzip.compress(b'{"type": "x"}')[:-8] + b"\0" * 8,
    "something after it": gzip.compress(b'{"type": "x"}') + b"{}",
    "a second member": gzip.compress(b'{"type": "x"') + gzip.compress(b"}"),
}


@pytest.mark.parametrize("body", BROKEN_GZIP.values(), ids=BROKEN_GZIP)
def test_what_is_no_gzip_is_refused_and_kept(connect: Connect, body: bytes) -> None:
    source = connect()
    answer = source.send(body, {"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_encoding")
    assert body_of(source, answer.json()["event_id"]) == body


def test_a_gzip_bomb_is_refused_before_it_unpacks(connect: Connect) -> None:
    source = connect()
    for size, words in ((900_000, "100 times"), (60_000_000, f"{LIMIT} bytes"), (LIMIT + 1, "100 times")):
        answer = source.send(gzip.compress(b" " * size), {"content-encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert words in answer.json()["message"]
    noise = random.Random(7).randbytes(LIMIT // 2).hex().encode()
    answer = source.send(gzip.compress(b'{"a": "' + noise + b'"}'), {"content-encoding": "gzip"})
    assert (answer.status_code, str(LIMIT) in answer.json()["message"]) == (413, True)


def test_a_body_of_the_largest_size_is_accepted(connect: Connect) -> None:
    source, body = connect(), b'{"type": "x"}'.ljust(LIMIT)
    assert body_of(source, source.sent(body)) == body


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_that_is_too_large_is_refused(connect: Connect, chunked: bool) -> None:
    """It is not read to its end, so that a sender may find the connection closed before it has sent it all."""
    source = connect()

    def chunks() -> Iterator[bytes]:
        yield from [b" " * 65_536] * 17

    try:
        answer = source.sender.post(source.endpoint, content=chunks() if chunked else b" " * (LIMIT + 1))
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        [entry] = shown(source.gateway, "/v1/event_logs", source=source.key)["entries"]
        entry = settled(source.gateway, entry["id"])
    else:
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        entry = settled(source.gateway, answer.json()["event_id"])
    assert (entry["outcome"], entry["error"]["code"]) == ("rejected", "body_too_large")
    assert entry["body_bytes"] is None  # it was never counted
    assert body_of(source, entry["id"]) == b" " * KEPT


def corpus() -> Iterator[bytes]:
    """Random bytes, and a good body with random damage: cut, doubled, or some of its bytes replaced."""
    chance = random.Random(SEED)
    good = json.dumps(
        {"type": "last", "id": "k", "at": 1e9, "user": {"id": "zoë", "tags": ["a", None, 2**70]}}
    ).encode()
    for _ in range(200):
        yield chance.randbytes(chance.randrange(200))
    for _ in range(400):
        damaged = bytearray(good)
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(damaged))
            piece = bytes(damaged[at : at + chance.randrange(20)])
            damaged[at:at] = chance.choice([chance.randbytes(3), piece, b"\\u0000", b"[" * 70, b"9" * 45, b"\\ud800"])
        yield bytes(damaged[: chance.randrange(len(damaged) + 1)] if chance.random() < 0.2 else damaged)


def test_no_bytes_break_the_gateway(connect: Connect) -> None:
    source = connect(
        mappings=[
            mapping("last", "users_identify", id="body.user.id", properties="body.user"),
            mapping("last", "objects_set", collection="body.id", id="body.id", name="body.user.tags[0]"),
        ],
        idempotency_key_path="body.id",
        timestamp_path="body.at",
    )
    answers = [source.send(body) for body in corpus()]
    statuses = {answer.status_code for answer in answers}
    assert len(answers) == 600
    assert statuses == {200, 400}
    assert source.settled({"type": "end"})["outcome"] == "unmapped"
    [counted] = shown(source.gateway, "/v1/audit/accounting", source=source.key)["entries"]
    assert (counted["received"], counted["pending"]) == (601, 0)
    assert counted["rejected"] == sum(answer.status_code == 400 for answer in answers)
    failed = [each["error"] for page in pages(source.gateway, "/v1/event_logs", source=source.key) for each in page]
    assert "evaluation_failed" not in [error["code"] for error in failed if error]
