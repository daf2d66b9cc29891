"""The Overviews port: sources seen from what they received."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from application.queries import Entry
from domain import webhooks
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER
from infrastructure.views.reading import Reader

MOST_COUNTED = 10_000
"""Events of a backlog that are looked at to count what is pending."""

OUTCOMES = ("rejected", "duplicate", "executed", "partially_executed", "failed", "unmapped", "unclassified")

EVENT_TYPES = """
SELECT event_type, first_received_at, last_received_at, last_webhook_id, received FROM {schema}.event_types
WHERE source = %s AND environment = %s ORDER BY last_received_at DESC, event_type LIMIT 1000
"""
STATUS = """
SELECT coalesce(sum(webhooks), 0)::bigint AS events_count, max(last_received_at) AS last_event_received
FROM {schema}.accounting WHERE source = %s AND environment = %s AND day >= %s
"""
ACCOUNTING = """
SELECT environment, source, outcome, sum(webhooks)::bigint AS webhooks FROM {schema}.accounting
WHERE (%s::text IS NULL OR environment = %s) AND (%s::text IS NULL OR source = %s)
GROUP BY environment, source, outcome ORDER BY environment, source
"""


class PostgresOverviews:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder) -> None:
        self._ledger, self._recorder, self._reader = ledger, recorder, Reader(recorder)

    def event_types(self, source: str, environment: str) -> Sequence[Entry]:
        """See the port."""
        return [
            {
                "event": row["event_type"],
                "last_received_at": row["last_received_at"],
                "first_received_at": row["first_received_at"],
                "last_event_log_id": row["last_webhook_id"],
                "count": row["received"],
            }
            for row in self._reader.rows(EVENT_TYPES, (source, environment))
        ]

    def status(self, source: str, environment: str, *, since: datetime) -> Entry:
        """See the port. Counts whole days (UTC), the first one included."""
        [row] = self._reader.rows(STATUS, (source, environment, since.astimezone(UTC).date()))
        return row

    def accounting(self, environment: str | None, source: str | None) -> Sequence[Entry]:
        """See the port. What is pending is told live from the log, and is not among the outcomes on record."""
        counts: dict[tuple[str, str], dict[str, int]] = {}
        for row in self._reader.rows(ACCOUNTING, (environment, environment, source, source)):
            of_source = counts.setdefault((row["environment"], row["source"]), dict.fromkeys(OUTCOMES, 0))
            of_source[row["outcome"]] += row["webhooks"]
        for key in self._waiting():
            if environment in (None, key[0]) and source in (None, key[1]):
                of_source = counts.setdefault(key, dict.fromkeys(OUTCOMES, 0))
                of_source["pending"] = of_source.get("pending", 0) + 1
        return [
            {"environment": key[0], "source": key[1], "received": sum(by.values()), "pending": 0, **by}
            for key, by in sorted(counts.items())
        ]

    def _waiting(self) -> Iterator[tuple[str, str]]:
        """Environment and source of each receipt that waits, page by page; no more than MOST_COUNTED."""
        after, counted = self._recorder.max_tracking_id(READER) or 0, 0
        while counted < MOST_COUNTED:
            stored = self._recorder.notifications(self._recorder.inbox_statement, (after, 500))
            if not stored:
                break
            events = [recorded.event for recorded in self._ledger.decoded(stored)]
            yield from ((each.environment, each.source) for each in events if isinstance(each, webhooks.Receipt))
            after, counted = stored[-1].id, counted + len(stored)

    def lag(self) -> Entry:
        """See the port."""
        settled = self._recorder.max_tracking_id(READER) or 0
        oldest = self._recorder.notifications(self._recorder.oldest_statement, (settled,))
        if not oldest:
            return {"events": 0, "seconds": 0.0}
        [recorded] = self._ledger.decoded(oldest)
        [row] = self._reader.rows(self._recorder.waiting_statement, (settled,))
        age = (datetime.now(UTC) - recorded.recorded_at).total_seconds()
        return {"events": row["events"], "seconds": max(age, 0.0)}
