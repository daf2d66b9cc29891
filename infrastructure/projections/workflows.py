"""Workflows as the worker needs them (active or not), and the runs that triggers started."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import runs, workflows
from infrastructure import bulk
from infrastructure.event_store.codec import dumps
from infrastructure.projections.entries import Entry

PUT_WORKFLOWS = """
INSERT INTO {schema}.workflows (environment, key, active) SELECT * FROM unnest(%b, %b, %b)
ON CONFLICT (environment, key) DO UPDATE SET active = excluded.active
"""
INSERT_RUNS = """
INSERT INTO {schema}.runs (id, position_key, workflow_run_id, environment, workflow, recipient_collection, recipient_id,
    actor, tenant, cancellation_key, event_log_id, status, inserted_at, updated_at)
SELECT a, b, c, d, e, f, g, h, i, j, k, 'queued', l, l FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)
    AS new (a, b, c, d, e, f, g, h, i, j, k, l)
"""
CANCEL_RUNS = """
UPDATE {schema}.runs SET status = 'cancelled', updated_at = gone.at
FROM unnest(%b, %b) AS gone (id, at) WHERE runs.id = gone.id
"""
RUN_TYPES = "text text text text text text text json text text text timestamptz"

Row = tuple[Any, ...]


class Workflows:
    """See the module."""

    name = "workflows"
    tables = ("workflows", "runs")

    def __init__(self, schema: str) -> None:
        self._put, self._insert, self._cancel = (
            SQL(query).format(schema=Identifier(schema)) for query in (PUT_WORKFLOWS, INSERT_RUNS, CANCEL_RUNS)
        )
        self._active: dict[tuple[str, str], Row] = {}
        self._started: list[Row] = []
        self._cancelled: list[Row] = []

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        if entry.recorded is not None:
            self._take(entry.recorded.event)

    def _take(self, event: object) -> None:
        match event:
            case workflows.WorkflowDefined():
                self._switch(event.environment, event.key, event.active)
            case workflows.WorkflowActivated():
                self._switch(event.environment, event.key, True)
            case workflows.WorkflowDeactivated():
                self._switch(event.environment, event.key, False)
            case runs.RunStarted():
                self._started.append(_row(event))
            case runs.RunCancelled():
                self._cancelled.append((event.run_id, event.cancelled_at))
            case _:
                pass  # nothing about workflows

    def _switch(self, environment: str, key: str, active: bool) -> None:
        self._active[environment, key] = (environment, key, active)

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        steps = (
            (self._put, "text text boolean", list(self._active.values())),
            (self._insert, RUN_TYPES, self._started),
            (self._cancel, "text timestamptz", self._cancelled),
        )
        for statement, types, rows in steps:
            if rows:
                bulk.execute(cursor, statement, types, rows)
        self._active, self._started, self._cancelled = {}, [], []


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
    )
