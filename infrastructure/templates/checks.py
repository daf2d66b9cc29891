"""Checks of single values in a template file. Each gives the value back, or raises `Refused` with the field's name."""

from collections.abc import Collection, Mapping, Sequence

from domain.errors import Refused
from domain.json_values import LISTS, Json, type_name


def wrong(field: str, problem: str) -> Refused:
    """The refusal of what stands at `field`."""
    return Refused(f"{field} {problem}", field=field)


def mapping(raw: Json, field: str) -> Mapping[str, Json]:
    """An object."""
    if not isinstance(raw, Mapping):
        raise wrong(field, f"is a {type_name(raw)}; it must be an object")
    return raw


def members(raw: Json, field: str, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Json]:
    """An object with all of the required members, perhaps some of the optional ones, and no others."""
    given = mapping(raw, field or "the file")
    for name in given:
        if name not in required and name not in optional:
            known = ", ".join((*required, *optional))
            raise wrong(_member(field, name), f"is not a field of a template; the fields there are {known}")
    for name in required:
        if name not in given:
            raise wrong(_member(field, name), "is missing")
    return given


def text(raw: Json, field: str) -> str:
    """A text that is not empty."""
    if not isinstance(raw, str) or not raw.strip():
        raise wrong(field, f"is {raw!r:.80}; it must be a text that is not empty")
    return raw


def url(raw: Json, field: str) -> str:
    """The address of a web page."""
    address = text(raw, field)
    if not address.startswith("https://"):
        raise wrong(field, f"is {address!r:.80}; it must begin with https://")
    return address


def optional_url(raw: Json, field: str) -> str | None:
    """The address of a web page, or null."""
    return None if raw is None else url(raw, field)


def switch(raw: Json, field: str) -> bool:
    """True or false."""
    if not isinstance(raw, bool):
        raise wrong(field, f"is {raw!r:.80}; it must be true or false")
    return raw


def entries(raw: Json, field: str) -> Sequence[tuple[str, Json]]:
    """The elements of a list, each with the name of its place."""
    if not isinstance(raw, LISTS):
        raise wrong(field, f"is a {type_name(raw)}; it must be a list")
    return [(f"{field}[{index}]", entry) for index, entry in enumerate(raw)]


def some_entries(raw: Json, field: str) -> Sequence[tuple[str, Json]]:
    """The elements of a list that has at least one."""
    found = entries(raw, field)
    if not found:
        raise wrong(field, "is an empty list; it needs at least one entry")
    return found


def _member(field: str, name: object) -> str:
    return f"{field}.{name}" if field else str(name)
