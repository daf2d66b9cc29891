"""What is wrong with files: collected until all of it is known, then told at once, each with file and line.

No message repeats a value that may be a secret.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from domain import slugs
from domain.errors import Refused
from domain.json_values import OBJECTS, Json, a_type
from interfaces.cli.yaml_files import yaml_text
from interfaces.cli.yaml_files.yaml_text import Document, Place


@attrs.frozen(order=True)
class Problem:
    """One mistake."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words}"


class FilesRefused(Refused):
    """The files cannot be pushed; the message lists everything that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        listed = "".join(f"\n  {problem}" for problem in sorted(problems))
        super().__init__(f"{'1 mistake' if len(problems) == 1 else f'{len(problems)} mistakes'} in the files:{listed}")


@attrs.frozen
class Spot:
    """A value in a file. Its mistakes are added to `problems`."""

    document: Document
    value: Json
    problems: list[Problem] = attrs.field(repr=False)
    place: Place = ()

    def __str__(self) -> str:
        return path(self.place)

    def refuse(self, words: str) -> None:
        """It is a mistake; `words` say why and what would be right."""
        said = f"{self} {words}" if self.place else words
        self.problems.append(Problem(self.document.file, self.document.line(self.place), said))

    def quote(self, words: str) -> None:
        """It is a mistake, told in words that name the place already."""
        self.problems.append(Problem(self.document.file, self.document.line(self.place), words))

    def told(self, refused: Refused, was: str) -> None:
        """It is a mistake, told in words that call this place `was`."""
        words = str(refused).replace(was, str(self))
        field = (refused.field or was).replace(was, str(self))
        self.problems.append(Problem(self.document.file, _line_of(self.document, field), words))

    def at(self, name: str | int, value: Json = None) -> "Spot":
        """What stands, or would stand, below it."""
        return attrs.evolve(self, value=value, place=(*self.place, name))

    def each(self) -> Iterator[tuple[str, "Spot"]]:
        """The members of an object; nothing else has any."""
        if isinstance(self.value, OBJECTS):
            for name, value in self.value.items():
                yield name, self.at(name, value)
        elif self.value is not None:
            self.refuse(f"is {a_type(self.value)}; it must be an object")

    def members(self, known: Sequence[str]) -> dict[str, "Spot"]:
        """The members that are not null; those that are not `known` are refused."""
        found = dict(self.each())
        for name in found.keys() - set(known):
            found[name].refuse(f"is not known here; there are {', '.join(known)}")
        return {name: spot for name, spot in found.items() if name in known and spot.value is not None}

    def items(self) -> list["Spot"]:
        """The elements of a list; nothing else has any."""
        if isinstance(self.value, list):
            return [self.at(index, value) for index, value in enumerate(self.value)]
        self.refuse(f"is {a_type(self.value)}; it must be a list")
        return []

    def text(self, *, blank: bool = False) -> str:
        """The text that it is, which may be `blank` only if told."""
        if isinstance(self.value, str) and (blank or self.value.strip()):
            return self.value
        self.refuse("must be a text" if blank else "must be a text that is not empty")
        return ""


def path(place: Place) -> str:
    """`environments.production.mappings[0].with`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


def _line_of(document: Document, field: str) -> int:
    """The line of what messages call `field`, or of what it would stand in."""
    around = (place for place in document.lines if re.match(rf"{re.escape(path(place))}(?![^.[])", field))
    return document.line(max(around, key=len, default=()))


def content(file: str, text: str, problems: list[Problem]) -> Spot | None:
    """What a file holds; None of one that is no YAML, which is a mistake."""
    try:
        document = yaml_text.read(file, text)
    except yaml_text.Unreadable as problem:
        problems.append(Problem(file, problem.line or 1, str(problem)))
        return None
    return Spot(document, document.value, problems)


def check_slug(spot: Spot, slug: str, what: str) -> None:
    """It is a mistake if `slug` is none."""
    try:
        slugs.check(slug, field=what)
    except slugs.SlugInvalid as refused:
        spot.quote(str(refused))


def check_environments(spot: Spot, slugs: Iterable[str | None], known: Sequence[str]) -> None:
    """It is a mistake if one of the `environments` at `spot` is not known to the server."""
    for slug in slugs:
        if slug is not None and slug not in known:
            words = f"is no environment of the server, which has {', '.join(known)}"
            spot.at("environments").at(slug).refuse(words)


def required(spot: Spot, given: dict[str, Spot], name: str, example: str) -> str:
    """The text at a member that must be there."""
    if name not in given:
        spot.at(name).refuse(f"is missing; write {name}: {example}")
        return ""
    return given[name].text()


def optional(given: dict[str, Spot], name: str) -> str | None:
    """The text at a member that may be missing."""
    return given[name].text(blank=True) if name in given else None


def flag(spot: Spot | None, *, otherwise: bool) -> bool:
    """The true or false at a member that may be missing."""
    if spot is None:
        return otherwise
    if not isinstance(spot.value, bool):
        spot.refuse("must be true or false")
    return spot.value is True
