"""What is sent, to real sockets on loopback that behave as targets do, and what comes of each attempt."""

import contextlib
import datetime as dt
import itertools
import json
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from domain.deliveries import Attempt, HttpRequest
from domain.errors import Refused
from infrastructure import clocks
from infrastructure.outgoing.exchanges import retry_after
from infrastructure.outgoing.guard import Guard, Resolve
from infrastructure.outgoing.http_sender import HttpSender
from tests import raw_servers
from tests.raw_servers import RawServer, serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + "A" * 32
BODY = json.dumps({"type": "user.created", "name": "Zoë"}).encode()
DELIVERY = "018f3a1e-1c3c-7e9a-8c54-1f4e6b2d9a10"
TRUST = httpx.create_ssl_context()
ANY_PORT = (range(1, 65_536),)
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def to_loopback(host: str, seconds: float) -> Sequence[str]:
    return ["127.0.0.1"]


def sender(resolve: Resolve = to_loopback, *, seconds: float = 5) -> HttpSender:
    guard = Guard(resolve=resolve, allowance="loopback", ports=ANY_PORT)
    return HttpSender(guard=guard, trust=TRUST, clock=clocks.system, seconds=seconds)


def sent(target: RawServer, *, seconds: float = 5, secrets: Sequence[str] = (), **request: object) -> Attempt:
    made = HttpRequest(**{"url": target.url("hooks.example.com"), "body": BODY, **request})  # type: ignore[arg-type]
    return sender(seconds=seconds).send(made, delivery=DELIVERY, secrets=secrets)


def test_a_request_arrives_as_it_was_made() -> None:
    with serving(raw_servers.answers(202, body=b'{"ok":true}')) as target:
        attempt = sent(target, method="PUT", headers={"X-Mine": "yes", "Content-Type": "text/plain"})
    assert (attempt.outcome, attempt.status, attempt.answer) == ("delivered", 202, b'{"ok":true}')
    (received,) = target.received
    assert (received.line, received.body) == ("PUT /hook HTTP/1.1", BODY)
    assert received.header("accept-encoding") == "identity"
    assert received.header("host") == f"hooks.example.com:{target.port}"
    assert [received.header(name) for name in ("x-mine", "content-type", "user-agent", "idempotency-key")] == [
        "yes",
        "text/plain",
        "Hookledger",
        DELIVERY,
    ]


def test_the_official_library_verifies_the_signature() -> None:
    with serving(raw_servers.answers(200)) as target:
        sent(target, secrets=[SECRET])
    (received,) = target.received
    assert Webhook(SECRET).verify(received.body, dict(received.headers)) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(received.body + b" ", dict(received.headers))


def test_while_a_secret_is_replaced_both_verify() -> None:
    with serving(raw_servers.answers(200)) as target:
        sent(target, secrets=[SECRET, OTHER_SECRET])
    for secret in (SECRET, OTHER_SECRET):
        Webhook(secret).verify(target.received[0].body, dict(target.received[0].headers))


def test_every_attempt_of_a_delivery_carries_the_same_key() -> None:
    with serving(raw_servers.closes, raw_servers.answers(500), raw_servers.answers(200)) as target:
        attempts = [sent(target, secrets=[SECRET]) for _ in range(3)]
    assert [attempt.outcome for attempt in attempts] == ["failed", "failed", "delivered"]
    keys = {(each.header("webhook-id"), each.header("idempotency-key")) for each in target.received}
    assert keys == {(DELIVERY, DELIVERY)}


def test_an_answer_that_is_lost_is_a_failure_although_the_request_arrived() -> None:
    with serving(raw_servers.closes) as target:
        attempt = sent(target)
    assert (attempt.outcome, attempt.status, attempt.code) == ("failed", None, "not_http")
    assert target.received[0].body == BODY


def test_429_says_when_to_come_back() -> None:
    with serving(raw_servers.answers(429, "Retry-After: 17")) as target:
        attempt = sent(target)
    assert (attempt.outcome, attempt.status, attempt.retry_after) == ("failed", 429, 17)


def test_410_is_refused_for_good() -> None:
    with serving(raw_servers.answers(410)) as target:
        attempt = sent(target)
    assert (attempt.outcome, attempt.disables_target) == ("refused", True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with (
        serving(raw_servers.answers(200)) as inner,
        serving(raw_servers.answers(status, f"Location: {inner.url()}")) as target,
    ):
        attempt = sent(target)
    assert (attempt.outcome, attempt.status, attempt.code) == ("failed", status, "redirected")
    assert inner.received == []


def test_a_target_that_says_nothing_is_given_up_at_the_deadline() -> None:
    assert_late(raw_servers.is_silent)


def test_a_head_that_drips_is_given_up_at_the_deadline() -> None:
    assert_late(raw_servers.drips_a_head)


def assert_late(behaviour: raw_servers.Behaviour) -> None:
    started = time.monotonic()
    with serving(behaviour) as target:
        attempt = sent(target, seconds=0.5)
    assert (attempt.outcome, attempt.code, attempt.status) == ("failed", "timed_out", None)
    assert 0.4 < time.monotonic() - started < 3
    assert 400 < attempt.milliseconds < 3_000


def test_a_body_that_drips_does_not_undo_the_status_nor_the_deadline() -> None:
    started = time.monotonic()
    with serving(raw_servers.drips_a_body) as target:
        attempt = sent(target, seconds=0.5)
    assert (attempt.outcome, attempt.status) == ("delivered", 200)
    assert attempt.answer.startswith(b"xx")
    assert time.monotonic() - started < 3


def test_of_a_body_without_end_the_first_4096_bytes_are_kept() -> None:
    with serving(raw_servers.never_ends) as target:
        attempt = sent(target)
    assert attempt.answer == b"x" * 4_096
    assert attempt.milliseconds < 3_000


@contextlib.contextmanager
def unread() -> Iterator[int]:
    """A port that accepts connections in the kernel only, and reads nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_target_that_does_not_read_is_given_up_at_the_deadline() -> None:
    with unread() as port:
        request = HttpRequest(url=f"http://127.0.0.1:{port}/", body=b"x" * 30_000_000)
        started = time.monotonic()
        attempt = sender(seconds=0.5).send(request, delivery=DELIVERY)
    assert (attempt.outcome, attempt.code) == ("failed", "timed_out")
    assert time.monotonic() - started < 5


def test_what_is_no_web_server_is_a_failure() -> None:
    with serving(raw_servers.greets_as_mail_server) as target:
        assert sent(target).code == "not_http"


def test_nobody_there_is_a_failure() -> None:
    with unread() as port:
        pass
    attempt = sender().send(HttpRequest(url=f"http://127.0.0.1:{port}/"), delivery=DELIVERY)
    assert (attempt.outcome, attempt.code) == ("failed", "unreachable")
    assert "refused" in attempt.message


def test_the_next_address_is_tried_when_the_first_is_dead() -> None:
    with serving(raw_servers.answers(200)) as target:
        attempt = sender(lambda host, seconds: ["127.0.0.2", "127.0.0.1"]).send(
            HttpRequest(url=target.url("hooks.example.com")), delivery=DELIVERY
        )
    assert attempt.outcome == "delivered"


def test_a_name_that_moves_after_it_was_vetted_changes_nothing() -> None:
    answers = itertools.chain([["127.0.0.1"]], itertools.repeat(["10.0.0.1"]))
    rebinding = sender(lambda host, seconds: next(answers))
    with serving(raw_servers.answers(200)) as target:
        request = HttpRequest(url=target.url("rebind.example.com"))
        first, second = (rebinding.send(request, delivery=DELIVERY) for _ in range(2))
    assert first.outcome == "delivered"
    assert (second.outcome, second.code) == ("refused", "address_refused")
    assert target.connections == 1


def test_the_machines_resolver_is_not_asked_when_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    genuine = socket.getaddrinfo

    def listening(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return genuine(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", listening)
    with serving(raw_servers.answers(200)) as target:
        assert sent(target).outcome == "delivered"
    assert set(asked) <= {"127.0.0.1"}


def test_a_private_address_is_refused_without_a_connection() -> None:
    with serving(raw_servers.answers(200)) as target:
        guard = Guard(resolve=to_loopback, ports=ANY_PORT)
        strict = HttpSender(guard=guard, trust=TRUST, clock=clocks.system)
        attempts = [
            strict.send(HttpRequest(url=target.url(host)), delivery=DELIVERY) for host in ("127.0.0.1", "a.example.com")
        ]
    assert [(attempt.outcome, attempt.code) for attempt in attempts] == [("refused", "address_refused")] * 2
    assert target.connections == 0


def test_proxies_and_netrc_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password hunter2\n")
    with serving(raw_servers.answers(500)) as proxy, serving(raw_servers.answers(200)) as target:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(path=""))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("HOME", str(tmp_path))
        assert sent(target).outcome == "delivered"
    assert proxy.connections == 0
    assert "authorization" not in dict(target.received[0].headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example.com"},
        {"webhook-signature": "v1,forged"},
        {"Idempotency-Key": "mine"},
        {"Content-Length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"X-A": "b\r\nX-Injected: c"},
        {"X-A": "b\nX-Injected: c"},
        {"X-A": "b\x00"},
        {"X-A": "zoë"},
        {"X-A\r\nX-Injected": "b"},
        {"X A": "b"},
        {"": "b"},
        {"X-A": "b", "x-a": "c"},
        {"X-A": "b" * 20_000},
        {f"X-{number}": "b" for number in range(65)},
    ],
)
def test_headers_that_would_make_another_request_of_it_are_refused(headers: dict[str, str]) -> None:
    with serving(raw_servers.answers(200)) as target:
        attempt = sent(target, headers=headers)
    assert (attempt.outcome, attempt.code) == ("refused", "request_refused")
    assert target.received == []


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "post", "GET / HTTP/1.1\r\nA: b\r\n\r\nGET"])
def test_other_methods_are_refused(method: str) -> None:
    with serving(raw_servers.answers(200)) as target:
        assert sent(target, method=method).code == "request_refused"


def test_a_delivery_whose_id_could_be_read_as_more_than_an_id_is_refused() -> None:
    attempt = sender().send(HttpRequest(url="http://127.0.0.1:9/"), delivery="a.1700000000.b")
    assert attempt.code == "request_refused"


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 100]
)
def test_secrets_that_are_none_are_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(Refused):
        sender().check_secret(secret)
    attempt = sender().send(HttpRequest(url="http://127.0.0.1:9/"), delivery=DELIVERY, secrets=[secret])
    assert attempt.code == "request_refused"
    assert len(secret) < 10 or secret[6:] not in attempt.message


def test_a_url_can_be_checked_before_anything_is_sent() -> None:
    sender().check("https://hooks.example.com/")
    with pytest.raises(Refused):
        sender().check("http://169.254.169.254/latest/meta-data")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120),
        (b"0", 0),
        (b"Sun, 01 Mar 2026 12:01:30 GMT", 90),
        (b"Sun, 01 Mar 2026 11:00:00 GMT", 0),
        (b"soon", None),
        (b"-5", None),
        (b"1.5", None),
        ("١٢".encode(), None),
        (b"9" * 400, 9_999_999_999),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(value: bytes, seconds: float | None) -> None:
    assert retry_after([(b"Retry-After", value)], NOW) == seconds
