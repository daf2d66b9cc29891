"""The Runs port: workflow runs by filter, and each with its whole history from the event store."""

from collections.abc import Sequence
from typing import Any, LiteralString

from application.queries import Entry, Page, PageRequest, RunFilter
from domain import runs
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.views import event_entries
from infrastructure.views.reading import Reader

RUNS: LiteralString = "SELECT * FROM {schema}.runs"

CONDITIONS: dict[str, LiteralString] = {
    "workflow": "workflow = %s",
    "tenant": "tenant = %s",
    "starting_at": "inserted_at >= %s",
    "ending_at": "inserted_at < %s",
    "code": "error ->> 'code' = %s",
}
HAS_ERRORS: LiteralString = "(error_count > 0 OR error IS NOT NULL) = %s"


class PostgresRuns:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder) -> None:
        self._ledger, self._reader = ledger, Reader(recorder)

    def runs(self, environment: str, wanted: RunFilter, page: PageRequest) -> Page:
        """See the port."""
        conditions = _conditions(environment, wanted)
        return self._reader.page(RUNS, conditions, key=("position_key",), request=page, shape=dict)

    def run(self, environment: str, run_id: str) -> Entry | None:
        """See the port."""
        conditions: list[tuple[LiteralString, Any]] = [("environment = %s", environment), ("id = %s", run_id)]
        page = self._reader.page(RUNS, conditions, key=("id",), request=PageRequest(size=1), shape=dict)
        return page.entries[0] if page.entries else None

    def history(self, run_id: str) -> Sequence[Entry]:
        """See the port."""
        return [event_entries.history_entry(each) for each in self._ledger.history(runs.stream(run_id))]


def _conditions(environment: str, wanted: RunFilter) -> list[tuple[LiteralString, Any]]:
    conditions: list[tuple[LiteralString, Any]] = [("environment = %s", environment)]
    given = ((clause, getattr(wanted, name)) for name, clause in CONDITIONS.items())
    conditions += [(clause, value) for clause, value in given if value is not None]
    if wanted.statuses is not None:
        conditions.append(("status = ANY(%s)", list(wanted.statuses)))
    if wanted.has_errors is not None:
        conditions.append((HAS_ERRORS, wanted.has_errors))
    if wanted.recipient is not None:
        collection, recipient_id = wanted.recipient
        conditions += [("recipient_collection = %s", collection), ("recipient_id = %s", recipient_id)]
    return conditions
