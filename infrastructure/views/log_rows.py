"""The rows of both logs under a filter. Each environment is asked by itself, so that it has its place in an index."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from application.queries import LogFilter, PageRequest
from domain import webhooks
from infrastructure.projections.event_log import BLOCK
from infrastructure.views.reading import Condition, Reader, Row

EVENT_LOGS: LiteralString = "SELECT * FROM {schema}.event_logs"
ACTION_LOGS: LiteralString = "SELECT inserted_at, stream, version FROM {schema}.action_logs"

# In the order in which the index of an entity's changes has them, which is that of the action log.
ENTITY_ACTION_LOGS: LiteralString = """
SELECT inserted_at, stream, version FROM (
    SELECT c.environment, c.collection, c.id AS entity_id, c.recorded_at AS inserted_at, c.stream, c.version,
        a.source, a.event_type, a.action_type, a.action_status
    FROM {schema}.entity_changes c JOIN {schema}.action_logs a ON (a.stream, a.version) = (c.stream, c.version)
) AS action_logs
"""

# An array, so that however many there are, the log is asked for these and not looked through.
OF_ENTITY: LiteralString = """
id = ANY(ARRAY(
    SELECT DISTINCT substr(stream, 9) FROM {schema}.entity_changes
    WHERE environment = %s AND collection = %s AND id = %s
))
"""
FOUND: LiteralString = "SELECT position FROM {schema}.payload_words WHERE words @> %s::text[] LIMIT %s"
FEW = 5_000
"""Webhooks with some words that are looked up one by one; where there are more, the log is asked for its next ones."""

WITH_WORDS: LiteralString = """
EXISTS (SELECT FROM {schema}.payload_words w WHERE w.position = event_logs.position AND w.words @> %s::text[])
"""

# One step in the index for each environment.
ENVIRONMENTS: LiteralString = """
WITH RECURSIVE known (environment) AS (
    (SELECT environment FROM {schema}.event_logs ORDER BY environment LIMIT 1)
    UNION ALL
    SELECT (SELECT environment FROM {schema}.event_logs l WHERE l.environment > known.environment
            ORDER BY environment LIMIT 1)
    FROM known WHERE known.environment IS NOT NULL
)
SELECT environment FROM known WHERE environment IS NOT NULL
"""
BLOCKS: LiteralString = """
SELECT min(block) AS first, max(block) AS last FROM {schema}.event_log_times
WHERE latest >= coalesce(%s, '-infinity'::timestamptz) AND earliest < coalesce(%s, 'infinity'::timestamptz)
"""

# What is joined in an index; what is named first counts first.
EVENT_PLACES: dict[tuple[str, ...], LiteralString] = {
    ("source", "outcome"): """(environment || ' ' || source || ' ' || outcome) COLLATE "C" = %s""",
    ("source", "event_type"): """(environment || ' ' || source || ' ' || event_type) COLLATE "C" = %s""",
    ("source",): """(environment || ' ' || source) COLLATE "C" = %s""",
    ("outcome",): """(environment || ' ' || outcome) COLLATE "C" = %s""",
    ("event_type",): """(environment || ' ' || event_type) COLLATE "C" = %s""",
    ("verification_status",): """(environment || ' ' || verification_status) COLLATE "C" = %s""",
    (): "environment = %s",
}
EVENT_COLUMNS: dict[str, LiteralString] = {
    "idempotency_key": "idempotency_key = %s",
    "starting_at": "received_at >= %s",
    "ending_at": "received_at < %s",
}
UNUSUAL: LiteralString = " AND action_status <> 'success'"
UNUSUAL_PLACES: dict[tuple[str, ...], LiteralString] = {
    ("source", "action_status"): """(environment || ' ' || source || ' ' || action_status) COLLATE "C" = %s"""
    + UNUSUAL,
    ("action_status",): """(environment || ' ' || action_status) COLLATE "C" = %s""" + UNUSUAL,
}
ACTION_PLACES: dict[tuple[str, ...], LiteralString] = {
    ("source",): """(environment || ' ' || source) COLLATE "C" = %s""",
    ("event_type",): """(environment || ' ' || event_type) COLLATE "C" = %s""",
    ("action_type",): """(environment || ' ' || action_type) COLLATE "C" = %s""",
    (): "environment = %s",
}
ACTION_COLUMNS: dict[str, LiteralString] = {
    "starting_at": "inserted_at >= %s",
    "ending_at": "inserted_at < %s",
}
SUCCESS: LiteralString = "action_status = 'success'"
EVENT_KEY = ("position",)
ACTION_KEY = ("inserted_at", "stream", "version")

Conditions = list[Condition]


class LogRows:
    """Finds them. The rows of a page come with one more if there is one, in the order in which the page is read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def events(self, wanted: LogFilter, page: PageRequest, *, descending: bool = True, skip: int = 0) -> list[Row]:
        """Of the event log."""
        span, searched = self._span(wanted), self._searched(wanted)
        alternatives = [
            [*_event_conditions(wanted, each), *(span or ()), *searched]
            for each in self._where(wanted)
            if span is not None
        ]
        return self._reader.found_in_any(
            EVENT_LOGS, alternatives, key=EVENT_KEY, request=page, descending=descending, skip=skip
        )

    def actions(self, wanted: LogFilter, page: PageRequest, *, descending: bool = True, skip: int = 0) -> list[Row]:
        """Of the action log, only their keys."""
        query = ACTION_LOGS if wanted.entity is None else ENTITY_ACTION_LOGS
        alternatives = [_action_conditions(wanted, each) for each in self._where(wanted)]
        return self._reader.found_in_any(
            query, alternatives, key=ACTION_KEY, request=page, descending=descending, skip=skip
        )

    def _where(self, wanted: LogFilter) -> Sequence[str]:
        if wanted.environment is not None:
            return [wanted.environment]
        return [str(row["environment"]) for row in self._reader.rows(ENVIRONMENTS)]

    def _searched(self, wanted: LogFilter) -> Conditions:
        """Which webhooks have the words. Of many or few, only the index itself can say: words are too many to count."""
        if not wanted.words:
            return []
        searched = list(wanted.words)
        found = self._reader.rows(FOUND, (searched, FEW + 1), prepare=False)
        if len(found) > FEW:
            return [(WITH_WORDS, searched)]
        return [("position = ANY(%s)", [row["position"] for row in found])]

    def _span(self, wanted: LogFilter) -> Conditions | None:
        """Between which positions the filter's time lies, as conditions; None if nothing was received then."""
        if wanted.starting_at is None and wanted.ending_at is None:
            return []
        [found] = self._reader.rows(BLOCKS, (wanted.starting_at, wanted.ending_at))
        if found["first"] is None:
            return None
        return [("position >= %s", found["first"] * BLOCK), ("position < %s", (found["last"] + 1) * BLOCK)]


def _event_conditions(wanted: LogFilter, environment: str) -> Conditions:
    conditions = [*_placed(wanted, environment, EVENT_PLACES), *_given(wanted, EVENT_COLUMNS)]
    if wanted.entity is not None:
        conditions.append((OF_ENTITY, environment, *wanted.entity))
    return conditions


def _action_conditions(wanted: LogFilter, environment: str) -> Conditions:
    usual = wanted.action_status in (None, "success")
    places = ACTION_PLACES if usual else UNUSUAL_PLACES | ACTION_PLACES
    conditions = [*_placed(wanted, environment, places), *_given(wanted, ACTION_COLUMNS)]
    if wanted.action_status == "success":
        conditions.append((SUCCESS,))
    if wanted.event_log_id is not None:
        conditions.append(("stream = %s", webhooks.stream(wanted.event_log_id)))
    if wanted.entity is not None:
        conditions.append(("collection = %s AND entity_id = %s", *wanted.entity))
    return conditions


def _placed(wanted: LogFilter, environment: str, places: Mapping[tuple[str, ...], LiteralString]) -> Conditions:
    """As few clauses as say what is wanted of the columns that are joined in places; one at least."""
    conditions: Conditions = []
    said: set[str] = set()
    for names, clause in places.items():
        values = [getattr(wanted, name) for name in names]
        if None not in values and (not said.issuperset(names) or not conditions):
            conditions.append((clause, " ".join((environment, *values))))
            said.update(names)
    return conditions


def _given(wanted: LogFilter, columns: Mapping[str, LiteralString]) -> Conditions:
    given = ((clause, getattr(wanted, name)) for name, clause in columns.items())
    return [(clause, value) for clause, value in given if value is not None]
