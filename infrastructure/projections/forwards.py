"""Which environments forward, as the worker needs it, and the forwards with what became of them."""

from datetime import datetime
from typing import Any

import attrs
from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import forwarding, forwards
from infrastructure import bulk
from infrastructure.event_store.codec import dumps
from infrastructure.projections.entries import Entry

BEGIN = "INSERT INTO {schema}.forwarding (environment) SELECT * FROM unnest(%b) ON CONFLICT DO NOTHING"
END = "DELETE FROM {schema}.forwarding USING unnest(%b) AS ended (name) WHERE environment = ended.name"
INSERT = """
INSERT INTO {schema}.forwards (id, position_key, environment, event_log_id, mapping_id, evaluation, action_type, status,
    attempts, inserted_at, updated_at)
SELECT a, b, c, d, e, f, g, 'queued', 0, h, h
FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b) AS new (a, b, c, d, e, f, g, h)
"""
INSERT_TYPES = "text text text text text integer text timestamptz"
CHANGE = """
UPDATE {schema}.forwards SET status = coalesce(became.b, status), attempts = attempts + became.c,
    last_status = coalesce(became.d, last_status), answered_at = coalesce(became.e, answered_at), error = became.f,
    updated_at = became.g
FROM unnest(%b, %b, %b, %b, %b, %b, %b) AS became (a, b, c, d, e, f, g) WHERE id = became.a
"""
CHANGE_TYPES = "text text integer integer timestamptz json timestamptz"

Row = tuple[Any, ...]


@attrs.define
class _Became:
    """What became of a forward: another status, more attempts, an answer, and what is wrong with it now."""

    at: datetime
    status: str | None = None
    attempts: int = 0
    answer: int | None = None
    answered_at: datetime | None = None
    error: str | None = None


class Forwards:
    """See the module."""

    name = "forwards"
    tables = ("forwarding", "forwards")

    def __init__(self, schema: str) -> None:
        self._begin, self._end, self._insert, self._change = (
            SQL(query).format(schema=Identifier(schema)) for query in (BEGIN, END, INSERT, CHANGE)
        )
        self._forget()

    def _forget(self) -> None:
        self._forwarding: dict[str, bool] = {}
        self._started: list[Row] = []
        self._became: dict[str, _Became] = {}

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        event = entry.recorded.event if entry.recorded is not None else None
        if isinstance(event, forwarding.Event):
            self._forwarding[event.environment] = isinstance(event, forwarding.ForwardingSet)
        elif isinstance(event, forwards.Event):
            self._take(event)

    def _take(self, event: forwards.Event) -> None:
        match event:
            case forwards.ForwardStarted():
                self._started.append(_row(event))
            case forwards.ForwardAttempted():
                became = self._change_of(event.forward_id, event.attempted_at, "processing")
                became.attempts += 1
                became.error = None if event.outcome == "delivered" else _error(event)
                if event.status is not None:
                    became.answer, became.answered_at = event.status, event.attempted_at
            case forwards.ForwardCompleted():
                self._change_of(event.forward_id, event.completed_at, "completed").error = None
            case forwards.ForwardFailed():
                self._change_of(event.forward_id, event.failed_at, "failed").error = _error(event)
            case forwards.ForwardRetried():
                self._change_of(event.forward_id, event.retried_at, "queued").error = None
            case forwards.ForwardCancelled():
                self._change_of(event.forward_id, event.cancelled_at, "cancelled").error = None

    def _change_of(self, forward_id: str, at: datetime, status: str) -> _Became:
        became = self._became.setdefault(forward_id, _Became(at))
        became.at, became.status = at, status
        return became

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        changes = [
            (key, each.status, each.attempts, each.answer, each.answered_at, each.error, each.at)
            for key, each in sorted(self._became.items())
        ]
        writes: list[tuple[Any, str, list[Row]]] = [
            (self._begin, "text", [(slug,) for slug, on in self._forwarding.items() if on]),
            (self._end, "text", [(slug,) for slug, on in self._forwarding.items() if not on]),
            (self._insert, INSERT_TYPES, self._started),
            (self._change, CHANGE_TYPES, changes),
        ]
        for statement, types, rows in writes:
            if rows:
                bulk.execute(cursor, statement, types, rows)
        self._forget()


def place_key(place: forwards.Place) -> str:
    """A place in line as a text whose order is that of the line."""
    return f"{place.position:016x}.{place.number:04x}"


def _row(event: forwards.ForwardStarted) -> Row:
    return (
        event.forward_id,
        f"{place_key(event.place)}/{event.forward_id}",
        event.environment,
        event.webhook_id,
        event.mapping_id,
        event.evaluation,
        event.action_type,
        event.started_at,
    )


def _error(event: forwards.ForwardAttempted | forwards.ForwardFailed) -> str:
    return dumps({"code": event.code, "message": event.message}).decode()
