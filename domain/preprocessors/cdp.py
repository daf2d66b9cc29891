"""Customer data platforms, which all speak as Segment does: calls of a type, track calls with an event, traits.

Facts from Segment's spec (https://segment.com/docs/connections/spec/) and RudderStack's, whose libraries put traits
into the context where others put them at the top.
"""

from collections.abc import Mapping

from domain.json_values import Json
from domain.preprocessors import readings

OUTPUTS: Mapping[str, str] = {
    "event_type": "track/ and the event's name for a track call, track where it has no name; otherwise the call's type",
    "traits": "traits of the context overlaid by the call's own traits",
}
LEGACY_OUTPUTS: Mapping[str, str] = {
    "event_type": "the event's name for a track call; otherwise the call's type",
    "traits": "traits of the context overlaid by the call's own traits",
    "properties": "those traits that have no place of their own in a user: all but name, email, phone, avatar, "
    "locale and timezone",
}
PLACED = frozenset({"name", "email", "phone", "avatar", "locale", "timezone"})
"""Traits with a place of their own in a user."""


def derive(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `OUTPUTS`."""
    kind, name = _named(body)
    composite = f"track/{name}" if kind == "track" and name else kind
    return readings.present({"event_type": composite, "traits": _traits(body)})


def derive_legacy(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `LEGACY_OUTPUTS`."""
    kind, name = _named(body)
    traits = _traits(body)
    rest = None if traits is None else {trait: value for trait, value in traits.items() if trait not in PLACED}
    return readings.present(
        {"event_type": name if kind == "track" else kind, "traits": traits, "properties": rest},
    )


def _named(body: Mapping[str, Json]) -> tuple[str | None, str | None]:
    return readings.text(body.get("type")), readings.text(body.get("event"))


def _traits(body: Mapping[str, Json]) -> Mapping[str, Json] | None:
    of_context, own = readings.mapping(body.get("context")).get("traits"), body.get("traits")
    if not isinstance(of_context, Mapping) and not isinstance(own, Mapping):
        return None
    return {**readings.mapping(of_context), **readings.mapping(own)}
