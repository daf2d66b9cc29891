"""The Forwards port: forwards by filter, those of the log's actions, and each with its whole history."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, LiteralString

from application.queries import Entry, ForwardFilter, Page, PageRequest
from domain import forwards
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.views import event_entries
from infrastructure.views.reading import Reader

FORWARDS: LiteralString = "SELECT * FROM {schema}.forwards"
# The newest thousand tell how an account is doing, however many there are.
LATELY: LiteralString = """
SELECT status, count(*) AS forwards, max(answered_at) AS answered_at FROM (
    SELECT status, answered_at FROM {schema}.forwards WHERE environment = %s ORDER BY position_key DESC LIMIT 1000
) AS newest GROUP BY status
"""

CONDITIONS: dict[str, LiteralString] = {
    "status": "status = %s",
    "action_type": "action_type = %s",
    "event_log_id": "event_log_id = %s",
    "code": "error ->> 'code' = %s",
    "starting_at": "inserted_at >= %s",
    "ending_at": "inserted_at < %s",
}
KEY = ("position_key",)

Condition = tuple[LiteralString, Any]


class PostgresForwards:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder) -> None:
        self._ledger, self._reader = ledger, Reader(recorder)

    def forwards(self, environment: str, wanted: ForwardFilter, page: PageRequest) -> Page:
        """See the port."""
        return self._reader.page(FORWARDS, _conditions(environment, wanted), key=KEY, request=page, shape=dict)

    def forward(self, environment: str, forward_id: str) -> Entry | None:
        """See the port."""
        conditions: list[Condition] = [("environment = %s", environment), ("id = %s", forward_id)]
        page = self._reader.page(FORWARDS, conditions, key=("id",), request=PageRequest(size=1), shape=dict)
        return page.entries[0] if page.entries else None

    def history(self, forward_id: str) -> Sequence[Entry]:
        """See the port."""
        return [event_entries.history_entry(each) for each in self._ledger.history(forwards.stream(forward_id))]

    def failed(self, environment: str, wanted: ForwardFilter, *, limit: int) -> Sequence[str]:
        """See the port."""
        conditions = [*_conditions(environment, wanted), ("status = %s", "failed")]
        request = PageRequest(size=limit - 1)
        found = self._reader.found(FORWARDS, conditions, key=KEY, request=request, descending=False)
        return [str(row["id"]) for row in found]

    def lately(self, environment: str) -> Sequence[Mapping[str, Any]]:
        """How many of the newest thousand have each status, and when the account answered last."""
        return self._reader.rows(self._reader.composed(LATELY), [environment])

    def beside(self, actions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Actions of the log, each with its `forward`: `{id, status, attempts, last_status, last_error}`, or None."""
        shown = list(actions)
        found = self._of({each["event_log_id"] for each in shown})
        return [{**each, "forward": found.get(_key(each))} for each in shown]

    def _of(self, event_log_ids: Collection[str]) -> Mapping[Any, Any]:
        query = self._reader.composed(FORWARDS + " WHERE event_log_id = ANY(%s)")
        rows = self._reader.rows(query, [list(event_log_ids)]) if event_log_ids else []
        return {_key(row): _state(row) for row in rows}


def _key(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry[name] for name in ("event_log_id", "mapping_id", "evaluation"))


def _state(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("id", "status", "attempts", "last_status")}
    return {**told, "last_error": row["error"]}


def _conditions(environment: str, wanted: ForwardFilter) -> list[Condition]:
    given = ((clause, getattr(wanted, name)) for name, clause in CONDITIONS.items())
    return [("environment = %s", environment), *((clause, value) for clause, value in given if value is not None)]
