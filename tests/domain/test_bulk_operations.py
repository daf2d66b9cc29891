"""Bulk operations: how far one is follows from what came of its webhooks."""

from datetime import timedelta

import attrs
import pytest

from domain import bulk_operations
from domain.bulk_operations import BulkItem, Processed
from domain.webhooks import Outcome
from tests import examples

STARTED = attrs.evolve(
    examples.BULK_OPERATION_STARTED, items=tuple(BulkItem(id=name, webhook_id=f"w-{name}") for name in "abc")
)
REFUSED = BulkItem(id="items[3]", problem="id is missing")


def processed(outcome: Outcome, seconds: int) -> Processed:
    return Processed(outcome=outcome, at=examples.AT + timedelta(seconds=seconds))


def test_before_the_worker_comes_it_is_queued() -> None:
    progress = bulk_operations.progress(STARTED, {})
    assert (progress.status, progress.processed, progress.failed) == ("queued", 0, ())
    assert (progress.begun_at, progress.updated_at, progress.completed_at) == (None, examples.AT, None)


def test_in_between_it_is_processing() -> None:
    progress = bulk_operations.progress(STARTED, {"w-b": processed("executed", 2)})
    assert (progress.status, progress.processed, progress.completed_at) == ("processing", 1, None)
    assert progress.begun_at == progress.updated_at == examples.AT + timedelta(seconds=2)


def test_it_is_completed_with_the_last_item_and_knows_the_failed_ones() -> None:
    outcomes = {"w-a": processed("executed", 1), "w-b": processed("failed", 2), "w-c": processed("executed", 3)}
    progress = bulk_operations.progress(STARTED, outcomes)
    assert (progress.status, progress.processed) == ("completed", 3)
    assert [item.id for item in progress.failed] == ["b"]
    assert (progress.begun_at, progress.completed_at) == (
        examples.AT + timedelta(seconds=1),
        examples.AT + timedelta(seconds=3),
    )


@pytest.mark.parametrize("outcome", ["failed", "partially_executed", "unclassified", "duplicate"])
def test_what_was_not_executed_has_failed(outcome: Outcome) -> None:
    outcomes = {f"w-{name}": processed("executed" if name == "a" else outcome, 1) for name in "abc"}
    assert [item.id for item in bulk_operations.progress(STARTED, outcomes).failed] == ["b", "c"]


def test_one_of_which_every_item_failed_has_failed() -> None:
    outcomes = {f"w-{name}": processed("failed", 1) for name in "abc"}
    assert bulk_operations.progress(STARTED, outcomes).status == "failed"


def test_an_item_that_never_became_a_webhook_has_failed_from_the_start() -> None:
    started = attrs.evolve(STARTED, items=(*STARTED.items, REFUSED))
    progress = bulk_operations.progress(started, {})
    assert (progress.status, progress.processed, progress.failed) == ("queued", 1, (REFUSED,))


def test_one_of_nothing_but_such_items_is_over_at_once() -> None:
    progress = bulk_operations.progress(attrs.evolve(STARTED, items=(REFUSED,)), {})
    assert (progress.status, progress.begun_at, progress.completed_at) == ("failed", examples.AT, examples.AT)
