"""Ids within paths: a slash in an id arrives as %2F and must not be taken for one between the segments of a path."""

import re
from typing import Any
from urllib.parse import unquote

_SLASH_OR_PERCENT = re.compile("%(2[Ff]|25)")


def keep_encoded(scope: Any) -> None:
    """Leave slashes and percent signs of ids encoded in a path that ASGI has decoded; `decoded` is for them."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" in raw:
        scope["path"] = unquote(_SLASH_OR_PERCENT.sub(r"%25\1", raw.decode("latin-1")))


def decoded(segment: str) -> str:
    """The id that a segment of a path stands for."""
    return unquote(segment)
