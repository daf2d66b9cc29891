"""The Logs port: lists from the read models, details and histories from the event store itself."""

from collections.abc import Sequence
from typing import Any, LiteralString

from application.queries import Entry, LogFilter, Page, PageRequest
from application.records import Recorded
from domain import webhooks
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER
from infrastructure.views import event_entries
from infrastructure.views.reading import Reader, Row, decode, paged

EVENT_LOGS: LiteralString = "SELECT * FROM {schema}.event_logs"
ACTION_LOGS: LiteralString = "SELECT stream, version FROM {schema}.action_logs"

EVENT_COLUMNS: dict[str, LiteralString] = {
    "environment": "environment = %s",
    "source": "source = %s",
    "event_type": "event_type = %s",
    "outcome": "outcome = %s",
    "verification_status": "verification_status = %s",
    "idempotency_key": "idempotency_key = %s",
    "starting_at": "received_at >= %s",
    "ending_at": "received_at < %s",
}
ACTION_COLUMNS: dict[str, LiteralString] = {
    "environment": "environment = %s",
    "source": "source = %s",
    "event_type": "event_type = %s",
    "action_type": "action_type = %s",
    "action_status": "action_status = %s",
    "starting_at": "inserted_at >= %s",
    "ending_at": "inserted_at < %s",
}


class PostgresLogs:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder) -> None:
        self._ledger, self._recorder, self._reader = ledger, recorder, Reader(recorder)

    def event_logs(self, wanted: LogFilter, page: PageRequest) -> Page:
        """See the port."""
        # Pending ones are looked for first: one that is settled in between shows up twice rather than not at all.
        pending = self._pending(wanted, page)
        settled = self._reader.page(
            EVENT_LOGS, _conditions(wanted, EVENT_COLUMNS), key=("position",), request=page, shape=dict
        )
        if not pending:
            return _shaped(settled)
        known = {entry["id"] for entry in settled.entries}
        rows: list[Row] = [*(row for row in pending if row["id"] not in known), *map(dict, settled.entries)]
        if settled.after is not None and len(rows) <= page.size:
            rows.append(rows[-1])  # there is more, whatever it is
        return _shaped(paged(rows[: page.size + 1], key=("position",), request=page, shape=dict))

    def _pending(self, wanted: LogFilter, page: PageRequest) -> list[Row]:
        """Received webhooks that the worker has not come to, newest first, for pages read forwards."""
        if page.before is not None and page.after is None:
            return []
        if wanted.outcome not in (None, "pending") or wanted.event_type or wanted.idempotency_key:
            return []
        settled = self._recorder.max_tracking_id(READER) or 0
        upto = int(decode(page.after, 1)[0]) - 1 if page.after else 2**63 - 1
        if upto <= settled:
            return []
        stored = self._recorder.notifications(self._recorder.pending_statement, (settled, upto, page.size + 1))
        rows = [event_entries.row_from([recorded]) for recorded in self._ledger.decoded(stored)]
        return [row for row in rows if _agrees(row, wanted)]

    def event_log(self, event_log_id: str, environment: str | None) -> Entry | None:
        """See the port."""
        history = self._history(event_log_id, environment)
        return event_entries.detail(history) if history else None

    def event_log_details(self, event_log_ids: Sequence[str]) -> Sequence[Entry]:
        """See the port."""
        histories = self._ledger.histories([webhooks.stream(each) for each in event_log_ids])
        return [event_entries.detail(histories[webhooks.stream(each)]) for each in event_log_ids]

    def history(self, event_log_id: str, environment: str | None) -> Sequence[Entry] | None:
        """See the port."""
        history = self._history(event_log_id, environment)
        return [event_entries.history_entry(each) for each in history] if history else None

    def body(self, event_log_id: str, environment: str | None) -> tuple[bytes, str] | None:
        """See the port."""
        history = self._history(event_log_id, environment)
        if not history:
            return None
        receipt = history[0].event
        assert isinstance(receipt, webhooks.Receipt)
        return receipt.body, receipt.headers.get("content-type", "application/octet-stream")

    def action_logs(self, wanted: LogFilter, page: PageRequest) -> Page:
        """See the port."""
        conditions = _conditions(wanted, ACTION_COLUMNS)
        if wanted.event_log_id is not None:
            conditions.append(("stream = %s", webhooks.stream(wanted.event_log_id)))
        found = self._reader.page(ACTION_LOGS, conditions, key=("stream", "version"), request=page, shape=dict)
        places = [(str(row["stream"]), int(str(row["version"]))) for row in found.entries]
        events = {(each.stream, each.version): each for each in self._ledger.events(places)}
        entries = [event_entries.action(events[place]) for place in places]
        return Page(entries=entries, after=found.after, before=found.before, size=found.size)

    def action_log(self, action_log_id: str, environment: str | None) -> Entry | None:
        """See the port."""
        webhook_id, _, version = action_log_id.rpartition(".")
        if not version.isascii() or not version.isdigit() or "\0" in webhook_id or len(version) > 9:
            return None
        for recorded in self._ledger.events([(webhooks.stream(webhook_id), int(version))]):
            event = recorded.event
            if isinstance(event, webhooks.ActionOutcome) and environment in (None, event.environment):
                return event_entries.action(recorded)
        return None

    def _history(self, event_log_id: str, environment: str | None) -> Sequence[Recorded]:
        """A webhook's events; none if it is of another environment, which is not to be told from not existing."""
        if "\0" in event_log_id:
            return ()
        history = self._ledger.history(webhooks.stream(event_log_id))
        if not history or not isinstance(history[0].event, webhooks.Receipt):
            return ()
        return history if environment in (None, history[0].event.environment) else ()


def _conditions(wanted: LogFilter, columns: dict[str, LiteralString]) -> list[tuple[LiteralString, Any]]:
    given = ((clause, getattr(wanted, name)) for name, clause in columns.items())
    return [(clause, value) for clause, value in given if value is not None]


def _agrees(row: Row, wanted: LogFilter) -> bool:
    names = ("environment", "source", "verification_status")
    return (
        all(getattr(wanted, name) in (None, row[name]) for name in names)
        and (wanted.starting_at is None or row["received_at"] >= wanted.starting_at)
        and (wanted.ending_at is None or row["received_at"] < wanted.ending_at)
    )


def _shaped(page: Page) -> Page:
    entries = [event_entries.summary(dict(row)) for row in page.entries]
    return Page(entries=entries, after=page.after, before=page.before, size=page.size)
