"""The log itself: as a feed that one can wait for, the history of any stream, and an export of all of it."""

import asyncio

from litestar import Response, get
from litestar.response import Stream

from application.gateway import Gateway
from application.queries import FeedFilter
from domain import streams
from interfaces.http import callers, exports, log_filters, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

LARGEST, USUAL = 1_000, 100
LONGEST_WAIT = 30
LAST = 2**63 - 1

MANY = frozenset({"webhook", "run", "bulk", "forward", "entity", "replay"})
CATEGORIES = tuple(each for each in streams.CATEGORIES if each not in MANY)
"""Those whose streams are few, so that they are found without a walk along the log."""


@get("/v1/audit/events", summary="The log itself")
async def list_events(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Every event after the position `after`, in order and without gaps, at most `limit` (1–1000, 100 unless given).

    `wait` (0–30 seconds) waits for the next one when there is none. `stream` or `category` narrow it.
    """
    wanted, after = await asyncio.to_thread(_wanted, request, gateway)
    limit, wait = whole(request, "limit", USUAL, 1, LARGEST), whole(request, "wait", 0, 0, LONGEST_WAIT)
    found = await gateway.following.events(wanted, after=after, limit=limit, wait=wait)
    last = found[-1]["position"] if found else after
    return rendering.answer({"entries": found, "page_info": {"after": last, "page_size": limit}})


@get("/v1/audit/events/export", sync_to_thread=True, summary="Export the log itself")
def export_events(request: AnyRequest, gateway: Gateway) -> Stream:
    """Every event after the position `after` up to this moment, as NDJSON; `limit` counts positions."""
    callers.caller(request, gateway, "read")
    log_filters.require_known(request, exports.BESIDE)
    asked = callers.text(request, "format")
    if asked not in (None, "ndjson"):
        raise Malformed(f"format is {asked!r:.80}; events have no columns in common, so it must be ndjson", "format")
    position(request)
    return exports.answer(gateway.following.exports.events(exports.stretch_of(request)), exports.NDJSON, (), "events")


@get("/v1/audit/streams/{stream:str}", sync_to_thread=True, summary="Every event of a stream")
def get_stream(request: AnyRequest, gateway: Gateway, stream: str) -> Response[bytes]:
    """The whole history of a source, configuration, environment, variable, workflow, audience, run or webhook."""
    callers.caller(request, gateway, "read")
    name = segments.identifier(request.scope, stream)
    found = gateway.following.feed.stream(name)
    if not found:
        raise Missing(f"stream {name!r:.300}")
    return rendering.answer({"entries": found})


def _wanted(request: AnyRequest, gateway: Gateway) -> tuple[FeedFilter, int]:
    callers.caller(request, gateway, "read")
    log_filters.require_known(request, ("after", "limit", "wait", "stream", "category"))
    stream, category = callers.text(request, "stream"), callers.text(request, "category")
    if stream is not None and category is not None:
        raise Malformed("stream and category exclude each other; name one of them", "category")
    if category is not None and category not in CATEGORIES:
        raise Malformed(
            f"category is {category!r:.80}; it must be one of {', '.join(CATEGORIES)}; "
            "the others are most of the log, so read it whole or one stream of it",
            "category",
        )
    return FeedFilter(stream=stream, category=category), position(request)


def position(request: AnyRequest) -> int:
    """`after`, 0 unless it is given."""
    return whole(request, "after", 0, 0, LAST)


def whole(request: AnyRequest, name: str, usual: int, least: int, most: int) -> int:
    """A parameter that is a whole number. Raises Malformed."""
    text = request.query_params.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise Malformed(f"{name} is {text!r:.80}; it must be a whole number from {least} to {most}", name)
    return int(text)


HANDLERS = [list_events, export_events, get_stream]
