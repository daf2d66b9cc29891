"""Looking for texts in everything that is on record in an environment: slow, and finds what no read model knows."""

import json
from collections.abc import Iterator, Sequence
from urllib.parse import quote, quote_plus

import structlog

from application.records import Recorded
from domain import streams
from infrastructure.event_store import codec, log_pages
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.log_pages import Unreadable

PAGE = 2_000
CATEGORIES = ("webhook", "run", "forward", "bulk")

log = structlog.get_logger(__name__)


def streams_with(ledger: PostgresLedger, environment: str, texts: Sequence[str]) -> set[str]:
    """The webhooks, runs and bulk operations of an environment in which one of the texts stands, however written.

    What cannot be read cannot be looked through: it is told in the process's log and passed over.
    """
    written = {form for text in texts for form in forms(text)}
    found, elsewhere = set[str](), set[str]()
    for recorded in _readable(ledger) if written else ():
        if getattr(recorded.event, "environment", environment) != environment:
            elsewhere.add(recorded.stream)  # as the first event of each stream says
        elif recorded.stream not in elsewhere and _says(recorded, written):
            found.add(recorded.stream)
    return found


def _readable(ledger: PostgresLedger) -> Iterator[Recorded]:
    for page in log_pages.pages(ledger.recorder, ledger.mapper, upto=ledger.head(), size=PAGE):
        for each in page:
            if isinstance(each, Unreadable):
                log.warning("an event is not searched", position=each.position, stream=each.stream, cause=each.cause)
            else:
                yield each


def forms(text: str) -> set[bytes]:
    """How a text may be written: as it is, as JSON writes it, and as in a form or a query."""
    escaped = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {each.encode() for each in (text, *escaped, quote(text), quote(text, safe=""), quote_plus(text))}


def _says(recorded: Recorded, written: set[bytes]) -> bool:
    if streams.category(recorded.stream) not in CATEGORIES:
        return False
    body = getattr(recorded.event, "body", b"")
    data = codec.dumps(codec.data_of(recorded.event))
    return any(form in data or form in body for form in written)
