"""The legacy dialect: one `track` call per request, the event's name in `event`."""

from collections.abc import Mapping

from domain.json_values import Json

TEXTS = ("userId", "messageId", "timestamp")


def problem(body: Mapping[str, Json]) -> str | None:
    """What is wrong with a legacy body, in words; None when it is well-formed."""
    kind = body.get("type")
    if kind != "track":
        return f'type is {kind!r}; it must be "track"' if kind is not None else 'type is missing; it must be "track"'
    event = body.get("event")
    if not isinstance(event, str) or not event:
        return "event is missing; it must be the name of the event, a text"
    if not isinstance(body.get("properties"), Mapping | None):
        return "properties must be an object"
    wrong = next((name for name in TEXTS if not isinstance(body.get(name), str | None)), None)
    return f"{wrong} must be a text" if wrong else None
