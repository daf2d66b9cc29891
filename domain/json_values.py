"""Values as they come out of a JSON parser. Read-only by convention: nobody changes what somebody else parsed."""

import enum
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

# Covariant on purpose, so that a `dict[str, str]` of headers is Json too. At run time a list is a list or a tuple and
# an object a dict or a read-only view of one; code that walks values asks for exactly these (see LISTS and OBJECTS).
Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

LISTS: Final = (list, tuple)
OBJECTS: Final = (dict, MappingProxyType)


class Unresolved(enum.Enum):
    """The absence of a value, which is not null: null is a value that somebody sent."""

    UNRESOLVED = "unresolved"


UNRESOLVED: Final = Unresolved.UNRESOLVED

# bool is an int to Python, so it has to come first.
_NAMES: Final = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (LISTS, "list"),
    (OBJECTS, "object"),
)


def type_name(value: Json) -> str:
    """The type of `value` in JSON's words: string, integer, number, boolean, null, list or object."""
    if value is None:
        return "null"
    for kind, name in _NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


def a_type(value: Json) -> str:
    """The type of `value` as a sentence says it: "a string", "an object", "an integer", "null"."""
    name = type_name(value)
    if name == "null":
        return name
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def same(left: Json, right: Json) -> bool:
    """Whether JSON writes both alike but for the order of members. To Python true equals 1, and 1 equals 1.0."""
    if isinstance(left, OBJECTS) and isinstance(right, OBJECTS):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    if isinstance(left, LISTS) and isinstance(right, LISTS):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right
