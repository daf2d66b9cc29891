"""Paths: where in a webhook a value stands (`body.data.object.id`), how to find it, and what was probably meant.

A path walks plain JSON objects and lists and never Python attributes: `__class__` is a key like any other. Its grammar
is in `path_syntax`. It is resolved against a *context*, an object whose keys are the namespaces:

- `body`, `headers` (their names in lower case) and `preprocess`; legacy sources add `data`, `user_id` and so on. Any
  other first name means `body.<name>`, unless it is reserved: what a sender puts into its body must never pass for a
  header or a script's output.
- Digits are an index on a list, counted from 0, and a name on an object. Names are case-sensitive, but for headers.
- `[*]` walks all elements of a list and leaves out those in which the rest is missing. Each further `[*]` flattens:
  `a[*].b[*].c` is one flat list. If the rest is missing in every element, the path is unresolved, so that a mistyped
  name shows up as one; of an empty list it is an empty list.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Final, TypeAlias

import attrs

from domain import path_syntax
from domain.json_values import LISTS, OBJECTS, UNRESOLVED, Json, Unresolved
from domain.path_syntax import EACH, PathInvalid, Segment, Wildcard

__all__ = ["UNRESOLVED", "Context", "Path", "PathInvalid", "Unresolved", "nearest", "parse", "resolve"]

Context: TypeAlias = Mapping[str, Json]
RESERVED: Final = frozenset({"body", "headers", "preprocess", "vars"})

# What `nearest` looks at, so that a huge body costs little more than a common one: keys of an object, characters of a
# key, names to respell, objects to search and how deep.
_KEYS: Final = 100
_KEY_LENGTH: Final = 64
_RESPELLINGS: Final = 2
_CLOSENESS: Final = 0.75
_SEARCHED: Final = 100
_DEPTH: Final = 6


@attrs.frozen
class Path:
    """A parsed path: `text` as the user wrote it, `segments` as they are looked up. Made by `parse` only."""

    text: str
    segments: tuple[Segment, ...]

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """The path that `text` spells, spaces around it ignored. Raises PathInvalid, which says where and why."""
    text = text.strip()
    match path_syntax.split(text):
        case ("headers", str(name), *rest):
            return Path(text, ("headers", name.lower(), *rest))
        case segments:
            return Path(text, segments)


def resolve(path: Path, context: Context) -> Json | Unresolved:
    """The value at `path`, or UNRESOLVED; never raises. Takes time in proportion to the elements that `[*]` walks."""
    segments = path.segments
    first = segments[0]
    if isinstance(first, str) and first in context:
        return _walk(context[first], segments[1:])
    if first in RESERVED:
        return UNRESOLVED
    return _walk(context.get("body"), segments)


def nearest(path: Path, context: Context) -> str | None:
    """For an unresolved path, the text of the most similar path that does resolve; None if there is nothing at all.

    Looks for names spelled alike, then for the same last name elsewhere, then for the part of the path that exists.
    Costs up to some milliseconds, so ask for it when somebody wants to know, not for every webhook.
    """
    first = path.segments[0]
    wanted = path.segments if first in context or first in RESERVED else ("body", *path.segments)
    for search in (_respelled, _elsewhere, _existing):
        found = search(context, wanted)
        if found and (text := _usable(found)) is not None:
            return text
    return None


def _walk(value: Json | Unresolved, segments: tuple[Segment, ...]) -> Json | Unresolved:
    for segment in segments:
        if isinstance(value, OBJECTS):
            value = value.get(segment, UNRESOLVED)
        elif isinstance(value, LISTS):
            if segment is EACH:
                return _each(value, segments[segments.index(EACH) + 1 :])
            value = _element(value, segment)
        else:
            return UNRESOLVED
    return value


def _element(elements: Sequence[Json], segment: str) -> Json | Unresolved:
    if not (segment.isascii() and segment.isdigit()):
        return UNRESOLVED
    index = int(segment)
    return elements[index] if index < len(elements) else UNRESOLVED


def _each(elements: Sequence[Json], rest: tuple[Segment, ...]) -> Json | Unresolved:
    values = [value for element in elements if (value := _walk(element, rest)) is not UNRESOLVED]
    if elements and not values:
        return UNRESOLVED
    if EACH in rest:
        return [inner for value in values if isinstance(value, list) for inner in value]
    return values


def _usable(segments: tuple[Segment, ...]) -> str | None:
    """The text of these segments, if it reads back as the same ones: a key may be too long to be written as a path."""
    text = path_syntax.join(segments)
    try:
        return text if parse(text).segments == segments else None
    except PathInvalid:
        return None


def _child(value: Json | Unresolved, segment: Segment) -> Json | Unresolved:
    """What `nearest` takes for the value under `segment`; the first element stands for every element."""
    return _walk(value, ("0",) if segment is EACH and isinstance(value, LISTS) else (segment,))


def _respelled(value: Json, wanted: tuple[Segment, ...], left: int = _RESPELLINGS) -> tuple[Segment, ...] | None:
    """A path like `wanted` that exists under `value`, with at most `left` of its segments changed."""
    if not wanted:
        return ()
    first, rest = wanted[0], wanted[1:]
    child = _child(value, first)
    if child is not UNRESOLVED:
        found = _respelled(child, rest, left)
        return None if found is None else (first, *found)
    tries = (_respelled(value, (*other, *rest), left - 1) for other in _alternatives(value, first) if left)
    return next((found for found in tries if found is not None), None)


def _alternatives(value: Json, segment: Segment) -> Iterable[tuple[Segment, ...]]:
    if isinstance(value, LISTS):
        beyond_the_end = isinstance(segment, str) and segment.isdigit()
        return (("0",),) if beyond_the_end else ((EACH, segment),)
    if not isinstance(value, OBJECTS):
        return ()
    if isinstance(segment, Wildcard):
        return ((),)  # what was taken for a list is a single object
    return ((name,) for name in _alike(segment, value))


def _alike(name: str, among: Mapping[str, Json]) -> Iterator[str]:
    if len(name) <= _KEY_LENGTH:
        keys = {key.casefold(): key for key in islice(among, _KEYS) if len(key) <= _KEY_LENGTH}
        yield from (keys[close] for close in get_close_matches(name.casefold(), keys, cutoff=_CLOSENESS))


def _elsewhere(context: Context, wanted: tuple[Segment, ...]) -> tuple[Segment, ...] | None:
    """Where the last name of `wanted` occurs, by the longest common end and then the shortest way."""
    names = [segment for segment in wanted if isinstance(segment, str) and not segment.isdigit()]
    places = _places(context, names[-1], EACH if EACH in wanted else "0") if names else ()
    return max(places, key=lambda place: (_common_end(place, wanted), -len(place)), default=None)


def _places(context: Context, name: str, element: Segment) -> Iterator[tuple[Segment, ...]]:
    queue: deque[tuple[tuple[Segment, ...], Json]] = deque([((), context)])
    for _ in range(_SEARCHED):
        if not queue:
            return
        place, value = queue.popleft()
        for segment, child in _children(value, element):
            if segment == name:
                yield (*place, segment)
            if len(place) < _DEPTH and isinstance(child, OBJECTS + LISTS):
                queue.append(((*place, segment), child))


def _children(value: Json, element: Segment) -> Iterable[tuple[Segment, Json]]:
    if isinstance(value, OBJECTS):
        return islice(value.items(), _KEYS)
    return ((element, child) for child in value[:1]) if isinstance(value, LISTS) else ()


def _common_end(one: Sequence[Segment], other: Sequence[Segment]) -> int:
    pairs = enumerate(zip(reversed(one), reversed(other), strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def _existing(context: Context, wanted: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The longest beginning of `wanted` that exists."""
    value: Json | Unresolved = context
    for index, segment in enumerate(wanted):
        value = _child(value, segment)
        if value is UNRESOLVED:
            return wanted[:index]
    return wanted
