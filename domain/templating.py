"""String templates such as `amplitude-{{ body.cohort_id }}`: text with holes, each of which names a path.

There are no filters, conditions or loops, and there never will be: whoever needs more writes a preprocess script.
A single brace is ordinary text. Inside a hole braces stand in quotes only: `{{ body["{id}"] }}`.
"""

import re
from typing import Final

import attrs

from domain import errors, paths
from domain.json_values import Json
from domain.paths import UNRESOLVED, Path, Unresolved

MAX_LENGTH: Final = 2_048
MAX_HOLES: Final = 32
MAX_VALUE_LENGTH: Final = 65_536  # keeps 32 holes on a body of 10 MB from making a string of 320 MB

# Possessive (*+), since a quoted name could also be read character by character, in exponentially many ways.
_HOLE: Final = re.compile(
    r"""\{\{ (?P<path> (?: \["(?:[^"\\]|\\.)*"\] | \['(?:[^'\\]|\\.)*'\] | [^{}] )*+ ) \}\}""",
    re.VERBOSE | re.DOTALL,
)


class TemplateInvalid(errors.Refused):
    """A text is not a template; `position` is the character at fault, counted from 1."""

    def __init__(self, text: str, position: int, problem: str) -> None:
        shown = text if len(text) <= 80 else text[:79] + "…"
        super().__init__(f"template {shown!r} is wrong at character {position}: {problem}")
        self.position = position


@attrs.frozen
class Template:
    """A parsed template: `text` as the user wrote it, `parts` its literal texts and paths in order. Made by `parse`."""

    text: str
    parts: tuple[str | Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of the holes, in order."""
        return tuple(part for part in self.parts if isinstance(part, Path))


def parse(text: str) -> Template:
    """The template that `text` spells, with at least one hole. Raises TemplateInvalid, which says where and why."""
    if len(text) > MAX_LENGTH:
        raise TemplateInvalid(text, MAX_LENGTH + 1, f"a template has at most {MAX_LENGTH} characters")
    parts: list[str | Path] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        parts += _literal(text, position, start)
        hole = _hole(text, start)
        parts.append(_path(text, hole))
        position = hole.end()
    parts += _literal(text, position, len(text))
    return _checked(Template(text, tuple(parts)))


def render(template: Template, context: paths.Context) -> str | Unresolved:
    """The text with every hole filled, as JSON writes scalars: `true`, `17`, `0.5`; strings without their quotes.

    UNRESOLVED as soon as one hole is unresolved, null, a list, an object or a string of over 65,536 characters: half
    a key would be worse than none.
    """
    texts = []
    for part in template.parts:
        text = part if isinstance(part, str) else _scalar(paths.resolve(part, context))
        if text is None:
            return UNRESOLVED
        texts.append(text)
    return "".join(texts)


def unfilled(template: Template, context: paths.Context) -> Path | None:
    """The first hole that keeps the template from being rendered; None when every hole can be filled."""
    return next((path for path in template.paths if _scalar(paths.resolve(path, context)) is None), None)


def _literal(text: str, start: int, end: int) -> list[str]:
    stray = text.find("}}", start, end)
    if stray >= 0:
        raise TemplateInvalid(text, stray + 1, "}} closes a hole that was never opened with {{")
    return [text[start:end]] if start < end else []


def _hole(text: str, start: int) -> re.Match[str]:
    hole = _HOLE.match(text, start)
    if hole is None:
        raise TemplateInvalid(text, start + 1, "{{ needs a path and }}; braces in the path stand in quotes")
    return hole


def _path(text: str, hole: re.Match[str]) -> Path:
    inner = hole["path"]
    try:
        return paths.parse(inner)
    except paths.PathInvalid as invalid:
        before = hole.start("path") + len(inner) - len(inner.lstrip())
        raise TemplateInvalid(text, before + invalid.position, invalid.problem) from invalid


def _checked(template: Template) -> Template:
    holes = len(template.paths)
    if holes > MAX_HOLES:
        raise TemplateInvalid(template.text, len(template.text), f"a template has at most {MAX_HOLES} holes")
    if not holes:
        # Most likely { body.id } with single braces, which would go out as it stands.
        raise TemplateInvalid(template.text, 1, 'it has no hole {{ path }}; a constant is written {"value": …}')
    return template


def _scalar(value: Json | Unresolved) -> str | None:
    if isinstance(value, str):
        return value if len(value) <= MAX_VALUE_LENGTH else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return None
