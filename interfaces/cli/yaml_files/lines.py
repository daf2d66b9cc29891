"""Differences in words: a line for each, fit for a terminal whatever stands in the values."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Literal

import attrs

from domain.json_values import OBJECTS, Json

Sign = Literal["+", "-", "~", "?", " "]
LONGEST_VALUE = 200


@attrs.frozen
class Line:
    """One difference in words: what comes (+), goes (-), changes (~), or may be another than it was (?)."""

    sign: Sign
    words: str


def setting_lines(wanted: Mapping[str, Json], present: Mapping[str, Json]) -> Iterator[Line]:
    """A line for each setting; for a script those that differ."""
    for name, value in wanted.items():
        before = present.get(name)
        if name != "preprocess_script":
            yield changed(name, before, value)
        else:
            yield from text_lines(name, _source(before), _source(value))


def changed(name: str, before: Json, after: Json) -> Line:
    """One value and what becomes of it."""
    return Line("~", f"{name}: {brief(before)} → {brief(after)}")


def text_lines(name: str, before: str, after: str) -> Iterator[Line]:
    """The lines in which a text differs."""
    yield Line("~", f"{name}:")
    unified = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    changes = [each for each in unified if each[:1] in "+- "][2:]
    for each in changes or ["~(the ends of its lines)"]:
        yield Line(_SIGNS[each[0]], f"    {visible(each[1:])}")


_SIGNS: Mapping[str, Sign] = {"+": "+", "-": "-", " ": " ", "~": "~"}


def _source(script: Json) -> str:
    return str(script["source"]) if isinstance(script, OBJECTS) else ""


def brief(value: Json) -> str:
    """A value as JSON on one line, its middle left out where it is long."""
    text = visible(json.dumps(value, ensure_ascii=False))
    if len(text) <= LONGEST_VALUE:
        return text
    half = LONGEST_VALUE // 2
    return f"{text[:half]} … {text[-half:]}"


def visible(text: str) -> str:
    """The text with what would move the cursor or colour a terminal spelt out."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
