"""A batch is on record as one webhook for each of its elements: all of them or none."""

import asyncio
import hashlib
import json
from typing import Any

import attrs
import pytest

from application.requests import TOO_MUCH, Accepted, Turned
from domain import batches
from domain.json_values import Json
from domain.webhooks import Part, WebhookReceived, WebhookRejected
from tests.application.in_memory import InMemory
from tests.application.test_receiving import newest, receive, request

SETTINGS: dict[str, Json] = {"batch_path": "body.rows", "event_type_path": "body.rows.type"}


def send(it: InMemory, body: Any) -> Accepted | Turned:
    return receive(it, it.put(settings=SETTINGS).token, request(body=json.dumps(body).encode()))


def receipts(it: InMemory) -> list[Any]:
    log = it.ledger.log(after=0, limit=2**31)
    return [each.event for each in log if isinstance(each.event, WebhookReceived | WebhookRejected)]


def test_every_element_is_a_webhook_of_its_own_that_knows_its_request() -> None:
    it, body = InMemory(), {"sync": 7, "rows": [{"type": "a"}, {"type": "b"}]}
    answer = send(it, body)
    assert answer == Accepted(webhook_ids=("webhook-1", "webhook-2"))
    first, second = receipts(it)
    assert [json.loads(each.body) for each in (first, second)] == [
        {"sync": 7, "rows": {"type": "a"}},
        {"sync": 7, "rows": {"type": "b"}},
    ]
    digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()
    assert (first.part, second.part) == (Part(index=0, count=2, digest=digest), Part(index=1, count=2, digest=digest))


def test_every_element_has_decisions_of_its_own() -> None:
    it = InMemory()
    send(it, {"rows": [{"type": "a"}, {"no": "type"}]})
    it.pipeline.run_once()
    assert [it.outcome("webhook-1"), it.outcome("webhook-2")] == ["unmapped", "unclassified"]


@pytest.mark.parametrize("rows", [[], {}, "none", None, 7])
def test_without_elements_the_request_itself_stays_on_record(rows: Json) -> None:
    it = InMemory()
    assert send(it, {"rows": rows}) == Accepted(webhook_ids=("webhook-1",))
    assert json.loads(receipts(it)[0].body) == {"rows": rows}


def test_too_many_elements_are_refused_together() -> None:
    it = InMemory()
    answer = send(it, {"rows": [1] * (batches.LARGEST + 1)})
    assert isinstance(answer, Turned)
    assert (answer.status, answer.code) == (413, "batch_too_large")
    assert isinstance(newest(it).event, WebhookRejected)


@pytest.mark.parametrize("shared", [{"body": 9_000}, {"headers": 9_000}])
def test_what_elements_share_is_counted_with_each_of_them(shared: dict[str, int]) -> None:
    """Else a request of some kilobytes would come to gigabytes on record."""
    it, rows = InMemory(), [1] * 2_000
    token = it.put(settings=SETTINGS).token
    body = json.dumps({"rows": rows, "note": "a" * shared.get("body", 0)}).encode()
    answer = receive(it, token, request(body=body, headers={"x-note": "a" * shared.get("headers", 0)}))
    assert answer == attrs.evolve(TOO_MUCH, webhook_id="webhook-1")
    assert [type(each) for each in receipts(it)] == [WebhookRejected]


def test_what_no_signature_covers_is_on_record() -> None:
    it = InMemory()
    send(it, {"rows": [1]})
    assert receipts(it)[0].uncovered == ("event_type",)


def test_a_rehearsal_plays_the_first_element() -> None:
    from tests.application.test_rehearsing import rehearse

    it = InMemory()
    it.put(settings=SETTINGS)
    done = rehearse(it, {"body": {"rows": [{"type": "a"}, {"type": "b"}]}})
    assert done.problem is None
    assert [json.loads(each.body) for each in receipts(it)] == [{"rows": {"type": "a"}}]


def test_a_batch_waits_for_one_commit_only() -> None:
    it = InMemory()
    token = it.put(settings=SETTINGS).token
    before = it.ledger.head()
    asyncio.run(it.receiving.receive(token, request(body=b'{"rows": [1, 2, 3]}')))
    assert it.ledger.head() - before == 3
