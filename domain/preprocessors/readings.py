"""Careful readings of JSON that a stranger sent: each gives what it can use or nothing, and never raises."""

import json
from collections.abc import Mapping, Sequence

from domain.json_values import LISTS, OBJECTS, Json

_LONGEST_INTEGER = 256
"""Bits. Digits of much longer integers cost time, and Python refuses to write the longest ones."""


def mapping(value: Json) -> Mapping[str, Json]:
    """The object that `value` is, an empty one otherwise."""
    return value if isinstance(value, OBJECTS) else {}


def elements(value: Json) -> Sequence[Json]:
    """The elements of the list that `value` is, none otherwise."""
    return value if isinstance(value, LISTS) else ()


def text(value: Json) -> str | None:
    """A text that is not empty, or the digits of an integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() <= _LONGEST_INTEGER else None
    return value if isinstance(value, str) and value else None


def first_text(*values: Json) -> str | None:
    """The first of the values that is a text."""
    return next((found for value in values if (found := text(value)) is not None), None)


def full_name(*names: Json) -> str | None:
    """The names that are there, with spaces between them."""
    return " ".join(name for name in names if isinstance(name, str) and name) or None


def composite(*parts: str | None) -> str:
    """A key of several parts, as a JSON list: `["ab","c"]` is not `["a","bc"]`, nor is null the text "null"."""
    return json.dumps(parts, separators=(",", ":"))


def present(found: Mapping[str, Json]) -> dict[str, Json]:
    """What was found, without what was not."""
    return {name: value for name, value in found.items() if value is not None}
