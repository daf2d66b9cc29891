"""Disabled targets, for those who list them. Who sends asks the log instead, which knows earlier."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import disabled_targets
from domain.disabled_targets import TargetDisabled, TargetEnabled
from infrastructure import bulk
from infrastructure.projections.entries import Entry

DROP = """
DELETE FROM {schema}.disabled_targets USING unnest(%b, %b) AS enabled (environment, id)
WHERE (disabled_targets.environment, disabled_targets.id) = (enabled.environment, enabled.id)
"""
PUT = """
INSERT INTO {schema}.disabled_targets (environment, id, position, url, run_id, disabled_at)
SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)
"""

Row = tuple[Any, ...]


class DisabledTargets:
    """See the module."""

    name = "disabled_targets"
    tables = ("disabled_targets",)

    def __init__(self, schema: str) -> None:
        self._drop, self._put = (SQL(query).format(schema=Identifier(schema)) for query in (DROP, PUT))
        self._disabled: dict[tuple[str, str], Row] = {}
        self._enabled: set[tuple[str, str]] = set()

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        recorded = entry.recorded
        if recorded is None:
            return
        match recorded.event:
            case TargetDisabled() as event:
                key = event.environment, disabled_targets.id_of(event.url)
                self._disabled[key] = (recorded.position, event.url, event.run_id, event.disabled_at)
            case TargetEnabled() as event:
                key = event.environment, disabled_targets.id_of(event.url)
                self._disabled.pop(key, None)
                self._enabled.add(key)
            case _:
                pass  # of something else

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._enabled:
            bulk.execute(cursor, self._drop, "text text", sorted(self._enabled))
        if self._disabled:
            rows = [(*key, *row) for key, row in self._disabled.items()]
            bulk.execute(cursor, self._put, "text text bigint text text timestamptz", rows)
        self._disabled, self._enabled = {}, set()
