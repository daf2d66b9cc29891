"""Looking for texts in everything that is on record in an environment: slow, and finds what no read model knows."""

import json
from collections.abc import Sequence
from urllib.parse import quote, quote_plus

from application.records import Recorded
from domain import streams
from infrastructure.event_store import codec
from infrastructure.event_store.ledger import PostgresLedger

PAGE = 2_000
CATEGORIES = ("webhook", "run", "forward", "bulk")


def streams_with(ledger: PostgresLedger, environment: str, texts: Sequence[str]) -> set[str]:
    """The webhooks, runs and bulk operations of an environment in which one of the texts stands, however written."""
    written = {form for text in texts for form in forms(text)}
    found, elsewhere, after = set[str](), set[str](), 0
    while written and (page := ledger.log(after=after, limit=PAGE)):
        for recorded in page:
            if getattr(recorded.event, "environment", environment) != environment:
                elsewhere.add(recorded.stream)  # as the first event of each stream says
            elif recorded.stream not in elsewhere and _says(recorded, written):
                found.add(recorded.stream)
        after = page[-1].position or 0
    return found


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
