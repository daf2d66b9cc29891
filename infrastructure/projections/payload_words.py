"""The words by which a payload can be found, for sources that want it: the one read model that repeats payloads.

One row for each webhook, by its stream, so that whoever erases a payload clears its words by the same name.
"""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from domain import errors, webhooks, words
from infrastructure import bodies, bulk
from infrastructure.projections.entries import Entry

INSERT = (
    "INSERT INTO {schema}.payload_words (stream, position, words) "
    "SELECT stream, position, string_to_array(words, ' ') FROM unnest(%b, %b, %b) AS new (stream, position, words)"
)
TYPES = "text bigint text"


class PayloadWords:
    """See the module."""

    name = "payload_words"
    tables = ("payload_words",)

    def __init__(self, schema: str) -> None:
        self._insert = SQL(INSERT).format(schema=Identifier(schema))
        self._rows: list[tuple[Any, ...]] = []

    def fold(self, entry: Entry) -> None:
        """See the protocol."""
        recorded = entry.recorded
        if recorded is None or recorded.erased:
            return
        if isinstance(recorded.event, webhooks.WebhookReceived) and recorded.event.searched:
            found = _words(recorded.event)
            if found:
                self._rows.append((recorded.stream, recorded.position, " ".join(found)))

    def write(self, cursor: Cursor[Any]) -> None:
        """See the protocol."""
        if self._rows:
            bulk.execute(cursor, self._insert, TYPES, self._rows)
        self._rows = []


def _words(received: webhooks.WebhookReceived) -> tuple[str, ...]:
    """Of what can be read; of anything else, as text."""
    try:
        return words.of_payload(bodies.read(received.body, received.headers.get("content-type", "")))
    except errors.Refused:
        return words.of_payload(received.body.decode(errors="replace"))
