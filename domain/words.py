"""Words: how the texts of a payload are cut up so that it can be found, and likewise what is searched for. Pure."""

import re
from collections.abc import Iterable, Iterator

from domain.json_values import LISTS, OBJECTS, Json

LONGEST = 64
"""Characters of a word that count."""

MOST = 256
"""Distinct words of a payload by which it can be found: the first."""

MOST_SEARCHED = 16
"""Words that can be searched for at once."""

LOOKED_THROUGH = 65_536
"""Characters of a payload's values that are looked through."""

_WORD = re.compile(r"\w+")


def of_text(text: str) -> tuple[str, ...]:
    """The distinct words of a text, in their order: runs of letters, digits and underscores, whatever their case."""
    return tuple(dict.fromkeys(found.group().casefold()[:LONGEST] for found in _WORD.finditer(text)))


def of_payload(payload: Json) -> tuple[str, ...]:
    """The distinct words of the texts and numbers in a payload, not of its names; the first `MOST`, in order."""
    found: dict[str, None] = {}
    for text in _bounded(_texts(payload)):
        found.update(dict.fromkeys(of_text(text)))
        if len(found) >= MOST:
            break
    return tuple(found)[:MOST]


def _bounded(texts: Iterable[str]) -> Iterator[str]:
    left = LOOKED_THROUGH
    for text in texts:
        yield text[:left]
        left -= len(text)
        if left <= 0:
            return


def _texts(payload: Json) -> Iterator[str]:
    """The values in the order of the document. Without recursion: nobody says how deep it goes."""
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, OBJECTS):
            waiting += reversed(list(value.values()))
        elif isinstance(value, LISTS):
            waiting += reversed(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield str(value)
