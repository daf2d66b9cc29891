"""The Overviews port: sources seen from what they received."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import attrs

from application.queries import AccountingFilter, Entry
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
SELECT environment, source, CASE WHEN %(by_day)s THEN day END AS day, outcome, sum(webhooks)::bigint AS webhooks
FROM {schema}.accounting
WHERE (%(environment)s::text IS NULL OR environment = %(environment)s)
    AND (%(source)s::text IS NULL OR source = %(source)s)
    AND (%(starting)s::date IS NULL OR day >= %(starting)s) AND (%(ending)s::date IS NULL OR day < %(ending)s)
GROUP BY 1, 2, 3, 4
"""
RECOUNT = """
SELECT at AS recounted_at, NOT EXISTS (
    SELECT FROM jsonb_array_elements(wrong) AS line
    WHERE (%(environment)s::text IS NULL OR line ->> 'environment' = %(environment)s)
        AND (%(source)s::text IS NULL OR line ->> 'source' = %(source)s)
) AS agrees FROM {schema}.recounts ORDER BY at DESC LIMIT 1
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

    def accounting(self, wanted: AccountingFilter) -> Sequence[Entry]:
        """See the port. What is pending is told live from the log, and is not among the outcomes on record."""
        counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        for row in self._reader.rows(ACCOUNTING, attrs.asdict(wanted)):
            day = str(row["day"]) if wanted.by_day else ""
            counts[row["environment"], row["source"], day][row["outcome"]] += row["webhooks"]
        for receipt in self._waiting():
            at = receipt.received_at.astimezone(UTC).date()
            if _concerns(wanted, receipt, at):
                counts[receipt.environment, receipt.source, str(at) if wanted.by_day else ""]["pending"] += 1
        return [_balance(*key, by) for key, by in sorted(counts.items())]

    def _waiting(self) -> Iterator[webhooks.Receipt]:
        """Each receipt that waits, page by page; no more than MOST_COUNTED."""
        after, counted = self._recorder.max_tracking_id(READER) or 0, 0
        while counted < MOST_COUNTED:
            stored = self._recorder.notifications(self._recorder.inbox_statement, (after, 500))
            if not stored:
                break
            events = (recorded.event for recorded in self._ledger.decoded(stored))
            yield from (each for each in events if isinstance(each, webhooks.Receipt))
            after, counted = stored[-1].id, counted + len(stored)

    def recount(self, wanted: AccountingFilter) -> Entry:
        """See the port."""
        rows = self._reader.rows(RECOUNT, attrs.asdict(wanted))
        return rows[0] if rows else {"recounted_at": None, "agrees": None}

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


def _concerns(wanted: AccountingFilter, receipt: webhooks.Receipt, at: date) -> bool:
    return (
        wanted.environment in (None, receipt.environment)
        and wanted.source in (None, receipt.source)
        and (wanted.starting is None or at >= wanted.starting)
        and (wanted.ending is None or at < wanted.ending)
    )


def _balance(environment: str, source: str, day: str, counts: Mapping[str, int]) -> Entry:
    of_day = {"day": day} if day else {}
    every = dict.fromkeys((*OUTCOMES, "pending"), 0)
    return {"environment": environment, "source": source, **of_day, "received": sum(counts.values()), **every, **counts}
