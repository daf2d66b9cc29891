"""What the text of a variable stands for in a script, and how long it may be."""

import json
from typing import Any, NoReturn

from domain import errors
from domain.json_values import LISTS, OBJECTS, Json

LONGEST = 8_192
"""Bytes of UTF-8 that one value may have."""

MOST_LEVELS = 64
LARGEST_EXACT = 2**53 - 1
"""The largest integer that JavaScript tells from its neighbours (ECMA-262, Number.MAX_SAFE_INTEGER)."""


class TextInvalid(errors.Refused):
    """The value of a variable is too long or holds NUL. The message never shows it: it may be a secret."""


def check(text: str, *, field: str) -> str:
    """`text` itself if it can be the value of a variable; else TextInvalid."""
    size = len(text.encode())
    if size > LONGEST:
        raise TextInvalid(f"{field} has {size} bytes; it must have at most {LONGEST}", field=field)
    if "\0" in text:
        raise TextInvalid(f"{field} holds NUL, which no value may", field=field)
    return text


def text_of(value: Json) -> str:
    """The text that stands for a value: a text for itself, anything else for its JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def typed(text: str) -> Json:
    """What `text` is as JSON, or the text itself where it is none: `true`, `123`, `[1]`; but `007`, `TRUE`, `NaN`.

    A number that a double does not hold exactly, such as a long id, leaves the whole text a text.
    """
    try:
        value: Json = json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=_refused)
        # Half of a surrogate pair can be escaped in JSON, but not be handed on in UTF-8.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return text
    return value if _levels(value) <= MOST_LEVELS else text


def _integer(digits: str) -> int:
    if abs(number := int(digits)) > LARGEST_EXACT:
        raise ValueError(digits)
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits)
    return number


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


def _levels(value: Json) -> int:
    """How deep lists and objects are nested, counted level by level, so that depth costs no recursion."""
    count, level = 0, [value]
    while level := [each for each in level if isinstance(each, LISTS + OBJECTS)]:
        count, level = count + 1, [child for each in level for child in _children(each)]
    return count


def _children(value: Any) -> list[Json]:
    return list(value.values() if isinstance(value, OBJECTS) else value)
