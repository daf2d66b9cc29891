"""What the event log does not have yet: receipts that the worker has not come to, searched for in the log itself."""

from collections.abc import Sequence

from eventsourcing.persistence import Notification

from application.queries import LogFilter, PageRequest
from domain import webhooks
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER
from infrastructure.views import event_entries
from infrastructure.views.reading import Row, cursor

KEY = ("position",)
CHUNK, CHUNKS = 100, 20
"""How many receipts are read at once, and how often for one page: their payloads come along."""

LAST = 2**63 - 1
DECIDED = ("event_type", "idempotency_key", "entity", "words")
"""What nothing that waits has yet."""

SAME = ("environment", "source", "outcome", "verification_status", "event_type", "idempotency_key")


class Unsettled:
    """Finds the rows that the event log will have."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder) -> None:
        self._ledger, self._recorder = ledger, recorder

    def search(self, wanted: LogFilter, page: PageRequest) -> tuple[list[Row], int | None]:
        """The rows of a page and one more, as the page is read; and where the search gave up, if so."""
        if wanted.outcome not in (None, "pending", "rejected") or any(getattr(wanted, name) for name in DECIDED):
            return [], None
        settled = self._recorder.max_tracking_id(READER) or 0
        [place] = cursor(page, KEY) or [settled if page.backwards else LAST]
        found: list[Row] = []
        for _ in range(CHUNKS):
            stored = self._stored(settled, place, backwards=page.backwards)
            found += self._agreeing(stored, wanted)
            if len(found) > page.size or len(stored) < CHUNK:
                return found, None
            place = stored[-1].id
        return found, place

    def _stored(self, settled: int, place: int, *, backwards: bool) -> list[Notification]:
        if backwards:
            return self._recorder.notifications(self._recorder.inbox_statement, (max(settled, place), CHUNK))
        return self._recorder.notifications(self._recorder.pending_statement, (settled, place - 1, CHUNK))

    def _agreeing(self, stored: Sequence[Notification], wanted: LogFilter) -> list[Row]:
        receipts = (each for each in self._ledger.decoded(stored) if isinstance(each.event, webhooks.Receipt))
        return [row for row in (event_entries.row_from([each]) for each in receipts) if _agrees(row, wanted)]


def _agrees(row: Row, wanted: LogFilter) -> bool:
    return (
        all(getattr(wanted, name) in (None, row[name]) for name in SAME)
        and (wanted.starting_at is None or row["received_at"] >= wanted.starting_at)
        and (wanted.ending_at is None or row["received_at"] < wanted.ending_at)
    )
