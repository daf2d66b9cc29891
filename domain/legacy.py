"""The legacy dialects: one call per request, the event's name in `event`, the same answer to all: 204."""

from collections.abc import Mapping

from domain.json_values import Json
from domain.settings import Dialect

TEXTS = ("userId", "messageId", "timestamp")
CDP_CALLS = ("track", "identify", "page", "screen", "group", "alias")
"""The calls of Segment's specification, which RudderStack shares (https://segment.com/docs/connections/spec)."""

CALLS: Mapping[Dialect, tuple[str, ...]] = {"current": (), "legacy": ("track",), "legacy_cdp": CDP_CALLS}


def problem(body: Mapping[str, Json], dialect: Dialect) -> str | None:
    """What is wrong with a body in a legacy dialect, in words; None when it is well-formed, or not legacy at all."""
    calls = CALLS[dialect]
    if not calls:
        return None
    kind, wanted = body.get("type"), " or ".join(f'"{call}"' for call in calls)
    if kind not in calls:
        return (
            f"type is {kind!r:.80}; it must be {wanted}"
            if kind is not None
            else f"type is missing; it must be {wanted}"
        )
    event = body.get("event")
    if kind == "track" and (not isinstance(event, str) or not event):
        return "event is missing; it must be the name of the event, a text"
    for name in ("properties", "traits"):
        if not isinstance(body.get(name), Mapping | None):
            return f"{name} must be an object"
    wrong = next((name for name in TEXTS if not isinstance(body.get(name), str | None)), None)
    return f"{wrong} must be a text" if wrong else None
