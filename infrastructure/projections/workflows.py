"""Workflows as the worker needs them, and the runs that triggers started with what became of them."""

from datetime import datetime
from typing import Any

import attrs
from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import runs, triggering, workflows
from domain.webhooks import ActionExecuted
from infrastructure import bulk
from infrastructure.event_store.codec import dumps
from infrastructure.projections.entries import Entry

PUT_WORKFLOWS = """
INSERT INTO {schema}.workflows (environment, key, active, version, steps, trigger_data_schema)
SELECT a, b, coalesce(c, false), d, coalesce(e, false), f FROM unnest(%b, %b, %b, %b, %b, %b) AS new (a, b, c, d, e, f)
ON CONFLICT (environment, key) DO UPDATE SET active = excluded.active, version = excluded.version,
    steps = excluded.steps, trigger_data_schema = excluded.trigger_data_schema
"""
CHANGE_WORKFLOWS = """
UPDATE {schema}.workflows SET active = coalesce(told.c, active), version = told.d, steps = coalesce(told.e, steps),
    trigger_data_schema = CASE WHEN told.e IS NULL THEN trigger_data_schema ELSE told.f END
FROM unnest(%b, %b, %b, %b, %b, %b) AS told (a, b, c, d, e, f) WHERE (environment, key) = (told.a, told.b)
"""
WORKFLOW_TYPES = "text text boolean bigint boolean json"
INSERT_RUNS = """
INSERT INTO {schema}.runs (id, position_key, workflow_run_id, environment, workflow, recipient_collection, recipient_id,
    actor, tenant, cancellation_key, event_log_id, status, inserted_at, updated_at, trigger_source)
SELECT a, b, c, d, e, f, g, h, i, j, k, 'queued', l, l, m
FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b) AS new (a, b, c, d, e, f, g, h, i, j, k, l, m)
"""
RUN_TYPES = "text text text text text text text json text text text timestamptz text"
CHANGE_RUNS = """
UPDATE {schema}.runs SET status = coalesce(became.b, status), error_count = error_count + became.c,
    error = CASE WHEN became.b IS NULL THEN error ELSE became.d END, updated_at = became.e
FROM unnest(%b, %b, %b, %b, %b) AS became (a, b, c, d, e) WHERE id = became.a
"""
CHANGE_TYPES = "text text integer json timestamptz"
# Those that a cancellation found open, unless they have ended at this very moment.
CANCEL_RUNS = """
UPDATE {schema}.runs SET status = 'cancelled', updated_at = gone.at
FROM unnest(%b, %b) AS gone (id, at) WHERE runs.id = gone.id AND status IN ('queued', 'processing', 'paused')
"""

Row = tuple[Any, ...]


@attrs.define
class _Told:
    """What was told of a workflow; `whole` from its beginning, else None is what stays as it was."""

    whole: bool
    active: bool | None = None
    version: int = 1
    steps: bool | None = None
    schema: str | None = None


@attrs.define
class _Became:
    """What became of a run: another status, if any, more errors, and what it failed of, if it did."""

    at: datetime
    status: str | None = None
    errors: int = 0
    error: str | None = None


class Workflows:
    """See the module."""

    name = "workflows"
    tables = ("workflows", "runs")

    def __init__(self, schema: str) -> None:
        self._statements = [
            SQL(query).format(schema=Identifier(schema))
            for query in (PUT_WORKFLOWS, CHANGE_WORKFLOWS, INSERT_RUNS, CHANGE_RUNS, CANCEL_RUNS)
        ]
        self._forget()

    def _forget(self) -> None:
        self._told: dict[tuple[str, str], _Told] = {}
        self._started: dict[str, Row] = {}
        self._became: dict[str, _Became] = {}
        self._cancelled: list[Row] = []

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        if entry.recorded is not None:
            event = entry.recorded.event
            if isinstance(event, workflows.Event):
                self._tell(event, entry.recorded.version)
            elif isinstance(event, runs.Event) and not (entry.recorded.erased and isinstance(event, runs.RunStarted)):
                self._take(
                    event
                )  # of a run whose recipient is erased there is no row, and what became of it finds none
        for decision in entry.decisions:
            if isinstance(decision.event, ActionExecuted) and not decision.erased:
                at = decision.event.executed_at
                self._cancelled += [(run_id, at) for run_id in triggering.cancelled_by(decision.event)]

    def _tell(self, event: workflows.Event, version: int) -> None:
        whole = isinstance(event, workflows.WorkflowDefined)
        told = self._told.setdefault((event.environment, event.key), _Told(whole=whole))
        told.version = version
        match event:
            case workflows.WorkflowDefined():
                told.active = event.active
            case workflows.WorkflowActivated() | workflows.WorkflowDeactivated():
                told.active = isinstance(event, workflows.WorkflowActivated)
            case workflows.WorkflowStepsChanged():
                told.steps = bool(event.steps)
                schema = event.trigger_data_schema
                told.schema = None if schema is None else dumps(schema).decode()
            case workflows.WorkflowChanged():
                pass  # its name is nothing that the worker asks for

    def _take(self, event: runs.Event) -> None:
        match event:
            case runs.RunStarted():
                self._started[event.run_id] = _row(event)
            case runs.StepSkipped():
                pass  # the run goes on, or ends, by the event that follows
            case runs.RunPaused():
                self._change(event.run_id, event.paused_at, "paused")
            case runs.DeliveryPrepared():
                self._change(event.run_id, event.prepared_at, "processing")
            case runs.DeliveryAttempted():
                self._change(event.run_id, event.attempted_at, errors=event.outcome != "delivered")
            case runs.RunCompleted():
                self._change(event.run_id, event.completed_at, "completed")
            case runs.RunFailed():
                error = dumps({"step": event.step, "code": event.code, "message": event.message}).decode()
                self._change(event.run_id, event.failed_at, "failed", error=error)
            case runs.RunRetried():
                self._change(event.run_id, event.retried_at, "queued")
            case runs.RunCancelled():
                self._change(event.run_id, event.cancelled_at, "cancelled")

    def _change(
        self, run_id: str, at: datetime, status: str | None = None, *, errors: int = 0, error: str | None = None
    ) -> None:
        became = self._became.setdefault(run_id, _Became(at))
        became.at, became.errors = at, became.errors + errors
        if status is not None:
            became.status, became.error = status, error

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        told = {
            whole: [
                (*name, each.active, each.version, each.steps, each.schema)
                for name, each in self._told.items()
                if each.whole is whole
            ]
            for whole in (True, False)
        }
        became = [(key, each.status, each.errors, each.error, each.at) for key, each in sorted(self._became.items())]
        rows: list[tuple[str, list[Row]]] = [
            (WORKFLOW_TYPES, told[True]),
            (WORKFLOW_TYPES, told[False]),
            (RUN_TYPES, list(self._started.values())),
            (CHANGE_TYPES, became),
            ("text timestamptz", self._cancelled),
        ]
        for statement, (types, batch) in zip(self._statements, rows, strict=True):
            if batch:
                bulk.execute(cursor, statement, types, batch)
        self._forget()


def _row(event: runs.RunStarted) -> Row:
    return (
        event.run_id,
        f"{event.webhook_id}/{event.run_id}",
        event.workflow_run_id,
        event.environment,
        event.workflow,
        event.recipient["collection"],
        event.recipient["id"],
        dumps(event.actor).decode() if event.actor else None,
        event.tenant,
        event.cancellation_key,
        event.webhook_id,
        event.started_at,
        event.trigger_source,
    )
