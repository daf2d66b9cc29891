"""What went wrong, in words that anybody who may see the webhook may read: secrets are taken out."""

from collections.abc import Iterator, Mapping

from domain.json_values import LISTS, OBJECTS, Json
from infrastructure.scripts import limits
from infrastructure.scripts.reports import Report

_SHORTEST_SECRET = 4
_SHORTEST_PIECE = 8
_LONGEST = 300


def words(report: Report, variables: Mapping[str, Json] | None = None) -> str:
    """What a report says that has no result: one line, without the values of variables, with the place at its end."""
    told = limits.WORDS.get(report.status) or scrub(report.text.decode(errors="replace"), variables or {})
    line = " ".join(told.split())
    if len(line) > _LONGEST:
        line = f"{line[:_LONGEST]}…"
    return f"{line} (line {report.line}, column {report.column})" if report.line else line


def scrub(text: str, variables: Mapping[str, Json]) -> str:
    """The text with `[vars.NAME]` wherever a variable's value stood, or eight characters or more of one.

    Pieces count because messages are cut: an engine that quotes what it could not parse quotes only so much of it.
    Values of fewer than four characters stay.
    """
    hidden: list[str | None] = [None] * len(text)
    for name, value in variables.items():
        for secret in _texts(value):
            for start, end in _pieces(text, secret):
                hidden[start:end] = [name] * (end - start)
    return _replaced(text, hidden)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, LISTS):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, OBJECTS):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # A variable that was entered as digits is a number here.
        yield str(value)


def _pieces(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """From where to where the secret or a piece of it stands in the text."""
    size = min(len(secret), _SHORTEST_PIECE)
    if size < _SHORTEST_SECRET:
        return
    pieces = {secret[start : start + size] for start in range(len(secret) - size + 1)}
    for start in range(len(text) - size + 1):
        if text[start : start + size] in pieces:
            yield start, start + size


def _replaced(text: str, hidden: list[str | None]) -> str:
    shown, before = [], None
    for character, name in zip(text, hidden, strict=True):
        if name is None:
            shown.append(character)
        elif name != before:
            shown.append(f"[vars.{name}]")
        before = name
    return "".join(shown)
