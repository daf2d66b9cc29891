"""Replays by source and environment, and which of them are open; all else is told from their own streams."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import replays
from infrastructure import bulk
from infrastructure.projections.entries import Entry

INSERT = (
    "INSERT INTO {schema}.replays (position, id, source, environment, mode, status) "
    "SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)"
)
CHANGE = (
    "UPDATE {schema}.replays AS replay SET status = became.status FROM unnest(%b, %b) AS became (id, status) "
    "WHERE replay.id = became.id"
)
STATUS: dict[type[Any], replays.Status] = {
    replays.ReplayStarted: "running",
    replays.ReplayApplyRequested: "running",
    replays.ReplayCompleted: "completed",
    replays.ReplayCancelled: "cancelled",
    replays.ReplayFailed: "failed",
}


class Replays:
    """See the module."""

    name = "replays"
    tables = ("replays",)

    def __init__(self, schema: str) -> None:
        self._insert, self._change = (SQL(query).format(schema=Identifier(schema)) for query in (INSERT, CHANGE))
        self._new: list[tuple[Any, ...]] = []
        self._became: dict[str, str] = {}

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        if entry.recorded is None:
            return
        event = entry.recorded.event
        if isinstance(event, replays.ReplayRequested):
            row = (entry.recorded.position, event.replay_id, event.source, event.environment, event.mode, "queued")
            self._new.append(row)
        elif type(event) in STATUS:
            self._became[event.replay_id] = STATUS[type(event)]  # type: ignore[attr-defined]

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._new:
            bulk.execute(cursor, self._insert, "bigint text text text text text", self._new)
        if self._became:
            bulk.execute(cursor, self._change, "text text", list(self._became.items()))
        self._new, self._became = [], {}
