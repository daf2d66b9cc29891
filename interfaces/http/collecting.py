"""Collecting: the endpoints that client libraries for events send to, Segment's and RudderStack's, and PostHog's."""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any, cast

import attrs
from litestar import Response, post

from application.collecting import UNKNOWN_KEY, Call, Collected
from application.gateway import Gateway
from application.requests import Accepted, Turned
from interfaces.http import raw_requests, rendering, turning_away
from interfaces.http.callers import AnyRequest

CALLS = ("batch", "track", "identify", "page", "screen", "group", "alias")
SECURITY: list[dict[str, list[str]]] = [{"write_key": []}]
GONE = Turned(status=400, code="incomplete_body", message="the connection was closed within the body")


@post(
    [f"/v1/{call}" for call in CALLS],
    status_code=200,
    summary="Send events, as Segment's and RudderStack's clients do",
    security=SECURITY,
)
async def collect_calls(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """`{batch: […]}`, or one call by itself; each event becomes a webhook of the source whose write key it is.

    `{success, accepted, rejected, items: [{index, status, event_id, code?, message?}]}`. An event that is rejected does
    not keep the others out.
    """
    call = request.scope["path"].rstrip("/").rpartition("/")[2]
    return await _collect(request, gateway, cast("Call", call))


@post("/batch", status_code=200, summary="Send events, as PostHog's clients do", security=SECURITY)
async def collect_captures(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """`{api_key, batch: […]}`; the rest is as with the other clients."""
    return await _collect(request, gateway, "capture")


async def _collect(request: AnyRequest, gateway: Gateway, call: Call) -> Response[bytes]:
    request_id = request.headers.get("x-request-id", "")
    if not 0 < len(request_id) <= 64:
        request_id = gateway.new_id()
    outcome = await _outcome(request, gateway, call, request_id)
    answer = rendering.answer(_shown(outcome)) if isinstance(outcome, Collected) else _turned(outcome)
    answer.headers["x-request-id"] = request_id
    if isinstance(outcome, Collected) and outcome.acceptance is not None:
        answer.headers["hookledger-receipt"] = str(outcome.acceptance)
    return answer


async def _outcome(request: AnyRequest, gateway: Gateway, call: Call, request_id: str) -> Collected | Turned:
    limits, collecting = gateway.limits, gateway.collecting
    headers = raw_requests.headers(list(request.scope["headers"]), limits)
    if headers is None:
        return raw_requests.too_many_headers(limits)
    key = _write_key(headers)
    if key is not None and not await collecting.knows(key):
        return UNKNOWN_KEY
    arrived = attrs.evolve(raw_requests.request(request.scope, headers, b""), request_id=request_id)
    try:
        async with asyncio.timeout(limits.body_seconds):
            body = await raw_requests.body(request.receive, headers, limits.batch_bytes)
        # As many events as fit into a body may be as alike as they like: those of one client often are.
        body = raw_requests.plain(body, headers, limits.batch_bytes, harmless=limits.body_bytes)
    except raw_requests.Objection as objection:
        return await collecting.turn_away(key, arrived, objection.turned)
    except TimeoutError:
        return await collecting.turn_away(key, arrived, raw_requests.TOO_SLOW)
    except raw_requests.Gone:
        return GONE
    return await collecting.collect(call, key, attrs.evolve(arrived, body=body))


def _write_key(headers: Mapping[str, str]) -> str | None:
    """The user name of Basic authentication (RFC 7617); None without a header, "" for one that holds no write key."""
    header = headers.get("authorization")
    if header is None:
        return None
    scheme, _, credentials = header.partition(" ")
    try:
        user, _, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return user if scheme.lower() == "basic" and not password else ""


def _shown(collected: Collected) -> dict[str, Any]:
    items = [_item(index, event) for index, event in enumerate(collected.events)]
    accepted = sum(isinstance(event, Accepted) for event in collected.events)
    return {"success": True, "accepted": accepted, "rejected": len(items) - accepted, "items": items}


def _item(index: int, event: Accepted | Turned) -> dict[str, Any]:
    if isinstance(event, Accepted):
        return {"index": index, "status": "accepted", "event_id": event.webhook_ids[0]}
    return {
        "index": index,
        "status": "rejected",
        "event_id": event.webhook_id,
        "code": event.code,
        "message": event.message,
    }


def _turned(turned: Turned) -> Response[bytes]:
    headers = turning_away.headers(turned)
    return Response(
        turning_away.body(turned), status_code=turned.status, media_type="application/json", headers=headers
    )


HANDLERS = [collect_calls, collect_captures]
