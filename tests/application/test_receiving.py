"""Receiving: a request is judged by the configuration of this moment and put on record before anybody answers."""

import asyncio
from typing import Any

import attrs
import pytest

from application import receiving, requests
from application.errors import Unavailable
from application.records import Change, Recorded
from application.requests import Accepted, Request, Turned
from domain.acceptances import Acceptance
from domain.json_values import Json
from domain.webhooks import WebhookReceived, WebhookRejected
from tests.application.in_memory import ACTOR, InMemory
from tests.memory import MemoryAppender

SECRET = "a-secret-of-sixteen"
SIGNED = {"x-webhook-secret": SECRET, "content-type": "application/json"}
ORDER = b'{"type": "order.placed", "user": "u-1"}'
ENFORCED: dict[str, Json] = {"enforce_verification": True, "secrets": {"signing_secret": SECRET}}


def request(body: bytes = ORDER, **changes: Any) -> Request:
    plain = Request(method="POST", query="attempt=1", remote_address="192.0.2.7", headers=SIGNED, body=body)
    return attrs.evolve(plain, **changes)


def receive(it: InMemory, token: str, sent: Request) -> Accepted | Turned:
    return asyncio.run(it.receiving.receive(token, sent))


def newest(it: InMemory) -> Recorded:
    return it.ledger.log(after=it.ledger.head() - 1, limit=1)[0]


def turned(it: InMemory, token: str, sent: Request) -> tuple[Turned, WebhookRejected]:
    """The answer to a request that is turned away, and what is on record of it."""
    answer, event = receive(it, token, sent), newest(it).event
    assert isinstance(answer, Turned)
    assert isinstance(event, WebhookRejected)
    assert (answer.webhook_id, answer.status) == (newest(it).stream.removeprefix("webhook-"), event.http_status)
    return answer, event


def test_a_request_is_accepted_and_on_record_as_it_arrived() -> None:
    it = InMemory()
    configuration = it.put(settings=ENFORCED)
    assert receive(it, configuration.token, request()) == Accepted(webhook_ids=("webhook-1",), legacy=False)
    event = newest(it).event
    assert isinstance(event, WebhookReceived)
    assert (event.source, event.environment, event.configuration_version) == (
        "shop",
        "development",
        configuration.version,
    )
    assert (event.method, event.query, event.remote_address) == ("POST", "attempt=1", "192.0.2.7")
    assert (event.body, event.received_at, event.origin) == (ORDER, it.clock.now, None)
    assert (event.verdict.status, event.verification_status) == ("verified", "enforced:verified")


def test_a_request_keeps_its_own_id_as_its_correlation() -> None:
    it = InMemory()
    receive(it, it.put().token, request(request_id="req-7"))
    assert newest(it).correlation_id == "req-7"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "signature_missing"), ({"x-webhook-secret": "another-secret"}, "signature_mismatch")],
)
def test_where_verification_is_enforced_what_fails_it_is_401_and_on_record(
    headers: dict[str, str], reason: str
) -> None:
    it = InMemory()
    answer, event = turned(it, it.put(settings=ENFORCED).token, request(headers=headers))
    assert (answer.status, answer.code) == (401, "verification_failed")
    assert (event.reason, event.verification_status) == (reason, "enforced:failed")
    assert (event.body, event.body_bytes) == (ORDER, len(ORDER))


def test_enforced_verification_without_a_secret_refuses_everything() -> None:
    it = InMemory()
    answer, event = turned(it, it.put(settings={"enforce_verification": True}).token, request())
    assert (answer.status, event.reason) == (401, "secret_unset")


@pytest.mark.parametrize(
    ("headers", "status"), [(SIGNED, "not_enforced:verified"), ({"x-webhook-secret": "other"}, "not_enforced:failed")]
)
def test_where_verification_is_not_enforced_its_verdict_is_on_record(headers: dict[str, str], status: str) -> None:
    it = InMemory()
    token = it.put(settings={"secrets": {"signing_secret": SECRET}}).token
    assert isinstance(receive(it, token, request(headers=headers)), Accepted)
    event = newest(it).event
    assert isinstance(event, WebhookReceived)
    assert event.verification_status == status


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{broken", "not_json"),
        (b"[1]", "not_an_object"),
        (b"\xff{}", "invalid_utf8"),
        (b'{"a": 1e400}', "number_out_of_range"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested_too_deeply"),
    ],
)
def test_a_body_that_is_no_json_object_is_400_and_on_record(body: bytes, code: str) -> None:
    it = InMemory()
    answer, event = turned(it, it.put().token, request(body))
    assert (answer.status, answer.code, event.reason, event.body) == (400, code, code, body)
    assert event.verification_status == "not_enforced:failed"


def test_a_body_is_verified_before_anything_parses_it() -> None:
    it = InMemory()
    answer, _ = turned(it, it.put(settings=ENFORCED).token, request(b"{broken", headers={}))
    assert answer.status == 401


def legacy(it: InMemory) -> str:
    it.managing.put_source(
        key="shop", body={"source": {"name": "Old", "preconfigured_provider": "http_legacy"}}, actor=ACTOR
    )
    return it.configuration().token


def test_a_legacy_event_is_accepted_as_such() -> None:
    it = InMemory()
    answer = receive(it, legacy(it), request(b'{"type": "track", "event": "shared"}'))
    assert answer == Accepted(webhook_ids=("webhook-1",), legacy=True)


@pytest.mark.parametrize("body", [b'{"type": "identify", "event": "shared"}', b'{"type": "track"}', b"{}"])
def test_a_legacy_body_of_another_shape_is_400_and_on_record(body: bytes) -> None:
    it = InMemory()
    answer, event = turned(it, legacy(it), request(body))
    assert (answer.status, answer.code, event.reason) == (400, "invalid_params", "invalid_params")


def test_a_disabled_source_is_404_and_on_record() -> None:
    it = InMemory()
    answer, event = turned(it, it.put(settings={"enabled": False}).token, request())
    assert (answer.status, answer.code, event.reason) == (404, "source_disabled", "source_disabled")


def test_an_unknown_token_is_404_and_not_on_record() -> None:
    it = InMemory()
    before = it.ledger.head()
    assert receive(it, "nobody-s", request()) == requests.UNKNOWN
    assert (it.receiving.known("nobody-s"), asyncio.run(it.receiving.found("nobody-s"))) == (False, False)
    assert it.ledger.head() == before


def test_a_token_that_another_process_has_just_made_is_found() -> None:
    it = InMemory()
    other = it.beside()
    token = it.put().token
    assert not other.receiving.known(token)
    assert asyncio.run(other.receiving.found(token))
    assert isinstance(receive(other, token, request()), Accepted)


@pytest.mark.parametrize(
    ("edit", "status"), [({"enabled": False}, 404), (ENFORCED, 401), ({"event_type_path": "body.event"}, 200)]
)
def test_an_edit_by_another_process_is_in_force_for_the_very_next_request(edit: dict[str, Json], status: int) -> None:
    it = InMemory()
    token = it.put().token
    other = it.beside()
    other.put(settings=edit)
    answer = receive(it, token, request(headers={}))
    assert getattr(answer, "status", 200) == status
    event = newest(it).event
    assert isinstance(event, WebhookReceived | WebhookRejected)
    assert event.configuration_version == other.configuration().version


def test_an_address_that_another_process_has_just_rotated_is_unknown() -> None:
    it = InMemory()
    token = it.put().token
    it.beside().managing.rotate_token(source="shop", environment="development", actor=ACTOR)
    assert receive(it, token, request()) == requests.UNKNOWN


class Restless(MemoryAppender):
    """An appender before which somebody edits a configuration again and again."""

    def __init__(self, it: InMemory) -> None:
        super().__init__(it.ledger)
        self._other, self.edits = it.beside(), 0

    async def append(self, *changes: Change, epoch: int) -> Acceptance:
        self.edits += 1
        self._other.workflow("welcome", active=self.edits % 2 == 0)
        return await super().append(*changes, epoch=epoch)


def test_edits_without_end_make_the_sender_come_again() -> None:
    it = InMemory()
    token = it.put().token
    restless = Restless(it)
    with pytest.raises(Unavailable, match="configurations change faster"):
        asyncio.run(attrs.evolve(it.receiving, appender=restless).receive(token, request()))
    assert restless.edits == receiving.ATTEMPTS
    assert not [each for each in it.ledger.log(after=0, limit=2**31) if each.stream.startswith("webhook-")]
