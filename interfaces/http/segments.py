"""Ids within paths: a slash in an id arrives as %2F and must not be taken for one between the segments of a path."""

import re
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from interfaces.http.problems import Malformed

_SLASH_OR_PERCENT = re.compile("%(2[Ff]|25)")

# Beside paths such as /v1/objects/{collection}/bulk/set the router finds no object whose id is "bulk".
_BULK = re.compile(r"(/v1/objects/[^/]+/)bulk(/subscriptions)?/?")


def keep_encoded(scope: Any) -> None:
    """Leave slashes and percent signs of ids encoded in a path that ASGI has decoded; `decoded` is for them."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" in raw:
        scope["path"] = unquote(_SLASH_OR_PERCENT.sub(r"%25\1", raw.decode("latin-1")))
    if _BULK.fullmatch(scope["path"]):
        scope["path"] = _BULK.sub(r"\1%62ulk\2", scope["path"])


def decoded(segment: str) -> str:
    """The id that a segment of a path stands for."""
    return unquote(segment)


def identifier(scope: Any, segment: str) -> str:
    """As `decoded`, of an id that may be kept. Raises Malformed for NUL, for dots that walk, for what is not UTF-8."""
    text = decoded(segment)
    require_utf_8(scope)
    if "\0" in text:
        raise Malformed("an id holds NUL", "id")
    if any(part in (".", "..") for part in text.split("/")):
        raise Malformed(f"the id {text!r} has a part that is only dots, which proxies resolve; choose another", "id")
    return text


def require_utf_8(scope: Any) -> None:
    """Raise Malformed if path or query hold bytes that are not UTF-8, which decoding would replace."""
    for name in ("raw_path", "query_string"):
        try:
            unquote_to_bytes(scope.get(name) or b"").decode()
        except UnicodeDecodeError as error:
            where = "path" if name == "raw_path" else "query"
            raise Malformed(f"the {where} holds bytes that are not UTF-8", "id") from error
