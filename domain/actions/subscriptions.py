"""Subscriptions: recipients follow an object, or follow it no more."""

from collections.abc import Mapping

from domain import recipients, subscribers
from domain.actions import values
from domain.actions.outcomes import Done, Facts, Prepared
from domain.json_values import Json


def subscribe(given: Mapping[str, Json]) -> Prepared:
    """`{collection, object_id, recipients, properties?}`; any number of recipients, inline ones are identified."""
    collection, object_id = _object(given)
    followers = recipients.parse_list(given["recipients"], "recipients")
    return Prepared(
        payload={
            "collection": collection,
            "object_id": object_id,
            "recipients": [follower.reference for follower in followers],
            "identify": recipients.inline_of(followers),
            "properties": values.bounded(values.properties(given), "properties"),
        },
        references=(
            recipients.entity(collection, object_id),
            *(follower.known_as for follower in followers),
            # Whoever triggers for the object, in this webhook or behind it, goes on to these.
            *(subscribers.name(follower.known_as) for follower in followers if follower.collection != recipients.USERS),
        ),
    )


def unsubscribe(given: Mapping[str, Json]) -> Prepared:
    """`{collection, object_id, recipients}`."""
    collection, object_id = _object(given)
    followers = recipients.parse_list(given["recipients"], "recipients")
    return Prepared(
        payload={
            "collection": collection,
            "object_id": object_id,
            "recipients": [follower.reference for follower in followers],
        }
    )


def follow(payload: Mapping[str, Json], facts: Facts) -> Done:
    """Subscribing creates an object that does not exist yet, empty, and says so."""
    collection, object_id = str(payload["collection"]), str(payload["object_id"])
    warnings: tuple[str, ...] = ()
    if recipients.entity(collection, object_id) not in facts:
        warnings = (f"object {object_id!r} did not exist in {collection!r}; it was created empty",)
    return Done(result={"count": _count(payload), "created_object": bool(warnings)}, warnings=warnings)


def unfollow(payload: Mapping[str, Json], facts: Facts) -> Done:
    """Subscriptions that do not exist are passed over."""
    return Done(result={"count": _count(payload)})


def _object(given: Mapping[str, Json]) -> tuple[str, str]:
    return values.identifier(given["collection"], "collection"), values.identifier(given["object_id"], "object_id")


def _count(payload: Mapping[str, Json]) -> int:
    return len(values.as_list(payload["recipients"]))
