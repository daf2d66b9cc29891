"""The Replays port: lists from the read model, a replay from its own stream, differences from the table of results."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString

import attrs

from application.queries import Entry, Page, PageRequest
from domain import replays
from domain.replays import Replay
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.views.reading import Reader

KEY = ("position",)
CHUNK = 500

LIST: LiteralString = "SELECT position, id FROM {schema}.replays"
DIFF: LiteralString = "SELECT position, webhook_id, changes FROM {schema}.replay_results"
# Two replays side by side; what only one of them is about counts as well.
AGAINST: LiteralString = """
SELECT * FROM (
    SELECT coalesce(ours.position, theirs.position) AS position,
        coalesce(ours.webhook_id, theirs.webhook_id) AS webhook_id,
        ours.changes AS changes, theirs.changes AS against,
        coalesce(ours.kinds, '') || coalesce(theirs.kinds, '') AS kinds,
        ours.changes::text IS DISTINCT FROM theirs.changes::text
            OR ours.replay_id IS NULL OR theirs.replay_id IS NULL AS changed
    FROM (SELECT * FROM {schema}.replay_results WHERE replay_id = %s AND changed IS NOT NULL) AS ours
    FULL JOIN (SELECT * FROM {schema}.replay_results WHERE replay_id = %s AND changed IS NOT NULL) AS theirs
    USING (webhook_id)
) AS compared
"""
PREVIEW: LiteralString = """
SELECT count(*) FILTER (WHERE NOT releases AND (due <> '' OR (%s AND carried <> ''))) AS webhooks,
    count(*) FILTER (WHERE releases) AS releases,
    count(*) FILTER (WHERE kinds LIKE '%% action_removed %%') AS not_undone
FROM {schema}.replay_results WHERE replay_id = %s AND applied IS NULL
"""
ACTIONS: LiteralString = """
SELECT DISTINCT r.webhook_id, each ->> 'mapping_id' AS mapping_id, each ->> 'action_type' AS action_type
FROM {schema}.replay_results r, json_array_elements(r.changes) AS each
WHERE r.replay_id = %s AND r.changed AND r.applied IS NULL AND NOT r.releases
    AND each ->> 'kind' IN ('action_added', 'action_changed')
"""


class PostgresReplays:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder) -> None:
        self._ledger, self._reader = ledger, Reader(recorder)

    def replays(self, page: PageRequest, *, environment: str | None, source: str | None, status: str | None) -> Page:
        """See the port."""
        given: list[tuple[LiteralString, str | None]] = [
            ("environment = %s", environment),
            ("source = %s", source),
            ("status = %s", status),
        ]
        conditions = [(clause, value) for clause, value in given if value is not None]
        found = self._reader.page(LIST, conditions, key=KEY, request=page, shape=dict)
        entries = (self._entry(str(row["id"])) for row in found.entries)
        return attrs.evolve(found, entries=[each for each in entries if each is not None])

    def replay(self, replay_id: str, environment: str | None) -> Entry | None:
        """See the port."""
        entry = None if "\0" in replay_id else self._entry(replay_id)
        return entry if entry and environment in (None, entry["environment"]) else None

    def _entry(self, replay_id: str) -> dict[str, Any] | None:
        history = self._ledger.history(replays.stream(replay_id))
        state = replays.folded(each.event for each in history)
        actor = next((each.actor for each in reversed(history) if each.actor), None)
        return _shown(state, actor) if state else None

    def diff(
        self, replay_id: str, page: PageRequest, *, kind: str | None, everything: bool, against: str | None
    ) -> Page:
        """See the port."""
        conditions: list[tuple[LiteralString, Any]] = []
        if against is None:
            conditions.append(("replay_id = %s", replay_id))
        if not everything:
            conditions.append(("changed = %s", True))
        elif against is None:
            conditions.append(("(changed IS NOT NULL) = %s", True))
        if kind is not None:
            conditions.append(("position(%s in kinds) > 0", f" {kind} "))
        if against is None:
            return self._reader.page(DIFF, conditions, key=KEY, request=page, shape=_difference, descending=False)
        return self._compared(replay_id, against, conditions, page)

    def _compared(
        self, replay_id: str, against: str, conditions: Sequence[tuple[LiteralString, Any]], page: PageRequest
    ) -> Page:
        # The two ids stand before everything else in the query, so they come as the first parameters.
        return self._reader.page(
            AGAINST, conditions, key=KEY, request=page, shape=_compared, descending=False, given=(replay_id, against)
        )

    def differences(
        self, replay_id: str, *, kind: str | None, everything: bool, against: str | None
    ) -> Iterator[Entry]:
        """See the port."""
        request = PageRequest(size=CHUNK)
        while True:
            page = self.diff(replay_id, request, kind=kind, everything=everything, against=against)
            yield from page.entries
            if page.after is None:
                return
            request = PageRequest(after=page.after, size=CHUNK)

    def preview(self, replay_id: str, *, force: bool) -> Entry:
        """See the port."""
        [row] = self._reader.rows(PREVIEW, (force, replay_id))
        counted = Counter(each["action_type"] for each in self._reader.rows(ACTIONS, (replay_id,)))
        return {**row, "actions": dict(sorted(counted.items()))}


def _difference(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"event_log_id": row["webhook_id"], "changes": row["changes"] or []}


def _compared(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**_difference(row), "against": row["against"] or []}


def _shown(replay: Replay, actor: str | None) -> dict[str, Any]:
    wanted, applying = replay.requested, replay.applying
    return {
        "id": wanted.replay_id,
        "status": replay.status,
        "mode": wanted.mode,
        "source": wanted.source,
        "environment": wanted.environment,
        "configuration": {"kind": wanted.wanted, **(attrs.asdict(wanted.pin) if wanted.pin else {})},
        "slice": attrs.asdict(wanted.slice),
        "mappings": list(wanted.mappings),
        "reason": applying.reason if applying else wanted.reason,
        "actor": actor,
        "progress": {"processed": replay.totals.processed, "total": replay.total or 0},
        "totals": attrs.asdict(replay.totals),
        "apply": attrs.asdict(applying) if applying else None,
        "error": replay.error,
        "requested_at": wanted.requested_at,
        "ended_at": replay.ended_at,
    }
