"""Receiving webhooks: a bare ASGI application under Litestar, because every microsecond of it is paid per webhook."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from litestar import asgi
from litestar.types import ASGIApp, Receive, Scope, Send

from application.errors import Unavailable
from application.gateway import Gateway, Limits
from application.receiving import KEPT_OF_REJECTED, UNKNOWN, Accepted, Request, Turned
from interfaces.http import problems, rendering
from interfaces.http.deadlines import Deadlines

PATH = "/integrations/receive"
JSON = (b"content-type", b"application/json")
KINDS = {400: "invalid_request_error", 401: "authentication_error", 415: "invalid_request_error"}
MOMENT = 0.5
METHOD = Turned(status=405, code="method_not_allowed", message="send webhooks with POST")
TOO_SLOW = Turned(status=408, code="body_too_slow", message="the body did not arrive in time")
AWAY = Turned(status=503, code="unavailable", message="the webhook could not be stored; send it again", retry_after=1)


class _BodyTooLarge(Exception):
    """More has arrived than a body may have; `kept` is what arrived so far."""

    def __init__(self, kept: bytes) -> None:
        super().__init__("the body is too large")
        self.kept = kept


class _Gone(Exception):
    """The sender hung up before the body was complete."""


def mount(gateway: Gateway) -> Any:
    """The mount at `/integrations/receive`, whose only path segment is a token."""
    return asgi(PATH, is_mount=True, copy_scope=False)(_application(gateway))


def _application(gateway: Gateway) -> ASGIApp:
    deadlines = Deadlines(gateway.limits.body_seconds)

    async def receive_webhook(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            outcome = await _receive(gateway, deadlines, scope, receive)
        except Unavailable:
            outcome = AWAY
        except _Gone:
            return
        if isinstance(outcome, Accepted):
            await _accept(send, outcome)
        else:
            await _turn(send, outcome, outcome.webhook_id or gateway.new_id())

    return receive_webhook


async def _receive(gateway: Gateway, deadlines: Deadlines, scope: Any, receive: Receive) -> Accepted | Turned:
    token = scope["path"].strip("/")  # what the mount leaves of the path, between slashes
    limits, receiving = gateway.limits, gateway.receiving
    if not receiving.known(token) and not (token and await receiving.found(token)):
        return UNKNOWN
    if scope["method"] != "POST":
        return METHOD
    headers = _headers(scope["headers"], limits)
    if headers is None:
        message = f"more than {limits.headers} headers or {limits.header_bytes} bytes of them"
        turned = Turned(status=431, code="headers_too_large", message=message)
        return await receiving.turn_away(token, _request(scope, {}, b""), turned)
    try:
        with deadlines:
            body = await _body(receive, headers, limits.body_bytes)
    except _BodyTooLarge as error:
        message = f"the body is larger than {limits.body_bytes} bytes"
        turned = Turned(status=413, code="body_too_large", message=message)
        return await receiving.turn_away(token, _request(scope, headers, error.kept), turned)
    except TimeoutError:
        return await receiving.turn_away(token, _request(scope, headers, b""), TOO_SLOW)
    return await receiving.receive(token, _request(scope, headers, body))


def _request(scope: Any, headers: dict[str, str], body: bytes) -> Request:
    client, request_id = scope["client"], headers.get("x-request-id")
    return Request(
        method=scope["method"],
        query=scope["query_string"].decode("latin-1"),
        remote_address=client[0] if client else None,
        headers=headers,
        body=body,
        request_id=request_id if request_id and len(request_id) <= 64 else None,
    )


def _headers(raw: Sequence[tuple[bytes, bytes]], limits: Limits) -> dict[str, str] | None:
    """By lower-cased name; repeated ones joined by ", " (RFC 9110 §5.3). None if they are over the limits."""
    headers: dict[str, str] = {}
    size = 0
    for name, value in raw:
        size += len(name) + len(value)
        key = name.decode("latin-1")
        headers[key] = f"{headers[key]}, {value.decode('latin-1')}" if key in headers else value.decode("latin-1")
    return headers if size <= limits.header_bytes and len(raw) <= limits.headers else None


async def _body(receive: Receive, headers: dict[str, str], limit: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise _BodyTooLarge(await _beginning(receive, headers))
    message = await receive()
    if message["type"] == "http.request" and not message["more_body"] and len(message["body"]) <= limit:
        return message["body"]
    body = bytearray()
    while True:
        if message["type"] != "http.request":
            raise _Gone
        body += message["body"]
        if len(body) > limit:
            raise _BodyTooLarge(bytes(body))
        if not message["more_body"]:
            return bytes(body)
        message = await receive()


async def _beginning(receive: Receive, headers: dict[str, str]) -> bytes:
    """As much as goes on record of a body that is known to be too large, if it comes at once and unasked."""
    body = bytearray()
    if "expect" in headers:
        return b""  # reading would ask the sender to go on
    with suppress(TimeoutError):
        async with asyncio.timeout(MOMENT):
            while len(body) < KEPT_OF_REJECTED:
                message = await receive()
                if message["type"] != "http.request":
                    break
                body += message["body"]
                if not message["more_body"]:
                    break
    return bytes(body)


async def _accept(send: Send, accepted: Accepted) -> None:
    webhook_id = accepted.webhook_id.encode()
    if accepted.legacy:
        await _respond(send, 204, b"", [(b"x-request-id", webhook_id)])
        return
    body = b'{"status":"accepted","event_id":"' + webhook_id + b'"}'
    length = (b"content-length", b"%d" % len(body))
    await _respond(send, 200, body, [JSON, length, (b"x-request-id", webhook_id)])


async def _turn(send: Send, turned: Turned, request_id: str) -> None:
    kind = KINDS.get(turned.status, "api_error")
    shown = problems.body(code=turned.code, message=turned.message, status=turned.status, kind=kind)
    if turned.webhook_id is not None:
        shown["event_id"] = turned.webhook_id
    body = rendering.dumps(shown)
    headers = [JSON, (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode())]
    if turned.retry_after is not None:
        headers.append((b"retry-after", b"%d" % turned.retry_after))
    if turned.status in (408, 413, 431):
        headers.append((b"connection", b"close"))  # what is left of the request is not read
    if turned.status == 405:
        headers.append((b"allow", b"POST"))
    await _respond(send, turned.status, body, headers)


async def _respond(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
