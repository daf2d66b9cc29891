"""How a sender is turned away: the shape of errors, and the headers that go with some statuses."""

from application.requests import Turned
from interfaces.http import problems, rendering

KINDS = {400: "invalid_request_error", 401: "authentication_error", 415: "invalid_request_error"}
UNREAD = (408, 413, 431)
"""Statuses after which what is left of the request is not read."""


def body(turned: Turned) -> bytes:
    """The error as JSON."""
    kind = KINDS.get(turned.status, "api_error")
    shown = problems.body(code=turned.code, message=turned.message, status=turned.status, kind=kind)
    if turned.webhook_id is not None:
        shown["event_id"] = turned.webhook_id
    return rendering.dumps(shown)


def headers(turned: Turned) -> dict[str, str]:
    """Those that every answer with this status and this outcome has."""
    found: dict[str, str] = {}
    if turned.retry_after is not None:
        found["retry-after"] = str(turned.retry_after)
    if turned.status in UNREAD:
        found["connection"] = "close"
    if turned.status == 405:
        found["allow"] = "POST"
    return found
