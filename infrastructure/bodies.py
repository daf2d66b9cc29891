"""Parse the JSON bodies of webhooks strictly and within bounds, and write such values again.

orjson parses, as it is several times faster than the standard library; but it silently turns integers beyond 64 bits
into floats and allows 1,024 levels. What it cannot be trusted with is looked for in the bytes, cheaply, and only then
is the body read the slow way. Nothing but `MalformedBody` is ever raised because of what is in a body.
"""

import codecs
import json
import math
import re
from typing import Any, Literal, cast

import orjson

from domain.errors import Refused
from domain.json_values import Json
from infrastructure import forms

Code = Literal["not_json", "not_an_object", "invalid_utf8", "nested_too_deeply", "number_out_of_range"]

MOST_LEVELS = 64
MOST_DIGITS = 40

# All that decides about the slow way, in one pass: every digit as 0, either opening bracket as {.
_SHAPE = bytes.maketrans(b"123456789[", b"000000000{")
# -2^63 - 1 has 19 digits and 2^64 has 20; every shorter integer fits into 64 bits.
_NINETEEN = b"0" * 19
_BEYOND_64_BITS = (b"0" * 20, b"-" + b"0" * 19)

_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+")
# Possessive and content with an unterminated string, so that the time is linear whatever the text.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_LOOKED_THROUGH = 65_536
_SHOWN = 24

_UTF_16_OR_32 = "is in UTF-16 or UTF-32; send UTF-8 (RFC 8259 §8.1)"
_MARKS = (
    (codecs.BOM_UTF8, "begins with a byte order mark; send it without (RFC 8259 §8.1)"),
    (codecs.BOM_UTF16_LE, _UTF_16_OR_32),
    (codecs.BOM_UTF16_BE, _UTF_16_OR_32),
    (codecs.BOM_UTF32_BE, _UTF_16_OR_32),
)


class MalformedBody(Refused):
    """The body is not what `parse` takes; `code` is stable, the message says what is wrong and where."""

    def __init__(self, message: str, code: Code) -> None:
        super().__init__(f"the body {message}", field="body")
        self.code: Code = code


def read(body: bytes, content_type: str = "") -> dict[str, Json]:
    """Read a body that is a JSON object or, where JSON it is not and its sender says so, a form. Raises `Refused`."""
    try:
        return parse(body)
    except MalformedBody:
        if not forms.announced(content_type):
            raise
    return forms.read(body, parse)


def parse(body: bytes) -> dict[str, Json]:
    """Parse a JSON object (RFC 8259) in UTF-8. Raises `MalformedBody`.

    It may have 64 levels, and numbers within the range of a double (about ±1.8e308) of 40 digits before the exponent.
    Integers are exact; a float too small for a double becomes 0.0. Of equal keys the last counts, as in PostgreSQL and
    JavaScript. NUL is kept; a lone surrogate is refused, since UTF-8 cannot hold it.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _diagnosis(body, error) from None
    if type(value) is not dict:
        raise MalformedBody('is JSON but not an object; wrap it, as in {"data": …}', "not_an_object")
    shape = body.translate(_SHAPE)
    if shape.count(b"{") > MOST_LEVELS:
        _check_levels(value, body)
    if _NINETEEN in shape and any(run in shape for run in _BEYOND_64_BITS):
        return _exact(body)
    return value


def dumps(value: object) -> bytes:
    """Write a value that `parse` can return as compact JSON, integers beyond 64 bits included.

    Raises TypeError, ValueError or RecursionError for what `parse` cannot return.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _check_levels(value: dict[str, Json], body: bytes) -> None:
    """Refuse more than 64 levels. Walks level by level, so that depth costs no recursion."""
    level: list[Any] = [value]
    for _ in range(MOST_LEVELS):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise _too_deep(body.decode())


def _too_deep(text: str) -> MalformedBody:
    # Finding the place is a courtesy that costs far more than the refusal, so a long body is not searched to its end.
    depth = 0
    for token in _BRACKETS.finditer(text, 0, _LOOKED_THROUGH):
        depth += _STEPS.get(token[0], 0)
        if depth > MOST_LEVELS:
            return _deeper(_where(text, token.start()))
    return _deeper(f"after character {_LOOKED_THROUGH}")


def _deeper(where: str) -> MalformedBody:
    return MalformedBody(f"is nested deeper than {MOST_LEVELS} levels {where}", "nested_too_deeply")


def _exact(body: bytes) -> dict[str, Json]:
    """Read the body again with exact integers; orjson has already found it to be an object of few levels."""
    text = body.decode()

    # The place is where the digits first stand, which only a string with the same digits before it could falsify.
    def bounded(number: str) -> str:
        if len(number) > MOST_DIGITS and _digits(number) > MOST_DIGITS:
            raise _out_of_range(number, f"has more than {MOST_DIGITS} digits", _where(text, text.find(number)))
        return number

    exact = json.loads(
        text, parse_int=lambda number: int(bounded(number)), parse_float=lambda number: float(bounded(number))
    )
    return cast(dict[str, Json], exact)


def _digits(number: str) -> int:
    significand = number.lower().partition("e")[0]
    return sum(map(str.isdecimal, significand))


def _diagnosis(body: bytes, error: orjson.JSONDecodeError) -> MalformedBody:
    """Say why orjson refused, judging by the text at the place where it stopped."""
    if not body.strip():
        return MalformedBody("is empty; send a JSON object", "not_json")
    encoding = _wrong_encoding(body)
    if encoding is not None:
        return MalformedBody(encoding, "invalid_utf8")
    text, stop = body.decode(), error.pos
    if "limit" in error.msg:
        return _deeper(_where(text, stop))
    if text[stop : stop + 3].lower() == r"\ud":
        where = _where(text, stop)
        return MalformedBody(f"has half of a surrogate pair {where}, which UTF-8 cannot hold", "invalid_utf8")
    number = _NUMBER.match(text, stop)
    if number and math.isinf(float(number[0])):
        return _out_of_range(number[0], "is beyond ±1.8e308", _where(text, stop))
    return MalformedBody(f"is not JSON: {_what(error, text)} {_where(text, stop)}", "not_json")


def _what(error: orjson.JSONDecodeError, text: str) -> str:
    """What orjson objects to; the comma that a template leaves after its last element is told of with what follows."""
    if "trailing comma" not in error.msg:
        return error.msg
    return f"a trailing comma stands before {text[error.pos + 1 :].lstrip()[:1]}"


def _wrong_encoding(body: bytes) -> str | None:
    for mark, meaning in _MARKS:
        if body.startswith(mark):
            return meaning
    if b"\x00" in body[:2]:
        return _UTF_16_OR_32
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"is not UTF-8: invalid byte 0x{body[error.start]:02x} at byte offset {error.start}"
    return None


def _out_of_range(number: str, what: str, where: str) -> MalformedBody:
    shown = number if len(number) <= _SHOWN else f"{number[:_SHOWN]}…"
    return MalformedBody(f"has the number {shown}, which {what}, {where}", "number_out_of_range")


def _where(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"at line {line}, column {column}"
