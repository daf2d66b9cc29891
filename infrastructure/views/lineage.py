"""The Lineage port: which actions touched an entity from the read model, what they did to it from the log itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, LiteralString

import attrs
from psycopg.sql import SQL, Identifier

from application.queries import Moment, PageRequest, Traced
from application.records import Recorded
from domain import api_calls, lineage, recipients, restatements, webhooks
from domain.actions.outcomes import Reference
from domain.restatements import EntityRestated
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.views import lineage_entries
from infrastructure.views.directory import PostgresDirectory
from infrastructure.views.reading import Reader, Row, cursor, paged

LONGEST = 10_000
"""How many changes are told of at once: the latest up to the moment."""

CHUNK = 100
"""How many events are read at once: their payloads come along."""

KEY = ("position",)
LAST = 2**63 - 1

EVENT: LiteralString = "JOIN {schema}.{events} e ON (e.originator_id, e.originator_version) = (c.stream, c.version)"
PLACES: LiteralString = f"""
SELECT c.stream, c.version, c.recorded_at, e.notification_id AS position FROM {{schema}}.entity_changes c {EVENT}
WHERE c.environment = %s AND c.collection = %s AND c.id = %s
    AND e.notification_id <= %s AND c.recorded_at <= coalesce(%s, 'infinity'::timestamptz)
ORDER BY c.recorded_at DESC, c.stream DESC, c.version DESC LIMIT %s
"""
REMOVED: LiteralString = f"""
SELECT c.collection, c.id, max(e.notification_id) AS position
FROM unnest(%s::text[], %s::text[]) AS wanted (collection, id)
JOIN {{schema}}.entity_changes c USING (collection, id) {EVENT}
WHERE c.environment = %s AND c.removes
    AND e.notification_id <= %s AND c.recorded_at <= coalesce(%s, 'infinity'::timestamptz)
GROUP BY c.collection, c.id
"""


@attrs.frozen(kw_only=True)
class _Told:
    """An entity's lineage, and those of its changes that a page shows, by their places in the log."""

    entity: lineage.Lineage
    shown: Mapping[int, lineage.Change]


class PostgresLineage:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder) -> None:
        self._ledger, self._reader, self._directory = ledger, Reader(recorder), PostgresDirectory(recorder)
        names = {
            "schema": Identifier(recorder.datastore.schema),
            "events": Identifier(recorder.events_table_name),
        }
        self._places_query, self._removed_query = (SQL(query).format(**names) for query in (PLACES, REMOVED))

    def entity(
        self, environment: str, collection: str, entity_id: str, *, as_of: Moment, page: PageRequest
    ) -> Traced | None:
        """See the port."""
        places, truncated = self._places(environment, collection, entity_id, as_of)
        if not places:
            return None
        rows = _rows(places, page)
        told = self._told(recipients.entity(collection, entity_id), places, {row["position"] for row in rows})
        told = attrs.evolve(told, entity=self._without_removed(told.entity, environment, as_of))
        keys = self._keys(_causes(told))
        entry = lineage_entries.lineage(told.entity, collection, entity_id, keys)
        if truncated and as_of.is_now:  # what the changes told of do not say, the directory knows
            entry["entity"] = self._directory.entity(environment, collection, entity_id)
        changes = paged(rows, key=KEY, request=page, shape=partial(_shown, told.shown, keys))
        return Traced(entry={**entry, "truncated": truncated}, changes=changes)

    def _places(self, environment: str, collection: str, entity_id: str, as_of: Moment) -> tuple[list[Row], bool]:
        """Where the changes are on record, in log order, and whether there are more before them."""
        upto = LAST if as_of.position is None else as_of.position
        found = self._reader.rows(
            self._places_query, (environment, collection, entity_id, upto, as_of.recorded_at, LONGEST + 1)
        )
        truncated = len(found) > LONGEST
        if truncated:
            # What was recorded at one time is told of as a whole: only the log knows which of it came first.
            first = found.pop()["recorded_at"]
            found = [row for row in found if row["recorded_at"] > first] or found
        return sorted(found, key=lambda row: int(row["position"])), truncated

    def _told(self, reference: Reference, places: Sequence[Row], wanted: set[Any]) -> _Told:
        told = lineage.NOTHING
        shown: dict[int, lineage.Change] = {}
        for recorded in self._events([(row["stream"], row["version"]) for row in places]):
            change = _change(reference, recorded)
            if change is None:
                continue
            told = lineage.evolve(told, change)
            if change.position in wanted:
                shown[change.position] = change
        return _Told(entity=told, shown=shown)

    def _events(self, places: Sequence[tuple[str, int]]) -> Iterator[Recorded]:
        for start in range(0, len(places), CHUNK):
            found = self._ledger.events(places[start : start + CHUNK])
            yield from sorted(found, key=lambda each: each.position or 0)

    def _without_removed(self, told: lineage.Lineage, environment: str, as_of: Moment) -> lineage.Lineage:
        """Leave out subscriptions to objects that were deleted since."""
        if not told.subscriptions:
            return told
        collections, ids = zip(*map(recipients.place, told.subscriptions), strict=True)
        upto = LAST if as_of.position is None else as_of.position
        params = (list(collections), list(ids), environment, upto, as_of.recorded_at)
        rows = self._reader.rows(self._removed_query, params)
        removed = {recipients.entity(row["collection"], row["id"]): int(row["position"]) for row in rows}
        left = {
            followed: subscription
            for followed, subscription in told.subscriptions.items()
            if removed.get(followed, 0) < subscription.by.position
        }
        return attrs.evolve(told, subscriptions=left)

    def _keys(self, causes: Iterable[lineage.Change]) -> lineage_entries.Keys:
        """The id of the API key behind each call, by the id of the call's webhook."""
        calls = {cause.webhook_id for cause in causes if cause.action.source == api_calls.SOURCE}
        keys: dict[str, str | None] = {}
        for recorded in self._events([(webhooks.stream(each), 1) for each in sorted(calls)]):
            if isinstance(recorded.event, webhooks.WebhookReceived):
                keys[webhooks.id_of(recorded.stream)] = recorded.event.verdict.secret_id
        return keys


def _rows(places: Sequence[Row], page: PageRequest) -> list[Row]:
    """The rows of a page, and one more if there is one, in the order in which the page is read."""
    ordered = list(reversed(places)) if page.backwards else list(places)
    place = cursor(page, KEY)
    if place is not None:
        start = int(place[0])
        ordered = [row for row in ordered if (row["position"] < start if page.backwards else row["position"] > start)]
    return ordered[: page.size + 1]


def _shown(changes: Mapping[int, lineage.Change], keys: lineage_entries.Keys, row: Row) -> dict[str, Any]:
    return lineage_entries.change(changes[row["position"]], keys)


def _change(reference: Reference, recorded: Recorded) -> lineage.Change | None:
    """What an event did to an entity; None for one that only names it, or that nobody can read any more."""
    event, restated = recorded.event, None
    if isinstance(event, EntityRestated):
        restated, event = event, _restating(event)
    if recorded.erased or (restated and restatements.reference_of(restated) != reference):
        return None
    assert isinstance(event, webhooks.ActionExecuted)
    assert recorded.position is not None
    return lineage.Change(
        reference=reference,
        position=recorded.position,
        recorded_at=recorded.recorded_at,
        webhook_id=webhooks.id_of(recorded.stream),
        version=recorded.version,
        action=event,
        restated=restated,
    )


def _restating(event: EntityRestated) -> webhooks.ActionExecuted:
    """A restatement in the place of the actions that nobody can read any more."""
    return webhooks.ActionExecuted(
        evaluation=0,
        mapping_id="",
        source=restatements.SOURCE,
        environment=event.environment,
        event_type="",
        action_type="restated",
        parameters={},
        payload={},
        origins={},
        result={},
        executed_at=event.restated_at,
    )


def _causes(told: _Told) -> Iterator[lineage.Change]:
    yield from told.shown.values()
    known = told.entity
    for _, setting in lineage.settings(known.entity.fields) if known.entity else ():
        yield setting.by
        if setting.confirmed_by:
            yield setting.confirmed_by
    yield from (subscription.by for subscription in known.subscriptions.values())
    yield from known.memberships.values()
    if known.removed_by:
        yield known.removed_by
