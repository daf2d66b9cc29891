"""The Feed port: the log itself, with what is secret in it withheld."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from eventsourcing.persistence import InterfaceError, Notification, OperationalError
from psycopg.sql import Composed, Identifier

from application.errors import Unavailable
from application.queries import Entry, FeedFilter
from domain import api_keys, configurations, forwarding, variables
from infrastructure.event_store import log_pages
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.log_pages import Unreadable
from infrastructure.event_store.recorder import EVENTS, AppendByFunction, bounded
from infrastructure.views import event_entries

WITHHELD: Mapping[type[Any], str] = {
    configurations.ConfigurationCreated: "token",
    configurations.TokenRotated: "token",
    configurations.SecretAdded: "sealed",
    variables.VariableSet: "sealed",
    api_keys.ApiKeyIssued: "digest",
    forwarding.ForwardingSet: "sealed",
}
"""Of events that hold a secret, sealed or not, the field that does."""

INSTEAD = "[withheld]"
LAST = 2**63 - 1

# A category is a stretch of the names of streams; `materialized` keeps it from being looked for along the whole log.
OF_CATEGORY: LiteralString = (
    "WITH category AS MATERIALIZED (" + EVENTS + " WHERE originator_id >= %s AND originator_id < %s) "
    "SELECT * FROM category WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)
OF_STREAM: LiteralString = (
    EVENTS + " WHERE originator_id = %s AND notification_id > %s ORDER BY originator_version LIMIT %s"
)


class PostgresFeed:
    """See the port."""

    def __init__(self, ledger: PostgresLedger) -> None:
        self._ledger, self._recorder = ledger, ledger.recorder
        self._stream, self._category = (_query(ledger.recorder, each) for each in (OF_STREAM, OF_CATEGORY))

    def events(self, wanted: FeedFilter, *, after: int, limit: int) -> Sequence[Entry]:
        """See the port."""
        if wanted.stream is not None:
            return self._entries(self._stream, (wanted.stream, after, limit))
        if wanted.category is not None:
            return self._entries(self._category, (f"{wanted.category}-", f"{wanted.category}.", after, limit))
        return self.stretch(after, LAST, limit)

    def stretch(self, after: int, upto: int, limit: int) -> Sequence[Entry]:
        """The next events between two positions, the second one included."""
        return self._entries(self._recorder.page_statement, (after, upto, limit))

    def stream(self, name: str) -> Sequence[Entry]:
        """See the port."""
        return self._entries(self._recorder.stream_statement, (name,))

    def _entries(self, statement: Composed, params: Sequence[object]) -> list[Entry]:
        try:
            return [self._entry(each) for each in self._recorder.notifications(statement, params)]
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    def _entry(self, stored: Notification) -> dict[str, Any]:
        recorded = log_pages.read(self._ledger.mapper, stored)
        if isinstance(recorded, Unreadable):
            return _unreadable(recorded)
        shown = event_entries.history_entry(recorded)
        withheld = WITHHELD.get(type(recorded.event))
        if withheld is not None and shown["data"].get(withheld) is not None:
            shown["data"] = {**shown["data"], withheld: INSTEAD}
        return {**shown, "causation_id": recorded.causation_id}


def _query(recorder: AppendByFunction, query: LiteralString) -> Composed:
    schema, table = Identifier(recorder.datastore.schema), Identifier(recorder.events_table_name)
    return bounded(query).format(schema=schema, table=table)


def _unreadable(event: Unreadable) -> dict[str, Any]:
    """Its place is kept, so that nobody takes it for a gap and whoever follows gets past it."""
    names = ("recorded_at", "actor", "correlation_id", "causation_id", "reason", "digest", "data")
    place = {"position": event.position, "stream": event.stream, "version": event.version}
    return {**place, "name": event.topic, **dict.fromkeys(names), "unreadable": event.cause}
