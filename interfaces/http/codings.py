"""Content codings: gzip is undone within bounds before anything looks at a body; nothing else is taken."""

import zlib

from application.requests import Turned

LARGEST_RATIO = 100
"""How much a body may grow. JSON grows by 5 to 30; what grows by 1,000 was made to."""

HARMLESS = 65_536
"""Bytes below which no ratio is looked at, where a caller does not say otherwise."""

GZIP = 31  # zlib's window size for gzip with its header and checksum, and nothing else


class Undecodable(Exception):
    """The body cannot be decoded; `turned` says what to answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.turned = Turned(status=status, code=code, message=message)


def decoded(body: bytes, coding: str, limit: int, *, harmless: int = HARMLESS) -> bytes:
    """The body without its content coding, at most `limit` bytes of it. Raises Undecodable."""
    match coding.strip().lower():
        case "identity" | "":
            return body
        case "gzip" | "x-gzip":
            return _gunzipped(body, limit, harmless)
    raise Undecodable(415, "unsupported_encoding", f"the body is in {coding[:40]!r}; send it plain or in gzip")


def _gunzipped(body: bytes, limit: int, harmless: int) -> bytes:
    bound = min(limit, max(LARGEST_RATIO * len(body), harmless))
    inflating = zlib.decompressobj(GZIP)
    try:
        plain = inflating.decompress(body, bound + 1)
    except zlib.error as error:
        raise Undecodable(400, "malformed_encoding", "the body is not gzip, as Content-Encoding says") from error
    if len(plain) > bound:
        raise Undecodable(413, "body_too_large", _too_much(limit, bound))
    if not inflating.eof:
        raise Undecodable(400, "malformed_encoding", "the gzip of the body ends before its end")
    if inflating.unused_data:
        raise Undecodable(400, "malformed_encoding", "something follows the gzip of the body")
    return plain


def _too_much(limit: int, bound: int) -> str:
    if bound < limit:
        return f"the body unpacks to more than {LARGEST_RATIO} times its size"
    return f"the body unpacks to more than {limit} bytes"
