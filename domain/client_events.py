"""What client libraries for events send: Segment's calls and PostHog's captures, each made into one event.

Segment's HTTP API (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/) is also that of
RudderStack and Jitsu. Nothing that a client says is taken away but its write key; what is added stands here.
"""

from collections.abc import Mapping

import attrs

from domain.json_values import Json

KEYS = ("writeKey", "api_key")
"""Where a body names its write key: Segment's word for it and PostHog's."""

SHARED = ("context", "integrations")
"""What a batch says once for all its events."""

PERSON = ("$set", "$set_once")
"""What a capture says about the person."""

Event = Mapping[str, Json]


@attrs.frozen
class Unreadable:
    """An element of a batch that is no event: what of it can be kept, a stable code, and words."""

    body: bytes
    code: str
    message: str


def write_key(body: Event) -> str | None:
    """The write key that a body names."""
    return next((value for name in KEYS if isinstance(value := body.get(name), str)), None)


def called(body: Event, kind: str) -> Event:
    """The event of a call that has a request of its own, which says in its path what `kind` it is."""
    event = _without_keys(body)
    return event if event.get("type") is not None else {**event, "type": kind}


def batched(event: Event, envelope: Event) -> Event:
    """An event of a batch, with the context and integrations of the batch where it has none of its own.

    Segment merges the two, so a member of the event's own context counts before one of the batch's.
    """
    merged = {name: _merged(envelope.get(name), event.get(name)) for name in SHARED if envelope.get(name)}
    return {**_without_keys(event), **merged} if merged else _without_keys(event)


def captured(event: Event) -> Event:
    """A PostHog capture under the names that PostHog's destinations use: `messageId`, `userId`, `properties.$set`.

    Its clients put `$set` beside the properties; PostHog puts it among them, where what is there already counts more.
    """
    named = {
        name: event[theirs]
        for name, theirs in (("messageId", "uuid"), ("userId", "distinct_id"))
        if event.get(name) is None and event.get(theirs) is not None
    }
    properties, beside = event.get("properties"), {name: event[name] for name in PERSON if event.get(name)}
    if beside and isinstance(properties, Mapping | None):
        within = properties or {}
        person = {name: _merged(value, within.get(name)) for name, value in beside.items()}
        named["properties"] = {**within, **person}
    return {**event, **named} if named else event


def _without_keys(event: Event) -> Event:
    if event.keys().isdisjoint(KEYS):
        return event
    return {name: value for name, value in event.items() if name not in KEYS}


def _merged(below: Json, above: Json) -> Json:
    if above is None:
        return below
    return {**below, **above} if isinstance(below, Mapping) and isinstance(above, Mapping) else above
