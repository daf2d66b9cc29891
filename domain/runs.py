"""A run: a workflow started for one recipient by one executed trigger."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

import attrs

from domain import streams
from domain.json_values import Json
from domain.webhooks import ActionExecuted


def stream(run_id: str) -> str:
    """The stream of one run."""
    return streams.name("run", run_id)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class RunStarted:
    """A workflow runs for `recipient`. The trigger's data stays with the action that is named here."""

    run_id: str
    workflow_run_id: str
    environment: str
    workflow: str
    recipient: Mapping[str, Json]
    actor: Mapping[str, Json] | None
    tenant: str | None
    cancellation_key: str | None
    webhook_id: str
    mapping_id: str
    evaluation: int
    started_at: datetime


@attrs.frozen(kw_only=True)
class RunCancelled:
    """The run ends undelivered, because a cancellation named its key."""

    run_id: str
    environment: str
    webhook_id: str
    cancelled_at: datetime


Event = RunStarted | RunCancelled


@attrs.frozen(kw_only=True)
class Run:
    """A run as it stands."""

    id: str
    cancelled_at: datetime | None = None


def begun_by(executed: ActionExecuted, webhook_id: str) -> tuple[RunStarted, ...]:
    """One run for each recipient whom the trigger reached. Ids follow from the action, so that none starts twice."""
    if executed.action_type != "workflows_trigger":
        return ()
    payload: Mapping[str, Any] = executed.payload
    reached = executed.result["recipients"]
    assert isinstance(reached, list)
    workflow_run_id = trigger_id(webhook_id, executed.mapping_id, executed.evaluation)
    return tuple(
        RunStarted(
            run_id=_derived(workflow_run_id, recipient["collection"], recipient["id"]),
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
        )
        for recipient in reached
    )


def cancelled_by(executed: ActionExecuted, webhook_id: str) -> tuple[RunCancelled, ...]:
    """The cancellation of each run that the action found open."""
    if executed.action_type != "workflows_cancel":
        return ()
    cancelled = executed.result["cancelled"]
    assert isinstance(cancelled, list)
    return tuple(
        RunCancelled(
            run_id=run_id,
            environment=executed.environment,
            webhook_id=webhook_id,
            cancelled_at=executed.executed_at,
        )
        for run_id in cancelled
    )


def trigger_id(webhook_id: str, mapping_id: str, evaluation: int) -> str:
    """The id that all runs of one trigger share: Knock's `workflow_run_id`."""
    return _derived(webhook_id, mapping_id, str(evaluation))


def _derived(*parts: str) -> str:
    """A UUID (version 8, RFC 9562) that follows from the parts."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def evolve(state: Run | None, event: Event) -> Run | None:
    """The state after `event`."""
    match event:
        case RunStarted():
            return Run(id=event.run_id)
        case RunCancelled():
            return state and attrs.evolve(state, cancelled_at=event.cancelled_at)
        case _:
            assert_never(event)
