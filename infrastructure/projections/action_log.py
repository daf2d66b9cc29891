"""The action log: one row for each action, which points to its event; parameters and payload stay in the event."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import webhooks
from infrastructure import bulk
from infrastructure.projections.entries import Entry

INSERT = (
    "INSERT INTO {schema}.action_logs (stream, version, source, environment, event_type, mapping_id, evaluation, "
    "action_type, action_status, error_code, inserted_at) SELECT * FROM "
    "unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)"
)
TYPES = "text bigint text text text text integer text text text timestamptz"

STATUS = {
    webhooks.ActionExecuted: "success",
    webhooks.ActionSkipped: "skipped",
    webhooks.ActionFailed: "error",
}


class ActionLog:
    """See the module."""

    name = "action_log"
    tables = ("action_logs",)

    def __init__(self, schema: str) -> None:
        self._insert = SQL(INSERT).format(schema=Identifier(schema))
        self._rows: list[tuple[Any, ...]] = []

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        for recorded in entry.decisions:
            event = recorded.event
            if isinstance(event, webhooks.ActionOutcome):
                status = STATUS[type(event)]
                error = None if isinstance(event, webhooks.ActionExecuted) else event.error.code
                self._rows.append(
                    (
                        recorded.stream,
                        recorded.version,
                        event.source,
                        event.environment,
                        event.event_type,
                        event.mapping_id,
                        event.evaluation,
                        event.action_type,
                        status,
                        error,
                        recorded.recorded_at,
                    )
                )

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            bulk.execute(cursor, self._insert, TYPES, self._rows)
        self._rows = []
