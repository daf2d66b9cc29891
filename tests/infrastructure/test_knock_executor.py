"""Calls to a Knock account: made by Knock's own client, once each, over connections that were vetted."""

import socket
from collections.abc import Iterator, Sequence

import attrs
import httpx
import pytest

from domain.deliveries import Attempt
from domain.forwarding import Account
from domain.knock_calls import Call
from infrastructure import clocks
from infrastructure.outgoing.addresses import Allowance
from infrastructure.outgoing.guard import Guard
from infrastructure.outgoing.knock_executor import KnockExecutor
from tests import sinks
from tests.sinks import Sink

CALL = Call(operation="users.update", path=("a/b ü",), body={"name": "Ann", "plan": None, "$big": 2**60})
TRUST = httpx.create_ssl_context()
ANY_PORT = (range(1, 65_536),)
KEY = "sk_test_of_the_executor"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


def to_loopback(host: str, seconds: float) -> Sequence[str]:
    return ["127.0.0.1"]


def carried_out(url: str, call: Call = CALL, *, allowance: Allowance = "loopback", seconds: float = 5) -> Attempt:
    guard = Guard(resolve=to_loopback, allowance=allowance, ports=ANY_PORT)
    executor = KnockExecutor(guard=guard, trust=TRUST, clock=clocks.system, seconds=seconds)
    return executor.carry_out(call, Account(base_url=url, api_key=KEY), key="key-1")


def test_a_call_is_made_as_knock_s_client_makes_it(sink: Sink) -> None:
    attempt = carried_out(f"{sink.url}/behind")
    (arrival,) = sink.arrivals
    assert (attempt.outcome, attempt.status, attempt.answer) == ("delivered", 200, b"ok")
    assert (arrival.method, arrival.path) == ("PUT", "/behind/v1/users/a%2Fb%20%C3%BC")
    assert arrival.body == b'{"name":"Ann","plan":null,"$big":1152921504606846976}'
    assert arrival.key == "key-1"
    assert arrival.headers["authorization"] == f"Bearer {KEY}"
    assert arrival.headers["content-type"] == "application/json"


def test_a_deletion_has_no_body_and_removing_members_has_one(sink: Sink) -> None:
    carried_out(sink.url, Call(operation="users.delete", path=("ann",)))
    members = Call(operation="audiences.remove_members", path=("vips",), body={"members": [{"user": {"id": "ann"}}]})
    carried_out(sink.url, members)
    added = attrs.evolve(members, operation="audiences.add_members", query={"create_audience": True})
    carried_out(sink.url, added)
    assert [(each.method, each.path, each.body) for each in sink.arrivals] == [
        ("DELETE", "/v1/users/ann", b""),
        ("DELETE", "/v1/audiences/vips/members", b'{"members":[{"user":{"id":"ann"}}]}'),
        ("POST", "/v1/audiences/vips/members?create_audience=true", b'{"members":[{"user":{"id":"ann"}}]}'),
    ]


def test_what_the_process_s_environment_would_have_the_client_say_is_left_out(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOCK_BRANCH", "somebody-s-branch")
    monkeypatch.setenv("KNOCK_CUSTOM_HEADERS", "Authorization: Bearer sk_other\nx-more: 1")
    monkeypatch.setenv("KNOCK_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    carried_out(sink.url)
    (arrival,) = sink.arrivals
    assert set(arrival.headers) == {
        *("host", "user-agent", "authorization", "accept", "content-type", "idempotency-key"),
        *("accept-encoding", "connection", "content-length"),
    }
    assert arrival.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [301, 307, 409, 429, 500, 503])
def test_a_call_is_made_once_whatever_is_answered(sink: Sink, status: int) -> None:
    """Neither redirects nor the client's own retries lead to another."""
    sink.answer = lambda arrival, nth: (status, {"location": "/elsewhere", "retry-after": "17"}, 0.0)
    attempt = carried_out(sink.url)
    assert (attempt.outcome, attempt.status, attempt.retry_after) == ("failed", status, 17)
    assert len(sink.arrivals) == 1


def test_an_answer_that_is_lost_or_late_is_tried_again(sink: Sink) -> None:
    sink.answer = lambda arrival, nth: (0, {}, 0.0)
    assert carried_out(sink.url).outcome == "failed"
    sink.answer = lambda arrival, nth: (200, {}, 1.0)
    late = carried_out(sink.url, seconds=0.3)
    assert (late.outcome, late.code) == ("failed", "timed_out")


def test_an_account_that_nobody_listens_for_is_unreachable() -> None:
    with socket.socket() as held:  # bound and not listening, so that nobody else gets the port
        held.bind(("127.0.0.1", 0))
        attempt = carried_out(f"http://127.0.0.1:{held.getsockname()[1]}")
    assert (attempt.outcome, attempt.code) == ("failed", "unreachable")


def test_an_address_that_may_not_be_called_is_not_called(sink: Sink) -> None:
    attempt = carried_out(sink.url.replace("127.0.0.1", "knock.example.com"), allowance="none")
    assert (attempt.outcome, attempt.code) == ("refused", "address_refused")
    assert sink.arrivals == []


def test_the_key_is_not_in_what_an_account_looks_like() -> None:
    assert KEY not in repr(Account(base_url="https://api.knock.app", api_key=KEY))


def test_a_404_that_is_not_knock_s_own_is_no_deletion(sink: Sink) -> None:
    sink.answer = lambda arrival, nth: (404, {}, 0.0)
    assert carried_out(sink.url, Call(operation="users.delete", path=("ann",))).outcome == "refused"
