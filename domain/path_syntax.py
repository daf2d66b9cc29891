"""The grammar of paths: text to segments and back. Knows nothing of the values that a path leads to.

    body.data.object.id         names, joined by dots
    body.items[0].id            an element of a list; items.0.id says the same
    body.items[*].id            every element
    body["user.name"]['it\\'s']  any name at all, with \\" \\' and \\\\ for a quote and a backslash

A bare name holds anything but `.`, `[` and `]`: `$schema`, `first name`, `x-id` and `naïve 🐍` need no quotes.
"""

import enum
import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from domain import errors

MAX_LENGTH: Final = 512
MAX_SEGMENTS: Final = 32


class Wildcard(enum.Enum):
    """The segment `[*]`."""

    EACH = "*"


EACH: Final = Wildcard.EACH
Segment: TypeAlias = str | Wildcard

_TOKEN: Final = re.compile(
    r"""(?:\A|(?!\A)\.) (?P<name> [^.\[\]]+ )
      | \[ (?P<index> [0-9]+ ) \]
      | \[ (?P<each> \* ) \]
      | \[" (?P<double> (?: [^"\\] | \\["'\\] )* ) "\]
      | \[' (?P<single> (?: [^'\\] | \\["'\\] )* ) '\]""",
    re.VERBOSE,
)
_BARE: Final = re.compile(r"[^.\[\]]+")
_INDEX: Final = re.compile(r"[0-9]+")


class PathInvalid(errors.Refused):
    """A text is not a path: at the character `position`, counted from 1, there is a `problem`."""

    def __init__(self, text: str, position: int, problem: str) -> None:
        shown = text if len(text) <= 80 else text[:79] + "…"
        super().__init__(f"path {shown!r} is wrong at character {position}: {problem}")
        self.position = position
        self.problem = problem


def split(text: str) -> tuple[Segment, ...]:
    """The segments of a path, at least one. Raises PathInvalid."""
    if len(text) > MAX_LENGTH:
        raise PathInvalid(text, MAX_LENGTH + 1, f"a path has at most {MAX_LENGTH} characters")
    if not text:
        raise PathInvalid(text, 1, "it is empty; name a value, such as body.id")
    segments: list[Segment] = []
    for token in _tokens(text):
        if len(segments) == MAX_SEGMENTS:
            raise PathInvalid(text, token.start() + 1, f"a path has at most {MAX_SEGMENTS} segments")
        segments.append(_segment(text, token))
    return tuple(segments)


def join(segments: Sequence[Segment]) -> str:
    """The text of a path with these segments, quoted where it has to be: `split(join(segments)) == segments`."""
    return "".join(_written(segment, first=index == 0) for index, segment in enumerate(segments))


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise PathInvalid(text, position + 1, _problem(text, position))
        yield token
        position = token.end()


def _segment(text: str, token: re.Match[str]) -> Segment:
    kind = token.lastgroup or ""
    found = token[kind]
    if kind == "each":
        return EACH
    if kind == "name" and found == "*":
        # Elsewhere a bare star means "every element"; taking it for a key would leave the path silently unresolved.
        raise PathInvalid(text, token.start(kind) + 1, 'write [*] for every element, or ["*"] for the name *')
    return re.sub(r"\\(.)", r"\1", found) if kind in {"double", "single"} else found


def _problem(text: str, position: int) -> str:
    here, after = text[position], text[position + 1 : position + 2]
    if here == "." and after == "[":
        return "leave out the dot before a bracket"
    if here == ".":
        return 'a name is missing beside the dot; an empty name is written [""]'
    if here == "]":
        return 'this bracket was never opened; a name with brackets is written ["…"]'
    if here == "[" and after in {'"', "'"}:
        return f"the quoted name must end in {after}] and a backslash in it is written \\\\"
    if here == "[":
        return 'a bracket holds a number from 0, a star or a quoted name: [0], [*] or ["name"]'
    return "a dot or a bracket must follow a closing bracket"


def _written(segment: Segment, *, first: bool) -> str:
    if isinstance(segment, Wildcard):
        return "[*]"
    if not first and _INDEX.fullmatch(segment):
        return f"[{segment}]"
    # The parser trims the whole text, so that a name with spaces at its ends needs quotes to keep them.
    if _BARE.fullmatch(segment) and segment == segment.strip() and segment != "*":
        return segment if first else f".{segment}"
    escaped = segment.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'
