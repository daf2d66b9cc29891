"""What an action touches: users, objects, tenants, audiences, runs. Two that share something keep their order."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from domain import recipients
from domain.actions.outcomes import Reference
from domain.json_values import Json


def of(action_type: str, payload: Mapping[str, Json]) -> tuple[str, ...]:
    """What an executed action touches, each thing once and as a digest, so that it gives away nobody's id."""
    found = dict.fromkeys(_references(action_type, payload))
    return tuple(hashlib.sha256("\0".join(reference).encode()).hexdigest()[:16] for reference in found)


def _references(action_type: str, payload: Mapping[str, Any]) -> Iterator[Reference]:
    group = action_type.partition("_")[0]
    if group == "audiences":
        yield ("audience", payload["key"])
        for member in payload["members"]:
            yield ("user", member["user_id"])
            if member["tenant"] is not None:
                yield ("tenant", member["tenant"])
    elif group == "workflows":
        yield from _triggering(payload)
    else:
        own = {"users": recipients.USERS, "tenants": recipients.TENANTS}.get(group) or payload["collection"]
        yield recipients.entity(own, payload["object_id"] if "object_id" in payload else payload["id"])
        yield from _named(payload)


def _triggering(payload: Mapping[str, Any]) -> Iterator[Reference]:
    """A trigger without a cancellation key touches no run that anything could be waiting for."""
    yield from _named(payload)
    if payload.get("actor"):
        yield recipients.entity(payload["actor"]["collection"], payload["actor"]["id"])
    if payload.get("tenant"):
        yield ("tenant", payload["tenant"])
    if payload.get("cancellation_key"):
        yield ("runs", payload["key"], payload["cancellation_key"])


def _named(payload: Mapping[str, Any]) -> Iterator[Reference]:
    for recipient in payload.get("recipients", ()):
        yield recipients.entity(recipient["collection"], recipient["id"])
