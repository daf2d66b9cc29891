"""Bulk operations: recorded at once, carried out one by one, told from the log."""

from collections.abc import Sequence

import attrs
import pytest

from application.bulk_operations import Bulk, BulkOperations
from domain import operations
from domain.bulk_operations import BulkItem, Progress
from domain.json_values import Json
from domain.operations import CallRefused, Operation
from domain.webhooks import WebhookReceived
from tests.application.in_memory import InMemory, Numbers
from tests.application.test_calling import KEY, REQUEST, calling


def _identify(entry: Json) -> Operation:
    described = operations.item(entry)
    return operations.update_user(described["id"], described)


def start(it: InMemory, items: Sequence[Json], *, query: str = "") -> tuple[BulkOperations, Progress]:
    use_case = BulkOperations(store=it.ledger, calling=calling(it), clock=it.clock, new_id=Numbers("bulk"))
    bulk = Bulk(name="users.bulk.identify", field="users", items=items, read=_identify)
    request = attrs.evolve(REQUEST, query=query)
    return use_case, use_case.start(bulk, environment="development", caller=KEY, request=request)


def test_everything_is_recorded_in_one_append_before_anything_is_carried_out() -> None:
    it = InMemory()
    before = it.ledger.head()
    _, progress = start(it, [{"id": "a"}, {"id": 7}])
    assert progress.status == "queued"
    streams = [each.stream for each in it.ledger.log(after=before, limit=10)]
    assert streams == ["webhook-call-1", "webhook-call-2", "bulk-bulk-1"]
    assert progress.started.items == (BulkItem(id="a", webhook_id="call-1"), BulkItem(id="7", webhook_id="call-2"))
    assert {each.actor for each in it.ledger.log(after=before, limit=10)} == {KEY.key_id}


def test_progress_is_told_from_what_came_of_the_webhooks() -> None:
    it = InMemory()
    use_case, _ = start(it, [{"id": "a"}, {"id": "b", "name": []}])
    it.pipeline.run_once()
    told = use_case.progress("bulk-1", "development")
    assert told is not None
    assert (told.status, told.processed, [item.id for item in told.failed]) == ("completed", 2, ["b"])


def test_an_item_that_cannot_be_a_call_keeps_no_other_out() -> None:
    it = InMemory()
    use_case, progress = start(it, [{"name": "x"}, {"id": "a"}, "b", {"id": "c", "bio": "x" * 300_000}])
    assert [(item.id, item.webhook_id) for item in progress.started.items] == [
        ("users[0]", None),
        ("a", "call-1"),
        ("b", None),
        ("c", None),
    ]
    problems = [item.problem or "" for item in progress.failed]
    assert [word in problem for word, problem in zip(("id", "object", "262,144"), problems, strict=True)] == [True] * 3
    it.pipeline.run_once()
    told = use_case.progress("bulk-1", "development")
    assert told is not None
    assert (told.processed, len(told.failed)) == (4, 3)


def test_the_ids_of_all_in_the_query_are_not_kept_with_each() -> None:
    it = InMemory()
    start(it, [{"id": "a"}], query="ids=a&ids=b")
    received = it.ledger.history("webhook-call-1")[0].event
    assert isinstance(received, WebhookReceived)
    assert received.query == ""


@pytest.mark.parametrize("count", [0, 1_001])
def test_too_few_and_too_many_items_are_refused_and_nothing_is_recorded(count: int) -> None:
    it = InMemory()
    before = it.ledger.head()
    with pytest.raises(CallRefused, match=f"{count} entries"):
        start(it, [{"id": f"u-{number}"} for number in range(count)])
    assert it.ledger.head() == before


def test_what_is_elsewhere_or_nowhere_has_no_progress() -> None:
    it = InMemory()
    use_case, _ = start(it, [{"id": "a"}])
    assert use_case.progress("bulk-1", "production") is None
    assert use_case.progress("bulk-2", "development") is None
    assert use_case.progress("bulk-1", "development") is not None


def test_a_bulk_operation_is_no_edit_of_a_configuration() -> None:
    it = InMemory()
    before = it.ledger.epoch()
    start(it, [{"id": "a"}])
    assert it.ledger.epoch() == before
