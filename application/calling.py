"""Calling: a call of the directory's API goes on record as a webhook and is answered once it has been processed.

Who calls therefore reads at once what it wrote, and the logs and an entity's history know calls like everything else.
"""

from collections.abc import Callable, Mapping, Sequence

import attrs

from application.access import Caller
from application.judging import REDACTED
from application.ports import Clock, EventStore, NewId
from application.records import Attribution, Change, Recorded
from application.requests import Request
from application.waiting import WaitingRoom
from domain import api_calls, webhooks
from domain.json_values import Json
from domain.verification import Verdict

Operation = Mapping[str, Json]
"""A call as `domain.api_calls` reads it: `{"operation": "users.update", "id": …}`."""


@attrs.frozen(kw_only=True)
class Called:
    """What came of a call. `original_id` is the earlier call that it repeats, `same` whether both say the same."""

    webhook_id: str
    outcome: webhooks.Outcome
    actions: tuple[webhooks.ActionOutcome, ...] = ()
    original_id: str | None = None
    same: bool | None = None


@attrs.frozen(kw_only=True)
class Calling:
    """The use case. `dumps` writes JSON."""

    store: EventStore
    clock: Clock
    new_id: NewId
    dumps: Callable[[Json], bytes]
    waiting: WaitingRoom

    def call(
        self, operations: Sequence[Operation], *, environment: str, caller: Caller, request: Request
    ) -> tuple[Called, ...]:
        """Record the operations together and wait until each is processed.

        Raises Busy, with nothing recorded, when too many wait already; Unavailable after 10 s.
        """
        with self.waiting.seat() as until_settled:
            changes = self.changes(operations, environment=environment, caller=caller, request=request)
            until_settled(self.store.append(*changes))
        histories = self.store.histories([change.stream for change in changes])
        return tuple(_told(webhooks.id_of(change.stream), histories[change.stream]) for change in changes)

    def submit(
        self, operations: Sequence[Operation], *, environment: str, caller: Caller, request: Request
    ) -> tuple[str, ...]:
        """Record the operations, all or none, in their order; the ids of their webhooks."""
        changes = self.changes(operations, environment=environment, caller=caller, request=request)
        self.store.append(*changes)
        return tuple(webhooks.id_of(change.stream) for change in changes)

    def changes(
        self, operations: Sequence[Operation], *, environment: str, caller: Caller, request: Request
    ) -> tuple[Change, ...]:
        """What `submit` records: one change for each operation, for whoever has more to record with them."""
        because = Attribution(actor=caller.key_id, correlation_id=request.request_id)
        return tuple(
            Change(
                stream=webhooks.stream(self.new_id()),
                version=0,
                events=(self._received(operation, environment, caller, request),),
                attribution=because,
            )
            for operation in operations
        )

    def look_up(self, webhook_id: str) -> Called | None:
        """What came of an earlier call; None while it is not processed."""
        history = self.store.history(webhooks.stream(webhook_id))
        if not history or not isinstance(history[-1].event, webhooks.WebhookProcessed):
            return None
        return _told(webhook_id, history)

    def request_id(self, webhook_id: str) -> str | None:
        """The request by which an earlier call came."""
        history = self.store.history(webhooks.stream(webhook_id))
        return history[0].correlation_id if history else None

    def _received(
        self, operation: Operation, environment: str, caller: Caller, request: Request
    ) -> webhooks.WebhookReceived:
        hidden = {"authorization": REDACTED} if "authorization" in request.headers else {}
        return webhooks.WebhookReceived(
            source=api_calls.SOURCE,
            environment=environment,
            configuration_version=api_calls.VERSION,
            received_at=self.clock(),
            method=request.method,
            query=request.query,
            remote_address=request.remote_address,
            headers={**request.headers, **hidden},
            body=self.dumps(operation),
            verdict=Verdict(api_calls.SCHEME, "verified", secret_id=caller.key_id),
            verification_status="enforced:verified",
            origin="api",
        )


def _told(webhook_id: str, history: Sequence[Recorded]) -> Called:
    events = [recorded.event for recorded in history]
    assert isinstance(events[-1], webhooks.WebhookProcessed)
    decided = next((event for event in events if isinstance(event, webhooks.IdempotencyDecided)), None)
    repeats = decided is not None and decided.outcome == "replayed"
    return Called(
        webhook_id=webhook_id,
        outcome=events[-1].outcome,
        actions=tuple(event for event in events if isinstance(event, webhooks.ActionOutcome)),
        original_id=decided.original_id if decided and repeats else None,
        same=decided.same_body if decided and repeats else None,
    )
