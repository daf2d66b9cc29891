"""Coercion and checks of single values: ids, texts, maps and lists."""

import json
from collections.abc import Mapping, Sequence

from domain.actions.outcomes import unfit
from domain.json_values import Json, a_type

LONGEST_ID = 256
MOST_BYTES = 262_144
"""What one user, object, tenant or subscription may be described with, as compact JSON."""

ENVELOPE_KEYS = frozenset({"id", "__typename", "updated_at"})


def identifier(value: Json, field: str) -> str:
    """An id: a text of 1–256 characters without NUL; integers become their digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise unfit(field, f"{field} is {a_type(value)}; it must be a text or an integer")
    if not 0 < len(value) <= LONGEST_ID or "\0" in value:
        raise unfit(field, f"{field} must be 1 to {LONGEST_ID} characters without NUL; it has {len(value)}")
    return value


def text(value: Json, field: str) -> str | None:
    """A text or null; numbers become text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise unfit(field, f"{field} is {a_type(value)}; it must be a text")


def mapping(value: Json, field: str) -> Mapping[str, Json]:
    """An object."""
    if not isinstance(value, Mapping):
        raise unfit(field, f"{field} is {a_type(value)}; it must be an object")
    return value


def size(described: Json) -> int:
    """The bytes of compact JSON."""
    return len(json.dumps(described, ensure_ascii=False, separators=(",", ":"), default=dict).encode())


def bounded(described: Mapping[str, Json], field: str) -> Mapping[str, Json]:
    """The same, if it is no more than 256 KiB."""
    found = size(described)
    if found > MOST_BYTES:
        message = f"{field} is {found:,} bytes of JSON; at most {MOST_BYTES:,} are allowed"
        raise unfit(field, message, "properties_too_large")
    return described


def flag(value: Json, field: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise unfit(field, f"{field} is {a_type(value)}; it must be true or false")
    return value


def as_list(value: Json) -> Sequence[Json]:
    """A list as it is, anything else as the only element of one."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def texts(values: Mapping[str, Json], names: Sequence[str]) -> dict[str, Json]:
    """Those of `names` that have a value, as texts; a null stays, since it overwrites."""
    return {name: text(values[name], name) for name in names if name in values}


def properties(values: Mapping[str, Json], *, reserved: frozenset[str] = ENVELOPE_KEYS) -> dict[str, Json]:
    """The custom properties without the keys that the entity itself owns; a null map means none."""
    given = values.get("properties")
    if given is None:
        return {}
    return {name: value for name, value in mapping(given, "properties").items() if name not in reserved}
