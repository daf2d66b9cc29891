"""Explaining: the whole trace of a webhook's decisions, from its own stream and the configurations that judged it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import attrs

from application.pipeline import ConfigurationOf
from application.ports import BodyParser, EventStore
from application.records import Recorded
from domain import configurations, errors, explanations, replays, webhooks
from domain.explanations import Explained
from domain.webhooks import (
    EvaluationRequested,
    Pin,
    Receipt,
    WebhookReceived,
    WebhookRejected,
    WebhookReleased,
)


@attrs.frozen(kw_only=True)
class Edit:
    """The edit that made a version of a configuration: which event, when, by whose key and, if they said so, why."""

    change: str
    at: datetime
    actor: str | None
    reason: str | None


@attrs.frozen(kw_only=True)
class Explanation:
    """A webhook and everything decided about it. `judged_by` is the edit that made the version it was received under.

    `rejected` is what became of it at first, also where it was released since. `askers` are the keys of those who asked
    for an evaluation, by its number.

    `unreadable` says why the body cannot be read as the evaluation read it; `evaluations` is empty then.
    """

    id: str
    receipt: Receipt
    rejected: WebhookRejected | None
    recorded: Recorded
    askers: Mapping[int, str | None]
    judged_by: Edit | None
    secret: configurations.Secret | None
    evaluations: tuple[Explained, ...]
    unreadable: str | None = None


@attrs.frozen(kw_only=True)
class Explaining:
    """The use case; it only reads."""

    store: EventStore
    configuration_of: ConfigurationOf
    parse: BodyParser

    def explain(self, webhook_id: str, environment: str | None) -> Explanation | None:
        """The trace of a webhook; None if there is none, in that environment if one is given."""
        history = self.store.history(webhooks.stream(webhook_id)) if "\0" not in webhook_id else ()
        if not history or not isinstance(history[0].event, Receipt):
            return None
        events = [each.event for each in history]
        receipt, pin = webhooks.receipt_of(events), webhooks.pin_of(events)
        if environment not in (None, receipt.environment):
            return None
        evaluations, unreadable = self._evaluations(webhook_id, history)
        return Explanation(
            id=webhook_id,
            receipt=receipt,
            rejected=events[0] if isinstance(events[0], WebhookRejected) else None,
            recorded=history[0],
            askers=dict(_askers(history)),
            judged_by=self._edit(receipt.source, pin),
            secret=self._secret(receipt, pin),
            evaluations=evaluations,
            unreadable=unreadable,
        )

    def _evaluations(self, webhook_id: str, history: Sequence[Recorded]) -> tuple[tuple[Explained, ...], str | None]:
        received = webhooks.receipt_of([each.event for each in history])
        if not isinstance(received, WebhookReceived):
            return (), None
        if history[0].erased:
            return (), "what was received was erased; its history tells what was decided"
        try:
            body = self.parse(received.body, received.headers.get("content-type", ""))
        except errors.Refused as refused:
            return (), str(refused)
        events, of_pin = [each.event for each in history], partial(self.configuration_of, received.source)
        return explanations.explain(webhook_id, received, body, events, of_pin), None

    def _edit(self, source: str, pin: Pin) -> Edit | None:
        edits = self.store.history(configurations.stream(source, pin.environment))[: pin.version]
        drafted = self.store.history(replays.draft_stream(pin.draft)) if pin.draft else ()
        made = (*edits, *drafted)
        return edit_of(made[-1]) if made else None

    def _secret(self, receipt: Receipt, pin: Pin) -> configurations.Secret | None:
        """The secret that matched, without its value."""
        secret_id = receipt.verdict.secret_id if receipt.verdict else None
        if secret_id is None:
            return None
        known = self.configuration_of(receipt.source, pin).secrets
        return next((each for each in known if each.id == secret_id), None)


def edit_of(recorded: Recorded) -> Edit:
    """An edit by its event."""
    return Edit(
        change=type(recorded.event).__name__, at=recorded.recorded_at, actor=recorded.actor, reason=recorded.reason
    )


def _askers(history: Sequence[Recorded]) -> Iterator[tuple[int, str | None]]:
    for recorded in history:
        if isinstance(recorded.event, EvaluationRequested):
            yield recorded.event.evaluation, recorded.actor
        elif isinstance(recorded.event, WebhookReleased):
            yield 1, recorded.actor
