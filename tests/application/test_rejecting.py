"""Rejecting: what is turned away is kept within bounds, and credentials are kept nowhere."""

import asyncio

import attrs
import pytest

from application import requests
from application.judging import REDACTED
from application.requests import Turned
from domain.json_values import Json
from domain.webhooks import WebhookReceived, WebhookRejected
from tests.application.in_memory import InMemory
from tests.application.test_receiving import ENFORCED, ORDER, SECRET, newest, receive, request, turned

TOO_LARGE = Turned(status=413, code="body_too_large", message="the body is larger than 1048576 bytes")


def test_of_a_rejected_body_the_beginning_stays_on_record_and_its_size() -> None:
    it = InMemory()
    body = b"x" * 70_000
    _, event = turned(it, it.put().token, request(body))
    assert (event.body, event.body_bytes) == (body[:65_536], 70_000)


def test_an_accepted_body_stays_on_record_whole() -> None:
    it = InMemory()
    body = b'{"type": "order.placed", "a": "' + b"x" * 70_000 + b'"}'
    receive(it, it.put().token, request(body))
    event = newest(it).event
    assert isinstance(event, WebhookReceived)
    assert event.body == body


def test_a_request_that_http_turned_away_is_on_record_though_nobody_knows_its_size() -> None:
    it = InMemory()
    answer = asyncio.run(it.receiving.turn_away(it.put().token, request(b"x" * 70_000), TOO_LARGE))
    assert answer == attrs.evolve(TOO_LARGE, webhook_id="webhook-1")
    event = newest(it).event
    assert isinstance(event, WebhookRejected)
    assert (len(event.body), event.body_bytes, event.verdict, event.http_status) == (65_536, None, None, 413)


def test_what_http_turned_away_from_an_unknown_address_is_unknown() -> None:
    it = InMemory()
    assert asyncio.run(it.receiving.turn_away("nobody-s", request(), TOO_LARGE)) == requests.UNKNOWN


def test_what_http_turned_away_is_on_record_under_the_configuration_of_this_moment() -> None:
    it = InMemory()
    token = it.put().token
    other = it.beside()
    version = other.put(settings={"enabled": False}).version
    asyncio.run(it.receiving.turn_away(token, request(), TOO_LARGE))
    event = newest(it).event
    assert isinstance(event, WebhookRejected)
    assert event.configuration_version == version


def test_more_rejected_requests_than_may_be_kept_are_429_and_not_on_record() -> None:
    it = InMemory()
    token = it.put(settings=ENFORCED).token
    answers = [receive(it, token, request(headers={})) for _ in range(15)]
    assert [getattr(answer, "status", 200) for answer in answers] == [401] * 10 + [429] * 5
    assert (answers[-1], len(rejected(it))) == (requests.TOO_MANY, 10)
    assert requests.TOO_MANY.retry_after == 1
    it.clock.advance(seconds=1)
    assert receive(it, token, request(headers={})) != requests.TOO_MANY


def rejected(it: InMemory) -> list[WebhookRejected]:
    return [each.event for each in it.ledger.log(after=0, limit=2**31) if isinstance(each.event, WebhookRejected)]


def test_what_is_accepted_is_never_throttled() -> None:
    it = InMemory()
    token = it.put(settings=ENFORCED).token
    for _ in range(15):
        receive(it, token, request(headers={}))
    assert all(not isinstance(receive(it, token, request()), Turned) for _ in range(15))


def test_a_flood_against_one_environment_leaves_the_others_alone() -> None:
    it = InMemory()
    it.put(settings=ENFORCED)
    production = it.put(environment="production", settings=ENFORCED).token
    for _ in range(15):
        receive(it, it.configuration().token, request(headers={}))
    assert turned(it, production, request(headers={}))[0].status == 401


@pytest.mark.parametrize(
    ("verification", "name"),
    [
        ({"scheme": "none"}, "authorization"),
        ({"scheme": "none"}, "proxy-authorization"),
        ({"scheme": "none"}, "cookie"),
        ({"scheme": "none"}, "x-api-key"),
        ({"scheme": "none"}, "x-gitlab-token"),
        ({"scheme": "none"}, "x-webhook-secret"),
        ({"scheme": "gitlab"}, "x-gitlab-token"),
        ({"scheme": "basic"}, "authorization"),
        ({"scheme": "polytomic"}, "authorization"),
        ({"scheme": "bearer"}, "authorization"),
        ({"scheme": "shared_header"}, "x-webhook-secret"),
        ({"scheme": "shared_header", "header": "X-Our-Token"}, "x-our-token"),
    ],
)
@pytest.mark.parametrize("body", [ORDER, b"{broken"])
def test_credentials_are_kept_nowhere(verification: dict[str, Json], name: str, body: bytes) -> None:
    it = InMemory()
    token = it.put(settings={"verification": verification}).token
    receive(it, token, request(body, headers={name: f"Bearer {SECRET}", "x-id": "kept"}))
    event = newest(it).event
    assert isinstance(event, WebhookReceived | WebhookRejected)
    assert event.headers == {name: REDACTED, "x-id": "kept"}
    stored = it.ledger.recorder.select_events(newest(it).stream)
    assert SECRET.encode() not in stored[0].state


def test_a_signature_is_no_credential_and_is_kept() -> None:
    it = InMemory()
    scheme: dict[str, Json] = {"scheme": "hmac", "header": "x-signature"}
    receive(it, it.put(settings={"verification": scheme}).token, request(headers={"x-signature": "00ff"}))
    event = newest(it).event
    assert isinstance(event, WebhookReceived)
    assert event.headers == {"x-signature": "00ff"}


def test_a_credential_is_verified_before_it_is_hidden() -> None:
    it = InMemory()
    settings: dict[str, Json] = {"verification": {"scheme": "bearer"}, **ENFORCED}
    receive(it, it.put(settings=settings).token, request(headers={"authorization": f"Bearer {SECRET}"}))
    event = newest(it).event
    assert isinstance(event, WebhookReceived)
    assert (event.verification_status, event.headers) == ("enforced:verified", {"authorization": REDACTED})
