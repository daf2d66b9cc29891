"""Bulk operations: many calls of one kind, recorded at once and carried out one by one, so that none fails another."""

from collections.abc import Callable, Sequence

import attrs

from application.access import Caller
from application.calling import Calling
from application.ports import Clock, EventStore, NewId
from application.records import Attribution, Change
from application.requests import Request
from domain import bulk_operations, errors, operations, webhooks
from domain.bulk_operations import BulkItem, BulkOperationStarted, Processed, Progress
from domain.json_values import Json
from domain.operations import CallRefused, Operation


@attrs.frozen(kw_only=True)
class Bulk:
    """What is to be done: `read` makes an operation of each of `items`, which are the call's `field`.

    `collection` is where objects are, None for users and tenants.
    """

    name: str
    field: str
    items: Sequence[Json]
    read: Callable[[Json], Operation]
    collection: str | None = None


@attrs.frozen(kw_only=True)
class BulkOperations:
    """The use case."""

    store: EventStore
    calling: Calling
    clock: Clock
    new_id: NewId

    def start(self, bulk: Bulk, *, environment: str, caller: Caller, request: Request) -> Progress:
        """Record all items that can be carried out, and what is wrong with the others, in one append."""
        if not 0 < len(bulk.items) <= operations.MOST_ITEMS:
            message = f"{bulk.field} has {len(bulk.items)} entries; it must have 1 to {operations.MOST_ITEMS:,}"
            raise CallRefused(message, field=bulk.field)
        read = [_read(bulk, item) for item in bulk.items]
        wanted = [each for each in read if not isinstance(each, errors.Refused)]
        # Not the query with each item: where it holds the ids of all, a thousand times a thousand would be kept.
        each_request = attrs.evolve(request, query="")
        changes = self.calling.changes(wanted, environment=environment, caller=caller, request=each_request)
        ids = (webhooks.id_of(change.stream) for change in changes)
        started = BulkOperationStarted(
            operation_id=self.new_id(),
            environment=environment,
            name=bulk.name,
            items=tuple(
                BulkItem(id=_id(bulk, index), collection=bulk.collection, problem=str(each))
                if isinstance(each, errors.Refused)
                else BulkItem(id=_id(bulk, index), collection=bulk.collection, webhook_id=next(ids))
                for index, each in enumerate(read)
            ),
            started_at=self.clock(),
        )
        because = Attribution(actor=caller.key_id, correlation_id=request.request_id)
        stream = bulk_operations.stream(started.operation_id)
        self.store.append(*changes, Change(stream=stream, version=0, events=(started,), attribution=because))
        return bulk_operations.progress(started, {})

    def progress(self, operation_id: str, environment: str) -> Progress | None:
        """How far a bulk operation of `environment` is; None if there is none, or none any more since it was erased."""
        history = self.store.history(bulk_operations.stream(operation_id))
        started = history[0].event if history else None
        if not isinstance(started, BulkOperationStarted) or started.environment != environment or history[0].erased:
            return None
        return bulk_operations.progress(started, self._processed(started))

    def _processed(self, started: BulkOperationStarted) -> dict[str, Processed]:
        ids = [item.webhook_id for item in started.items if item.webhook_id is not None]
        found = {}
        for stream, history in self.store.histories([webhooks.stream(each) for each in ids]).items():
            last = history[-1]
            if isinstance(last.event, webhooks.WebhookProcessed):
                found[webhooks.id_of(stream)] = Processed(outcome=last.event.outcome, at=last.recorded_at)
        return found


def _read(bulk: Bulk, item: Json) -> Operation | errors.Refused:
    try:
        return bulk.read(item)
    except errors.Refused as refused:
        return refused


def _id(bulk: Bulk, index: int) -> str:
    """The id that an item names, or else its place."""
    item = bulk.items[index]
    named = item.get("id") if isinstance(item, dict) else item
    if isinstance(named, int) and not isinstance(named, bool):
        named = str(named)
    return named if isinstance(named, str) and 0 < len(named) <= 256 else f"{bulk.field}[{index}]"
