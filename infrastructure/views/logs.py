"""The Logs port: lists from the read models, details and histories from the event store itself."""

from collections.abc import Sequence
from typing import Any

import attrs

from application.errors import PayloadErased
from application.queries import Entry, LogFilter, Page, PageRequest
from application.records import Recorded
from domain import webhooks
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.views import event_entries
from infrastructure.views.forwards import PostgresForwards
from infrastructure.views.log_rows import ACTION_KEY, LogRows
from infrastructure.views.reading import Reader, encode, paged
from infrastructure.views.unsettled import KEY, Unsettled


class PostgresLogs:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder, forwards: PostgresForwards) -> None:
        self._ledger, self._rows, self._forwards = ledger, LogRows(Reader(recorder)), forwards
        self._unsettled = Unsettled(ledger=ledger, recorder=recorder)

    def event_logs(self, wanted: LogFilter, page: PageRequest) -> Page:
        """See the port. While very much is pending, a page may be short although more follows."""
        # Pending ones are looked for first: one that is settled in between is then found twice rather than not at all.
        pending, stopped_at = self._unsettled.search(wanted, page)
        beyond = stopped_at is not None and not page.backwards
        settled = [] if beyond else self._rows.events(wanted, page)
        rows = {row["position"]: row for row in (*pending, *settled)}
        ordered = [rows[position] for position in sorted(rows, reverse=not page.backwards)]
        shown = paged(ordered[: page.size + 1], key=KEY, request=page, shape=event_entries.summary)
        return shown if stopped_at is None or len(ordered) > page.size else _going_on(shown, page, stopped_at)

    def event_log(self, event_log_id: str, environment: str | None) -> Entry | None:
        """See the port."""
        history = self._history(event_log_id, environment)
        return self._whole([event_entries.detail(history)])[0] if history else None

    def event_log_details(self, event_log_ids: Sequence[str]) -> Sequence[Entry]:
        """See the port."""
        histories = self._ledger.histories([webhooks.stream(each) for each in event_log_ids])
        return self._whole([event_entries.detail(histories[webhooks.stream(each)]) for each in event_log_ids])

    def _whole(self, details: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same, each action with its forward."""
        actions = self._forwards.beside(action for detail in details for action in detail["actions"])
        by_id = {action["id"]: action for action in actions}
        return [{**detail, "actions": [by_id[each["id"]] for each in detail["actions"]]} for detail in details]

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
        if history[0].erased:
            raise PayloadErased(f"the body of webhook {event_log_id!r} was erased; what was decided about it is kept")
        return receipt.body, receipt.headers.get("content-type", "application/octet-stream")

    def action_logs(self, wanted: LogFilter, page: PageRequest) -> Page:
        """See the port."""
        found = paged(self._rows.actions(wanted, page), key=ACTION_KEY, request=page, shape=dict)
        return attrs.evolve(found, entries=self._forwards.beside(event_entries.actions(self._ledger, found.entries)))

    def action_log(self, action_log_id: str, environment: str | None) -> Entry | None:
        """See the port."""
        webhook_id, _, version = action_log_id.rpartition(".")
        if not version.isascii() or not version.isdigit() or "\0" in webhook_id or len(version) > 9:
            return None
        for recorded in self._ledger.events([(webhooks.stream(webhook_id), int(version))]):
            event = recorded.event
            if isinstance(event, webhooks.ActionOutcome) and environment in (None, event.environment):
                return self._forwards.beside([event_entries.action(recorded)])[0]
        return None

    def _history(self, event_log_id: str, environment: str | None) -> Sequence[Recorded]:
        """A webhook's events; none if it is of another environment, which is not to be told from not existing."""
        if "\0" in event_log_id:
            return ()
        history = self._ledger.history(webhooks.stream(event_log_id))
        if not history or not isinstance(history[0].event, webhooks.Receipt):
            return ()
        return history if environment in (None, history[0].event.environment) else ()


def _going_on(shown: Page, page: PageRequest, stopped_at: int) -> Page:
    """A page behind which the next one begins where the search stopped."""
    place = encode([stopped_at])
    return attrs.evolve(shown, before=place) if page.backwards else attrs.evolve(shown, after=place)
