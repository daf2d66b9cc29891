"""The live tail of the event log, by server-sent events (HTML Living Standard, 9.2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from litestar import get
from litestar.response import Stream

from application.following import Heard
from application.gateway import Gateway
from interfaces.http import callers, log_filters, rendering
from interfaces.http.callers import AnyRequest

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""What stands between is to pass on each event at once."""


@get("/v1/event_logs/tail", summary="Follow webhooks")
async def tail_event_logs(request: AnyRequest, gateway: Gateway) -> Stream:
    """Webhooks as they are settled, from now on or after `Last-Event-ID` (or `after`), with the event log's filters.

    Each is an event `event_log` with an entry of the event log; a comment every ten seconds says that all is well.
    """
    wanted = await asyncio.to_thread(log_filters.events, request, gateway, "after")
    following = gateway.following.event_logs(wanted, _place(request))
    first = await anext(following)
    return Stream(_stream(first, following), headers=HEADERS, media_type="text/event-stream")


def _place(request: AnyRequest) -> str | None:
    return request.headers.get("last-event-id") or callers.text(request, "after")


async def _stream(first: Heard, following: AsyncIterator[Heard]) -> AsyncIterator[bytes]:
    async with aclosing(following):  # type: ignore[type-var]
        yield _written(first)
        async for heard in following:
            yield _written(heard)


def _written(heard: Heard) -> bytes:
    """The events; then where to go on, in an event without data, which sets the last id and is not dispatched."""
    events = [
        b"event: event_log\nid: %b\ndata: %b\n\n" % (str(entry["cursor"]).encode(), rendering.dumps(entry))
        for entry in heard.entries
    ]
    return b"".join(events) + b": heard\nid: %b\n\n" % heard.after.encode()


HANDLERS = [tail_event_logs]
