"""Requests as they arrive, read within bounds and without the framework, which would cost more than reading them."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from litestar.types import Receive

from application.gateway import Limits
from application.judging import KEPT_OF_REJECTED
from application.requests import Request, Turned
from interfaces.http import codings

MOMENT = 0.5
TOO_SLOW = Turned(status=408, code="body_too_slow", message="the body did not arrive in time")


class Objection(Exception):
    """The body cannot be taken; `turned` says what to answer, `kept` is what there is of it to put on record."""

    def __init__(self, turned: Turned, kept: bytes) -> None:
        super().__init__(turned.message)
        self.turned, self.kept = turned, kept


class Gone(Exception):
    """The sender hung up before the body was complete."""


def headers(raw: Collection[tuple[bytes, bytes]], limits: Limits) -> dict[str, str] | None:
    """By lower-cased name; repeated ones joined by ", " (RFC 9110 §5.3). None if they are over the limits."""
    found: dict[str, str] = {}
    size = 0
    for name, value in raw:
        size += len(name) + len(value)
        key = name.decode("latin-1")
        found[key] = f"{found[key]}, {value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found if size <= limits.header_bytes and len(raw) <= limits.headers else None


def too_many_headers(limits: Limits) -> Turned:
    """The answer where `headers` finds them to be over the limits."""
    message = f"more than {limits.headers} headers or {limits.header_bytes} bytes of them"
    return Turned(status=431, code="headers_too_large", message=message)


def request(scope: Any, headers: Mapping[str, str], body: bytes) -> Request:
    """The request as a use case knows it."""
    client, request_id = scope["client"], headers.get("x-request-id")
    return Request(
        method=scope["method"],
        query=scope["query_string"].decode("latin-1"),
        remote_address=client[0] if client else None,
        headers=headers,
        body=body,
        request_id=request_id if request_id and len(request_id) <= 64 else None,
    )


async def body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The body as it is sent, at most `limit` bytes of it. Raises Objection, Gone."""
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit, await _beginning(receive, headers))
    message = await receive()
    if message["type"] == "http.request" and not message["more_body"] and len(message["body"]) <= limit:
        return message["body"]
    arrived = bytearray()
    while True:
        if message["type"] != "http.request":
            raise Gone
        arrived += message["body"]
        if len(arrived) > limit:
            raise _too_large(limit, bytes(arrived))
        if not message["more_body"]:
            return bytes(arrived)
        message = await receive()


def plain(sent: bytes, headers: Mapping[str, str], limit: int, *, harmless: int = codings.HARMLESS) -> bytes:
    """A body without its content coding, at most `limit` bytes of it. Raises Objection."""
    if "content-encoding" not in headers:
        return sent
    try:
        return codings.decoded(sent, headers["content-encoding"], limit, harmless=harmless)
    except codings.Undecodable as problem:
        raise Objection(problem.turned, sent) from problem


def _too_large(limit: int, kept: bytes) -> Objection:
    message = f"the body is larger than {limit} bytes"
    return Objection(Turned(status=413, code="body_too_large", message=message), kept)


async def _beginning(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """As much as goes on record of a body that is known to be too large, if it comes at once and unasked."""
    arrived = bytearray()
    if "expect" in headers:
        return b""  # reading would ask the sender to go on
    with suppress(TimeoutError):
        async with asyncio.timeout(MOMENT):
            while len(arrived) < KEPT_OF_REJECTED:
                message = await receive()
                if message["type"] != "http.request":
                    break
                arrived += message["body"]
                if not message["more_body"]:
                    break
    return bytes(arrived)
