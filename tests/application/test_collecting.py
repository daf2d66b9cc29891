"""Collecting: every event of a client is a webhook of its own, judged by itself, and all are on record together."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from application import judging_events
from application.collecting import UNKNOWN_KEY, Call, Collected
from application.errors import Busy, Unavailable
from application.records import Change, Recorded
from application.requests import TOO_MANY, TOO_MUCH, Accepted, Request, Turned
from domain import batches, scripts
from domain.acceptances import Acceptance
from domain.json_values import Json
from domain.verification import Verdict
from domain.webhooks import Part, WebhookReceived, WebhookRejected
from tests.application.in_memory import ACTOR, InMemory
from tests.memory import MemoryAppender

AGENT = {"user-agent": "analytics-python/2.4.0", "authorization": "Basic d2tfMTo="}
TRACK: dict[str, Json] = {"type": "track", "event": "order_placed", "userId": "zoe", "messageId": "m-1"}


def request(body: object, **changes: Any) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    plain = Request(
        method="POST", query="v=1", remote_address="192.0.2.7", headers=AGENT, body=raw, request_id="request-1"
    )
    return attrs.evolve(plain, **changes)


def write_key(it: InMemory) -> str:
    return it.catalogue.current().endpoints[it.configuration().token].write_key


def connected(it: InMemory, **edit: Any) -> str:
    """The write key of a source."""
    it.put(**edit)
    return write_key(it)


def collect(it: InMemory, body: object, *, key: str | None, call: Call = "batch", **changes: Any) -> Collected | Turned:
    return asyncio.run(it.collecting.collect(call, key, request(body, **changes)))


def collected(it: InMemory, *events: object, **edit: Any) -> tuple[Accepted | Turned, ...]:
    """What becomes of the events of a batch."""
    answer = collect(it, {"batch": events}, key=connected(it, **edit))
    assert isinstance(answer, Collected), answer
    return answer.events


def records(it: InMemory) -> list[Recorded]:
    log = it.ledger.log(after=0, limit=2**31)
    return [each for each in log if isinstance(each.event, WebhookReceived | WebhookRejected)]


def receipts(it: InMemory) -> list[Any]:
    return [each.event for each in records(it)]


def test_every_event_is_a_webhook_of_its_own_that_knows_its_request() -> None:
    it, batch = InMemory(), {"batch": [TRACK, {**TRACK, "messageId": "m-2"}], "sentAt": "2026-01-15T12:00:00Z"}
    answer = collect(it, batch, key=connected(it))
    assert answer == Collected((Accepted(webhook_ids=("webhook-1",)), Accepted(webhook_ids=("webhook-2",))))
    first, second = receipts(it)
    assert [json.loads(each.body) for each in (first, second)] == batch["batch"]
    digest = hashlib.sha256(json.dumps(batch).encode()).hexdigest()
    assert [first.part, second.part] == [Part(index=index, count=2, digest=digest) for index in (0, 1)]
    assert (first.method, first.query, first.remote_address) == ("POST", "v=1", "192.0.2.7")
    assert [each.correlation_id for each in records(it)] == ["request-1", "request-1"]


@pytest.mark.parametrize("call", ["track", "identify", "page", "screen", "group", "alias"])
def test_a_single_call_is_one_webhook_of_the_kind_that_its_path_says(call: Call) -> None:
    it = InMemory()
    answer = collect(it, {"userId": "zoe"}, key=connected(it), call=call)
    assert answer == Collected((Accepted(webhook_ids=("webhook-1",)),))
    [received] = receipts(it)
    assert (json.loads(received.body), received.part) == ({"userId": "zoe", "type": call}, None)


def test_the_write_key_verifies_whatever_the_source_asks_of_others() -> None:
    it = InMemory()
    collected(it, TRACK, settings={"enforce_verification": True, "idempotency_key_path": "body.messageId"})
    [received] = receipts(it)
    assert received.verdict == Verdict("write_key", "verified", secret_id="write_key")
    assert received.verification_status == "enforced:verified"


def test_the_write_key_vouches_for_nothing_that_the_client_says() -> None:
    """Unlike a signature of the body, by which the same source would have nothing uncovered."""
    it = InMemory()
    signed: Json = {"scheme": "hmac", "header": "x-signature", "algorithm": "sha256", "encoding": "hex"}
    secrets: Json = {"signing_secret": "a-secret-of-sixteen"}
    settings: Json = {"verification": signed, "secrets": secrets, "idempotency_key_path": "body.messageId"}
    collected(it, TRACK, settings=settings)
    assert it.catalogue.snapshot.endpoints[it.configuration().token].uncovered == ()
    assert receipts(it)[0].uncovered == ("event_type", "idempotency_key")


@pytest.mark.parametrize("named", ["writeKey", "api_key"])
@pytest.mark.parametrize("call", ["batch", "capture", "track"])
def test_where_there_is_no_header_the_body_names_the_write_key(named: str, call: Call) -> None:
    it = InMemory()
    body = {**TRACK, named: connected(it), "batch": [TRACK]}
    assert isinstance(collect(it, body, key=None, call=call), Collected)


@pytest.mark.parametrize(
    "body", [{"batch": [TRACK]}, {"batch": [TRACK], "writeKey": "wk_other"}, {"writeKey": 7, "batch": []}]
)
def test_who_has_no_write_key_leaves_nothing(body: dict[str, Json]) -> None:
    it = InMemory()
    connected(it)
    assert collect(it, body, key=None) == UNKNOWN_KEY
    assert collect(it, body, key="wk_another") == UNKNOWN_KEY
    assert collect(it, b"{", key="wk_another") == UNKNOWN_KEY
    assert receipts(it) == []


def test_the_header_counts_and_not_the_body() -> None:
    it = InMemory()
    assert collect(it, {"batch": [], "writeKey": connected(it)}, key="wk_another") == UNKNOWN_KEY


def test_a_key_that_was_just_made_works_at_once_and_one_that_was_rotated_no_longer() -> None:
    it = InMemory()
    other = it.beside()
    key = connected(it)
    assert isinstance(collect(other, {"batch": [TRACK]}, key=key), Collected)
    it.managing.rotate_token(source="shop", environment="development", actor=ACTOR)
    assert collect(other, {"batch": [TRACK]}, key=key) == UNKNOWN_KEY
    assert isinstance(collect(other, {"batch": [TRACK]}, key=write_key(it)), Collected)


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ({"batch": [{**TRACK, "writeKey": "KEY"}], "writeKey": "KEY"}, "batch"),
        (
            {"batch": [{**TRACK, "note": "it is KEY"}, "KEY", {"type": "KEY", "x": float("nan")}], "api_key": "KEY"},
            "capture",
        ),
        ({**TRACK, "writeKey": "KEY"}, "track"),
        ({"batch": {"KEY": 1}, "writeKey": "KEY"}, "batch"),
        (b'{"writeKey": "KEY", "batch": [}', "batch"),
    ],
)
def test_a_write_key_is_never_on_record(body: object, call: Call) -> None:
    it = InMemory()
    key = connected(it)
    raw = (body if isinstance(body, bytes) else json.dumps(body).encode()).replace(b"KEY", key.encode())
    collect(it, raw, key=key, call=call, query=f"writeKey={key}", headers={**AGENT, "x-note": key})
    assert "[redacted]" in str(receipts(it))
    assert key not in str(receipts(it))
    assert receipts(it)[0].headers["authorization"] == "[redacted]"


REJECTED: dict[str, tuple[Any, str, int]] = {
    "a text": ("x", "not_an_object", 400),
    "null": (None, "not_an_object", 400),
    "a list": ([TRACK], "not_an_object", 400),
    "too large": ({"type": "track", "x": "x" * 1_000}, "event_too_large", 413),
    "NaN": ({"type": "track", "x": float("nan")}, "not_json", 400),
}


@pytest.mark.parametrize(("bad", "code", "status"), REJECTED.values(), ids=REJECTED)
def test_an_event_that_cannot_be_taken_costs_none_of_the_others(bad: Any, code: str, status: int) -> None:
    it = InMemory()
    first, turned, last = collected(it, TRACK, bad, {"type": "identify"})
    assert (first, last) == (Accepted(webhook_ids=("webhook-1",)), Accepted(webhook_ids=("webhook-3",)))
    assert isinstance(turned, Turned)
    assert (turned.code, turned.status, turned.webhook_id) == (code, status, "webhook-2")
    rejected = receipts(it)[1]
    assert isinstance(rejected, WebhookRejected)
    assert (rejected.reason, rejected.http_status, rejected.message) == (code, status, turned.message)
    assert rejected.verification_status == "not_enforced:verified"
    assert json.dumps(bad)[:30].replace(" ", "") in rejected.body.decode().replace(" ", "")
    assert [each.part.index for each in (receipts(it)[0], receipts(it)[2])] == [0, 2]


def test_what_the_legacy_dialect_does_not_know_is_rejected_by_itself() -> None:
    it = InMemory()
    source: Json = {"name": "Old", "preconfigured_provider": "http_legacy"}
    it.managing.put_source(key="shop", body={"source": source}, actor=ACTOR)
    answer = collect(it, {"batch": [TRACK, {"type": "identify"}]}, key=write_key(it))
    assert isinstance(answer, Collected)
    assert [isinstance(each, Accepted) for each in answer.events] == [True, False]


def test_an_empty_batch_is_nothing_and_no_fault() -> None:
    it = InMemory()
    assert collected(it) == ()
    assert receipts(it) == []


MALFORMED: dict[str, tuple[object, Call, str]] = {
    "no JSON": (b"{", "batch", "not_json"),
    "a list": (b"[]", "track", "not_an_object"),
    "an object for a batch": ({"batch": {}}, "batch", "invalid_params"),
    "no batch": ({}, "capture", "invalid_params"),
    "too many events": ({"batch": [{}] * (batches.LARGEST + 1)}, "batch", "batch_too_large"),
}


@pytest.mark.parametrize(("body", "call", "code"), MALFORMED.values(), ids=MALFORMED)
def test_a_request_without_events_to_be_had_is_on_record_once(body: object, call: Call, code: str) -> None:
    it = InMemory()
    answer = collect(it, body, key=connected(it), call=call)
    [rejected] = receipts(it)
    assert isinstance(answer, Turned)
    assert (answer.code, answer.webhook_id) == (code, "webhook-1")
    assert (rejected.reason, rejected.http_status) == (code, answer.status)


def test_a_malformed_request_without_a_key_is_told_so_and_left_alone() -> None:
    it = InMemory()
    answer = collect(it, b"{", key=None)
    assert isinstance(answer, Turned)
    assert (answer.status, answer.webhook_id, receipts(it)) == (400, None, [])


def test_a_disabled_source_takes_no_events() -> None:
    it = InMemory()
    answer = collect(it, {"batch": [TRACK]}, key=connected(it, settings={"enabled": False}))
    assert isinstance(answer, Turned)
    assert (answer.status, answer.code, receipts(it)[0].reason) == (404, "source_disabled", "source_disabled")


def test_of_many_bad_events_only_so_many_are_on_record_and_all_good_ones() -> None:
    it = InMemory()
    events = collected(it, *[7] * 30, *[TRACK] * 30)
    assert [isinstance(each, Accepted) for each in events] == [False] * 30 + [True] * 30
    assert [isinstance(each, WebhookRejected) for each in receipts(it)] == [True] * 10 + [False] * 30
    assert [each.webhook_id is None for each in events[:30] if isinstance(each, Turned)] == [False] * 10 + [True] * 20


def test_requests_that_are_rejected_as_a_whole_are_throttled() -> None:
    it = InMemory()
    key = connected(it)
    answers = [collect(it, b"{", key=key) for _ in range(11)]
    assert answers[-1] == TOO_MANY
    assert len(receipts(it)) == 10


def test_a_client_that_sends_again_is_given_new_webhooks_which_the_source_recognises() -> None:
    it = InMemory()
    mapping: Json = {"event_type": "track", "action_type": "users_identify", "action_parameters": {"id": "body.userId"}}
    key = connected(it, settings={"idempotency_key_path": "body.messageId"}, mappings=[mapping])
    for _ in range(2):
        collect(it, {"batch": [TRACK, {**TRACK, "messageId": "m-2"}]}, key=key)
    it.pipeline.run_once()
    assert [it.outcome(f"webhook-{number}") for number in range(1, 5)] == [
        "executed",
        "executed",
        "duplicate",
        "duplicate",
    ]
    assert [webhook for webhook, _ in it.executed()] == ["webhook-1", "webhook-2"]


def test_captures_of_posthog_have_the_names_of_its_destinations() -> None:
    it = InMemory()
    capture = {"event": "seen", "distinct_id": "zoe", "uuid": "u-1", "properties": {}}
    collect(it, {"batch": [capture], "api_key": connected(it)}, key=None, call="capture")
    assert json.loads(receipts(it)[0].body) == {**capture, "messageId": "u-1", "userId": "zoe"}


class Moving:
    """An appender before which the configuration is edited `edits` times."""

    def __init__(self, it: InMemory, edit: Callable[[], object], edits: int) -> None:
        self._appender, self._edit, self._left = MemoryAppender(it.ledger), edit, edits

    async def append(self, *changes: Change, epoch: int) -> Acceptance:
        """See the port."""
        if self._left:
            self._left -= 1
            self._edit()
        return await self._appender.append(*changes, epoch=epoch)


def moving(it: InMemory, edit: Callable[[], object], edits: int = 1) -> None:
    it.collecting = attrs.evolve(it.collecting, appender=Moving(it, edit, edits))


def test_events_are_judged_by_the_configuration_under_which_they_are_recorded() -> None:
    it = InMemory()
    key = connected(it)
    moving(it, lambda: it.put(settings={"enabled": False}))
    answer = collect(it, {"batch": [TRACK]}, key=key)
    assert isinstance(answer, Turned)
    assert (answer.code, len(receipts(it))) == ("source_disabled", 1)


def test_a_key_that_is_rotated_meanwhile_is_unknown() -> None:
    it = InMemory()
    key = connected(it)
    moving(it, lambda: it.managing.rotate_token(source="shop", environment="development", actor=ACTOR))
    assert collect(it, {"batch": [TRACK]}, key=key) == UNKNOWN_KEY
    assert receipts(it) == []


def test_edits_without_an_end_are_unavailable() -> None:
    it = InMemory()
    key = connected(it)
    names = iter(range(100))
    moving(it, lambda: it.put(settings={"event_type_path": f"body.t{next(names)}"}), edits=100)
    with pytest.raises(Unavailable):
        collect(it, {"batch": [TRACK]}, key=key)


def running(it: InMemory, run: Callable[[scripts.Call], scripts.Result], seconds: float = 0.0) -> None:
    """Let `run` stand for what scripts do, and for how long."""

    async def run_script(source: str, call: scripts.Call) -> scripts.Result:
        await asyncio.sleep(seconds)
        return run(call)

    judging = attrs.evolve(it.receiving.judging, run_script=run_script)
    it.collecting = attrs.evolve(it.collecting, judging=attrs.evolve(it.collecting.judging, judging=judging))


SCRIPT: Json = {"language": "javascript", "source": "const main = (ctx) => ({ kind: ctx.body.event });"}


def test_the_script_of_a_source_runs_for_each_event_and_verifies_none() -> None:
    it = InMemory()
    running(it, lambda call: scripts.Result(output={"kind": call.body["event"]}, verified=False))  # type: ignore[index, call-overload]
    settings: dict[str, Json] = {"preprocess_script": SCRIPT, "enforce_verification": True}
    collected(it, *[{"event": f"e-{number}"} for number in range(20)], 7, {"event": "last"}, settings=settings)
    taken = [each for each in receipts(it) if isinstance(each, WebhookReceived)]
    assert [each.script.output["kind"] for each in taken if each.script] == [*[f"e-{n}" for n in range(20)], "last"]
    assert {each.verification_status for each in taken} == {"enforced:verified"}


def test_a_script_is_given_the_event_as_it_is_on_record() -> None:
    it, calls = InMemory(), list[scripts.Call]()
    running(it, lambda call: calls.append(call) or scripts.Result())  # type: ignore[func-returns-value]
    collected(it, TRACK, settings={"preprocess_script": SCRIPT})
    [call], [received] = calls, receipts(it)
    assert (call.raw_body, call.body, call.at) == (received.body, TRACK, received.received_at)
    assert call.headers["user-agent"] == AGENT["user-agent"]


def test_scripts_that_take_too_long_together_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging_events, "SCRIPT_SECONDS", 0.05)
    it = InMemory()
    running(it, lambda _: scripts.Result(), seconds=0.03)
    with pytest.raises(Busy, match="17 events"):
        collected(it, *[TRACK] * 17, settings={"preprocess_script": SCRIPT})
    assert receipts(it) == []
    assert len(collected(it, *[TRACK] * judging_events.SCRIPTS_AT_ONCE)) == judging_events.SCRIPTS_AT_ONCE


def test_what_http_refused_is_on_record_where_it_is_known_whose_it_is() -> None:
    it = InMemory()
    key = connected(it)
    slow = Turned(status=408, code="body_too_slow", message="the body did not arrive in time")
    for given in (None, "wk_another", key):
        asyncio.run(it.collecting.turn_away(given, request(b""), slow))
    assert [each.reason for each in receipts(it)] == ["body_too_slow"]


@pytest.mark.parametrize("shared", [{"context": 900}, {"headers": 9_000}])
def test_what_events_share_is_counted_with_each_of_them(shared: dict[str, int]) -> None:
    """Else a batch of some kilobytes would come to gigabytes on record; those that still fit are taken."""
    it = InMemory()
    context, headers = {"note": "a" * shared.get("context", 0)}, {"x-note": "a" * shared.get("headers", 0)}
    body = {"context": context, "batch": [TRACK] * batches.LARGEST}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "LARGEST_TOTAL", 1_000_000)
        answer = collect(it, body, key=connected(it), headers=headers)
    assert isinstance(answer, Collected)
    assert isinstance(answer.events[0], Accepted)
    assert answer.events[-1] == TOO_MUCH
    taken = [each for each in receipts(it) if isinstance(each, WebhookReceived)]
    size = sum(len(each.body) + len(headers["x-note"]) for each in taken)
    assert 900_000 < size < 2 * len(json.dumps(body)) + 1_000_000
