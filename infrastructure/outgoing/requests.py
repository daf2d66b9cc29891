"""Make an HTTP request ready to be sent: its own headers checked, those of the gateway added."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import httpcore

from domain.deliveries import HttpRequest
from domain.errors import Refused
from infrastructure.outgoing import signing
from infrastructure.outgoing.targets import Target

METHODS: Final = ("POST", "PUT", "PATCH", "DELETE", "GET")
MOST_HEADERS: Final = 64
MOST_HEADER_BYTES: Final = 16_384
# What decides where a request goes and ends, and what the gateway vouches for, is not for a template to say.
RESERVED: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "idempotency-key", "keep-alive", "te"}
    | {"trailer", "transfer-encoding", "upgrade", "webhook-id", "webhook-signature", "webhook-timestamp"}
)
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")
_IDENTITY: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")


class RequestRefused(Refused):
    """A request cannot be sent as it is."""


def made(
    request: HttpRequest, target: Target, *, delivery: str, secrets: Sequence[str], at: datetime, agent: str
) -> httpcore.Request:
    """The request as it goes out. Refused when its method, a header or a secret cannot be."""
    if request.method not in METHODS:
        raise RequestRefused(f"method: {request.method!r} must be one of {', '.join(METHODS)}", field="method")
    if not _IDENTITY.fullmatch(delivery):
        # A dot would make the end of the id and the beginning of the time in what is signed a matter of opinion.
        raise RequestRefused(f"delivery: {delivery!r} must be letters, digits, - and _, at most 200", field="delivery")
    headers = {
        "host": target.authority,
        "user-agent": agent,
        "accept": "*/*",
        "content-type": "application/json",
        **_own(request.headers),
        "accept-encoding": "identity",  # so that a small answer is not a large one in disguise
        "connection": "close",
        "content-length": str(len(request.body)),
        "idempotency-key": delivery,
        **signing.headers(delivery, at, request.body, secrets),
    }
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
        headers=list(headers.items()),
        content=request.body,
    )


def _own(headers: Mapping[str, str]) -> Mapping[str, str]:
    own = {name.lower(): value.strip(" \t") for name, value in headers.items()}
    for name, value in own.items():
        _check(name, value)
    if len(own) != len(headers):
        raise RequestRefused("headers: a name is there twice; names do not differ by case", field="headers")
    if len(own) > MOST_HEADERS or sum(len(name) + len(value) for name, value in own.items()) > MOST_HEADER_BYTES:
        most = f"{MOST_HEADERS} headers of {MOST_HEADER_BYTES} bytes together"
        raise RequestRefused(f"headers: there may be at most {most}", field="headers")
    return own


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise RequestRefused(f"headers: {name!r} is no name of a header", field="headers")
    if name in RESERVED or name.startswith("proxy-"):
        raise RequestRefused(f"headers.{name} is set by the gateway; leave it out", field=f"headers.{name}")
    if not _VALUE.fullmatch(value):
        # Without the value, which may be a credential.
        raise RequestRefused(f"headers.{name} must be visible ASCII on one line", field=f"headers.{name}")
