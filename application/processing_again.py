"""Processing one webhook anyway: a duplicate, one that failed, one that was unmapped when it came."""

import attrs

from application.catalogue import Catalogue
from application.errors import Conflict, WebhookUnknown
from application.ports import Clock, EventStore
from application.records import Attribution, Change, Recorded
from domain import api_calls, configurations, errors, replays, webhooks
from domain.configurations import Configuration
from domain.webhooks import EvaluationRequested, Pin, WebhookProcessed, WebhookRejected


class NotProcessable(errors.Refused):
    """The webhook cannot be evaluated anew, or not yet."""


@attrs.frozen(kw_only=True)
class ProcessingAgain:
    """The use case."""

    store: EventStore
    catalogue: Catalogue
    clock: Clock

    def process(
        self, webhook_id: str, *, environment: str | None, reason: str | None, force: bool, actor: str
    ) -> EvaluationRequested:
        """Ask for one more evaluation by the configuration in force: of all mappings that are not done, or of all."""
        why = replays.check_reason(reason)
        history = () if "\0" in webhook_id else self.store.history(webhooks.stream(webhook_id))
        receipt = _receipt(history, environment)
        if receipt is None:
            raise WebhookUnknown(f"webhook {webhook_id!r:.100} does not exist")
        if history[0].erased:
            raise NotProcessable("what was received was erased; there is nothing left to evaluate")
        event = EvaluationRequested(
            evaluation=_last(history).evaluation + 1,
            source=receipt.source,
            environment=receipt.environment,
            received_at=receipt.received_at,
            pin=self._pin(receipt),
            mappings=None,
            force=force,
            reason=why,
            replay_id=None,
            requested_at=self.clock(),
        )
        because = Attribution(actor=actor, correlation_id=history[0].correlation_id)
        stream, version = history[-1].stream, history[-1].version
        try:
            self.store.append(Change(stream=stream, version=version, events=(event,), attribution=because))
        except Conflict as conflict:
            raise NotProcessable("somebody else has just asked for the same; look at it again") from conflict
        return event

    def _pin(self, receipt: webhooks.Receipt) -> Pin:
        if receipt.source == api_calls.SOURCE:
            return Pin(environment=receipt.environment, version=receipt.configuration_version)
        stream = configurations.stream(receipt.source, receipt.environment)
        state: Configuration = self.catalogue.current().state(stream)
        return Pin(environment=receipt.environment, version=state.version)


def _receipt(history: tuple[Recorded, ...], environment: str | None) -> webhooks.Receipt | None:
    if not history or not isinstance(history[0].event, webhooks.Receipt):
        return None
    receipt = webhooks.receipt_of([each.event for each in history])
    return receipt if environment in (None, receipt.environment) else None


def _last(history: tuple[Recorded, ...]) -> WebhookProcessed:
    last = history[-1].event
    if isinstance(last, WebhookRejected):
        raise NotProcessable("the webhook was rejected; a replay of rejected webhooks can release it")
    if not isinstance(last, WebhookProcessed):
        raise NotProcessable("the webhook is being processed; try again when it is")
    return last
