"""Triggering: which runs an executed trigger starts, and which of them a cancellation ends."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from domain import run_ids
from domain.runs import RunStarted, TriggerSource
from domain.webhooks import ActionExecuted

SOURCES: Final[Mapping[str, TriggerSource]] = {"api": "api", "rehearsal": "rehearsal"}
"""By the origin of the webhook that triggered; all others came from a source."""


def begun_by(
    executed: ActionExecuted,
    webhook_id: str,
    *,
    workflow_version: int | None = None,
    trigger_source: TriggerSource = "integration",
) -> tuple[RunStarted, ...]:
    """One run for each recipient whom the trigger reached. Ids follow from the action, so that none starts twice."""
    payload: Mapping[str, Any] = executed.payload
    workflow_run_id = run_ids.of_trigger(webhook_id, executed.mapping_id, executed.evaluation)
    return tuple(
        RunStarted(
            run_id=run_ids.of_run(workflow_run_id, recipient),
            workflow_run_id=workflow_run_id,
            environment=executed.environment,
            workflow=str(payload["key"]),
            recipient=recipient,
            actor=payload.get("actor"),
            tenant=payload.get("tenant"),
            cancellation_key=payload.get("cancellation_key"),
            webhook_id=webhook_id,
            mapping_id=executed.mapping_id,
            evaluation=executed.evaluation,
            started_at=executed.executed_at,
            workflow_version=workflow_version,
            trigger_source=trigger_source,
            subscribed_to=subscribed_to,
        )
        for recipient, subscribed_to in _reached(executed)
    )


def _reached(executed: ActionExecuted) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
    """Who was named by a trigger; then who follows an object that was, or one that follows it, and which."""
    result: Mapping[str, Any] = executed.result if executed.action_type == "workflows_trigger" else {"recipients": ()}
    yield from ((recipient, None) for recipient in result["recipients"])
    for group in result.get("subscribers", ()):
        yield from ((recipient, group["subscribed_to"]) for recipient in group["recipients"])


def cancelled_by(executed: ActionExecuted) -> tuple[str, ...]:
    """The ids of the runs that the action found open, each of which is to end."""
    if executed.action_type != "workflows_cancel":
        return ()
    cancelled = executed.result["cancelled"]
    assert isinstance(cancelled, list)
    return tuple(cancelled)
