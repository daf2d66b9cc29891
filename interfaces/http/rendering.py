"""JSON as the API writes it: times in UTC with microseconds and a Z, integers of any size exact."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from litestar import Response

from application.queries import Page


def dumps(value: Any) -> bytes:
    """Compact JSON of an answer."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:
        # Integers beyond 64 bits, which orjson does not write.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    return instant(value) if isinstance(value, datetime) else dict(value)


NEVER = "1970-01-01T00:00:00.000000Z"
"""Stands for the time of what never happened, where a client insists on one."""


def instant(at: datetime) -> str:
    """`2026-01-15T12:00:00.000000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def answer(value: Any, status: int = 200) -> Response[bytes]:
    """An answer with a JSON body."""
    return Response(dumps(value), status_code=status, media_type="application/json")


def page(found: Page) -> dict[str, Any]:
    """A page of entries in Knock's shape."""
    return {"entries": list(found.entries), "page_info": page_info(found)}


def page_info(found: Page) -> dict[str, Any]:
    """Cursors in Knock's shape."""
    return {"__typename": "PageInfo", "after": found.after, "before": found.before, "page_size": found.size}


def only_page(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A list that is short enough to be one page."""
    return page(Page(entries=entries, after=None, before=None, size=len(entries)))


def wrapped(name: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """What was put, once under its name, as Knock's clients read it, and once as getting it shows it."""
    return {**shown, name: shown}
