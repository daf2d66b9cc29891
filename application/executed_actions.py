"""Executed actions, found again by what names them: webhook, mapping and evaluation."""

from application.ports import EventStore
from domain import webhooks
from domain.webhooks import ActionExecuted


def find(store: EventStore, webhook_id: str, mapping_id: str, evaluation: int) -> ActionExecuted | None:
    """The action that a mapping led to in an evaluation of a webhook; None if none is on record that can be read."""
    for recorded in store.history(webhooks.stream(webhook_id)):
        event = recorded.event
        if recorded.erased:
            continue
        if isinstance(event, ActionExecuted) and (event.mapping_id, event.evaluation) == (mapping_id, evaluation):
            return event
    return None
