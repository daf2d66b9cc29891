"""Requests that are wrong below the level of bodies: framing, headers, slowness. Spoken in bytes, over a socket."""

import time

import pytest

from tests.interfaces import sockets
from tests.interfaces.conversations import Connect, Source, shown
from tests.interfaces.sockets import Answer, request

CLOSE = "Connection: close"
CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"

# What two servers in a row could read differently, so that a request hides within another.
AMBIGUOUS = {
    "length and chunks": (("Content-Length: 2", "Transfer-Encoding: chunked"), CHUNKED),
    "chunks and length": (("Transfer-Encoding: chunked", "Content-Length: 2"), CHUNKED),
    "two lengths": (("Content-Length: 2", "Content-Length: 3"), b"{}x"),
    "twice the same length": (("Content-Length: 2", "Content-Length: 2"), b"{}"),
    "a list of lengths": (("Content-Length: 2, 2",), b"{}"),
    "a signed length": (("Content-Length: +2",), b"{}"),
    "a negative length": (("Content-Length: -2",), b"{}"),
    "a hexadecimal length": (("Content-Length: 0x2",), b"{}"),
    "a length beyond all bounds": (("Content-Length: 99999999999999999999999",), b"{}"),
    "an unknown coding": (("Transfer-Encoding: xchunked",), CHUNKED),
    "chunks not last": (("Transfer-Encoding: chunked, identity",), CHUNKED),
    "a blank before the colon": (("Transfer-Encoding : chunked",), CHUNKED),
    "a folded header": (("X-A: b\r\n c", "Content-Length: 2"), b"{}"),
    "a bare line feed": (("X-A: b\nX-C: d", "Content-Length: 2"), b"{}"),
    "a bare carriage return": (("X-A: b\rX-C: d", "Content-Length: 2"), b"{}"),
    "a NUL": (("X-A: b\0c", "Content-Length: 2"), b"{}"),
    "a chunk of no size": (("Transfer-Encoding: chunked",), b"zz\r\n{}\r\n0\r\n\r\n"),
    "a chunk of negative size": (("Transfer-Encoding: chunked",), b"-2\r\n{}\r\n0\r\n\r\n"),
    "a chunk beyond all bounds": (("Transfer-Encoding: chunked",), b"f" * 17 + b"\r\n{}"),
    "chunks without carriage returns": (("Transfer-Encoding: chunked",), b"2\n{}\n0\n\n"),
}


def exchange(source: Source, *headers: str, body: bytes = b"", method: str = "POST") -> Answer:
    """Send a request to a source as bytes."""
    return sockets.exchange(source.gateway.url, request(source.endpoint, *headers, body=body, method=method))


def entries(source: Source) -> list[dict[str, object]]:
    """What is on record."""
    found: list[dict[str, object]] = shown(source.gateway, "/v1/event_logs", source=source.key)["entries"]
    return found


@pytest.mark.parametrize(("headers", "body"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_an_ambiguous_request_is_refused_and_the_connection_closed(
    connect: Connect, headers: tuple[str, ...], body: bytes
) -> None:
    source = connect()
    hidden = request(source.endpoint, "Content-Length: 2", CLOSE, body=b"{}")
    answer = exchange(source, *headers, body=body + hidden)
    assert (answer.status, answer.rest) == (400, b"")
    assert entries(source) == []


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n", b"\r\n" * 9 + b"x"]
)
def test_what_is_not_http_is_refused(connect: Connect, sent: bytes) -> None:
    source = connect()
    assert sockets.exchange(source.gateway.url, sent + b"\r\n\r\n").status == 400


def test_requests_in_a_row_are_answered_in_order(connect: Connect) -> None:
    source = connect()
    first = request(source.endpoint, "Transfer-Encoding: chunked", body=b'4\r\n{"n"\r\n3\r\n:1}\r\n0\r\n\r\n')
    second = request(source.endpoint, "Content-Length: 7", CLOSE, body=b'{"n":2}')
    answer = sockets.exchange(source.gateway.url, first + second)
    then = sockets.parse(answer.rest)
    assert (answer.status, then.status, then.rest) == (200, 200, b"")
    newest, oldest = (shown(source.gateway, f"/v1/event_logs/{entry['id']}") for entry in entries(source))
    assert (oldest["payload"], newest["payload"]) == ({"n": 1}, {"n": 2})


@pytest.mark.parametrize(
    "headers",
    [[f"X-{number}: 1" for number in range(100)], ["X-Long: " + "x" * 20_000], ["X-Long: " + "x" * 1_000_000]],
    ids=["100 headers", "a header of 20 KB", "a header of 1 MB"],
)
def test_too_many_headers_are_refused(connect: Connect, headers: list[str]) -> None:
    answer = exchange(connect(), *headers, "Content-Length: 2", body=b"{}")
    assert answer.status == 431
    assert b"headers_too_large" in answer.body
    assert answer.headers["x-request-id"]


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(connect: Connect) -> None:
    source = connect()
    answer = exchange(source, "Content-Length: 1048577")
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    [entry] = entries(source)
    assert entry["outcome"] == "rejected"


def test_a_sender_that_asks_first_is_told_to_go_on_or_not(connect: Connect) -> None:
    source = connect()
    asked = exchange(source, "Content-Length: 2", "Expect: 100-continue", CLOSE, body=b"{}")
    assert (asked.status, sockets.parse(asked.rest).status) == (100, 200)
    assert exchange(source, "Content-Length: 1048577", "Expect: 100-continue").status == 413


@pytest.mark.parametrize(
    "headers", [("Content-Length: 20",), ("Transfer-Encoding: chunked",)], ids=["length", "chunks"]
)
def test_a_body_that_does_not_come_is_not_waited_for(connect: Connect, headers: tuple[str, ...]) -> None:
    source = connect()
    began = time.monotonic()
    answer = exchange(source, *headers, body=b"1\r\n{\r\n")
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert b"body_too_slow" in answer.body
    assert answer.headers["x-request-id"]
    assert time.monotonic() - began < 10
    [entry] = entries(source)
    assert entry["outcome"] == "rejected"


def test_a_sender_that_hangs_up_leaves_nothing(connect: Connect) -> None:
    source = connect()
    sockets.hang_up(source.gateway.url, request(source.endpoint, "Content-Length: 20", body=b"{"))
    assert source.send({}).status_code == 200
    assert len(entries(source)) == 1


@pytest.mark.parametrize("path", ["/../x", "/./", "%2F", "%2e%2e", "%00", "%ff", "%252F", ";x", "?token=x#y", "\\"])
def test_an_odd_path_is_an_answer_and_no_fault(connect: Connect, path: str) -> None:
    source = connect()
    sent = request(source.endpoint + path, "Content-Length: 2", CLOSE, body=b"{}")
    assert sockets.exchange(source.gateway.url, sent).status in (200, 400, 404)
    listing = request(f"/v1/users/{path}?environment=development", CLOSE, method="GET")
    assert sockets.exchange(source.gateway.url, listing).status in (400, 401, 404)


def test_other_forms_of_a_target_and_old_clients_are_served(connect: Connect) -> None:
    source = connect()
    for line in (f"POST http://test{source.endpoint} HTTP/1.1", f"POST {source.endpoint} HTTP/1.0"):
        sent = f"{line}\r\nHost: test\r\nContent-Length: 2\r\n{CLOSE}\r\n\r\n{{}}".encode()
        assert sockets.exchange(source.gateway.url, sent).status == 200
