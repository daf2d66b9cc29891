"""Discretion: what a script tells of the secrets that it was given is taken out before anybody can read it."""

from collections.abc import Mapping

import attrs

from domain.json_values import LISTS, OBJECTS, Json
from domain.scripts import Call, Result

SHORTEST = 6
"""Characters of a secret below which it is not looked for: it would be found in what has nothing to do with it."""

REDACTED = "[redacted]"


class Hidden(str):
    """A text that a script may read and compare, but that must not be shown: a secret variable, a credential."""

    __slots__ = ()


def discreet(result: Result, call: Call) -> Result:
    """The result of `call` without the hidden texts that it was given, wherever they stand in it as they are."""
    given = (*call.vars.values(), *call.headers.values())
    hidden = {part for text in given if isinstance(text, Hidden) for part in _parts(text) if len(part) >= SHORTEST}
    if not hidden:
        return result
    longest_first = sorted(hidden, key=len, reverse=True)
    output = _clean(result.output, longest_first)
    assert isinstance(output, Mapping)
    error = None if result.error is None else _without(result.error, longest_first)
    return attrs.evolve(result, output=output, error=error)


def _parts(text: str) -> tuple[str, str]:
    """The text, and what follows its last space: the token of `Bearer token`."""
    return str(text), text.rpartition(" ")[2]


def _clean(value: Json, hidden: list[str]) -> Json:
    if isinstance(value, str):
        return _without(value, hidden)
    if isinstance(value, LISTS):
        return [_clean(each, hidden) for each in value]
    if isinstance(value, OBJECTS):
        return {_without(name, hidden): _clean(each, hidden) for name, each in value.items()}
    return value


def _without(text: str, hidden: list[str]) -> str:
    for secret in hidden:
        text = text.replace(secret, REDACTED)
    return text
