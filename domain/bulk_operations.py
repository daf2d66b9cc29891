"""A bulk operation: many calls of one kind that were recorded together. How far it is follows from their webhooks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import attrs

from domain import streams
from domain.webhooks import Outcome

Status = Literal["queued", "processing", "completed", "failed"]


def stream(operation_id: str) -> str:
    """The stream of one bulk operation."""
    return streams.name("bulk", operation_id)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class BulkItem:
    """One item: what it is about, and the webhook that carries it out or, if it cannot be one, the problem with it."""

    id: str
    collection: str | None = None
    webhook_id: str | None = None
    problem: str | None = None


@attrs.frozen(kw_only=True)
class BulkOperationStarted:
    """The calls of a bulk operation were recorded, `items` in their order."""

    operation_id: str
    environment: str
    name: str
    items: tuple[BulkItem, ...]
    started_at: datetime


@attrs.frozen(kw_only=True)
class Processed:
    """What came of an item's webhook, and when."""

    outcome: Outcome
    at: datetime


@attrs.frozen(kw_only=True)
class Progress:
    """How far a bulk operation is. `failed` are the items that came to nothing; the times are None until reached."""

    started: BulkOperationStarted
    status: Status
    processed: int
    failed: tuple[BulkItem, ...]
    begun_at: datetime | None
    updated_at: datetime
    completed_at: datetime | None


def progress(started: BulkOperationStarted, processed: Mapping[str, Processed]) -> Progress:
    """How far it is, by what is known of its webhooks. Items that never became webhooks have failed from the start."""
    done = [item for item in started.items if item.webhook_id is None or item.webhook_id in processed]
    times = sorted(each.at for each in processed.values())
    completed = len(done) == len(started.items)
    latest = times[-1] if times else started.started_at
    return Progress(
        started=started,
        status=_status(done, processed, completed=completed),
        processed=len(done),
        failed=tuple(item for item in done if _failed(item, processed)),
        begun_at=times[0] if times else (started.started_at if completed else None),
        updated_at=latest,
        completed_at=latest if completed else None,
    )


def _status(done: Sequence[BulkItem], processed: Mapping[str, Processed], *, completed: bool) -> Status:
    if completed:
        return "failed" if all(_failed(item, processed) for item in done) else "completed"
    return "processing" if processed else "queued"


def _failed(item: BulkItem, processed: Mapping[str, Processed]) -> bool:
    return item.webhook_id is None or processed[item.webhook_id].outcome != "executed"
