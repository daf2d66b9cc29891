"""Receiving webhooks: a bare ASGI application under Litestar, because every microsecond of it is paid per webhook."""

from typing import Any

from litestar import asgi
from litestar.types import ASGIApp, Receive, Scope, Send

from application.errors import Unavailable
from application.gateway import Gateway
from application.requests import UNKNOWN, Accepted, Turned
from interfaces.http import raw_requests, rendering, turning_away
from interfaces.http.deadlines import Deadlines

PATH = "/integrations/receive"
RECEIPT = b"hookledger-receipt"
JSON = (b"content-type", b"application/json")
METHOD = Turned(status=405, code="method_not_allowed", message="send webhooks with POST")
AWAY = Turned(status=503, code="unavailable", message="the webhook could not be stored; send it again", retry_after=1)


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
        except raw_requests.Gone:
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
    headers = raw_requests.headers(scope["headers"], limits)
    if headers is None:
        turned = raw_requests.too_many_headers(limits)
        return await receiving.turn_away(token, raw_requests.request(scope, {}, b""), turned)
    try:
        with deadlines:
            body = await raw_requests.body(receive, headers, limits.body_bytes)
        body = raw_requests.plain(body, headers, limits.body_bytes)
    except raw_requests.Objection as objection:
        request = raw_requests.request(scope, headers, objection.kept)
        return await receiving.turn_away(token, request, objection.turned)
    except TimeoutError:
        return await receiving.turn_away(token, raw_requests.request(scope, headers, b""), raw_requests.TOO_SLOW)
    return await receiving.receive(token, raw_requests.request(scope, headers, body))


async def _accept(send: Send, accepted: Accepted) -> None:
    first = accepted.webhook_ids[0]
    request_id = (b"x-request-id", first.encode())
    receipt = (RECEIPT, str(accepted.acceptance).encode())
    if accepted.legacy:
        await _respond(send, 204, b"", [request_id, receipt])
        return
    body, content_type = _confirmation(accepted.webhook_ids), JSON
    if accepted.reply is not None:
        body, content_type = accepted.reply.body, (b"content-type", accepted.reply.content_type.encode())
    await _respond(send, 200, body, [content_type, (b"content-length", b"%d" % len(body)), request_id, receipt])


def _confirmation(webhook_ids: tuple[str, ...]) -> bytes:
    if len(webhook_ids) == 1:
        return b'{"status":"accepted","event_id":"%b"}' % webhook_ids[0].encode()
    return rendering.dumps({"status": "accepted", "event_id": webhook_ids[0], "event_ids": webhook_ids})


async def _turn(send: Send, turned: Turned, request_id: str) -> None:
    body = turning_away.body(turned)
    headers = [JSON, (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode())]
    headers += [(name.encode(), value.encode()) for name, value in turning_away.headers(turned).items()]
    await _respond(send, turned.status, body, headers)


async def _respond(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
