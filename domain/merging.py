"""How properties of the directory change: what comes in is laid over what is there. Nothing is ever taken away."""

from collections.abc import Mapping

from domain.json_values import OBJECTS, Json


def merge(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    """`new` over `old`: objects merge member by member, at any depth; everything else, lists and null too, replaces.

    Changes neither; the result may share unchanged parts with both. It calls itself only as deep as both are nested,
    and bodies are nested 64 deep at most.
    """
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        if isinstance(before, OBJECTS) and isinstance(value, OBJECTS):
            merged[key] = merge(before, value)
        else:
            merged[key] = value
    return merged


def lacking(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    """Those members of `new` that `old` has not, or has as null, at any depth: merged into `old` they take nothing."""
    found: dict[str, Json] = {}
    for key, value in new.items():
        before = old.get(key)
        if before is None:
            found[key] = value
        elif isinstance(before, OBJECTS) and isinstance(value, OBJECTS) and (inner := lacking(before, value)):
            found[key] = inner
    return found
