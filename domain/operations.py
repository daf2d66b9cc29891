"""Calls of the directory's API as clients make them: checked, and put into the form that `api_calls` reads.

What the actions themselves check, such as ids and the types of single fields, is not checked here a second time.
"""

from collections.abc import Mapping, Sequence

from domain import api_calls, errors, recipients
from domain.actions import values
from domain.actions.outcomes import Unfit
from domain.json_values import LISTS, OBJECTS, Json, a_type

MOST_ITEMS = 1_000
"""Recipients, members or items of one call."""

MOST_SUBSCRIBERS = 100
LONGEST_KEY = 255
MAPS = ("channel_data", "preferences")

Operation = Mapping[str, Json]


class CallRefused(errors.Refused):
    """What a call says cannot be; it is not put on record."""


def update_user(user_id: Json, described: Mapping[str, Json]) -> Operation:
    """Identify a user; what is no field of a user's own is a custom property."""
    return _described("users.update", (*api_calls.USER, *MAPS), described, {"id": user_id})


def delete_user(user_id: Json) -> Operation:
    """Delete a user."""
    return {"operation": "users.delete", "id": user_id}


def set_object(collection: str, object_id: Json, described: Mapping[str, Json]) -> Operation:
    """Set an object of a collection."""
    own = (*api_calls.OBJECT, *MAPS)
    return _described("objects.set", own, described, {"collection": collection, "id": object_id})


def delete_object(collection: str, object_id: Json) -> Operation:
    """Delete an object."""
    return {"operation": "objects.delete", "collection": collection, "id": object_id}


def set_tenant(tenant_id: Json, described: Mapping[str, Json]) -> Operation:
    """Set a tenant."""
    return _described("tenants.set", ("name", "settings", "channel_data"), described, {"id": tenant_id})


def delete_tenant(tenant_id: Json) -> Operation:
    """Delete a tenant."""
    return {"operation": "tenants.delete", "id": tenant_id}


def add_subscriptions(collection: str, object_id: Json, asked: Mapping[str, Json]) -> Operation:
    """`{recipients, properties?}`: at most 100 recipients follow an object."""
    given = asked.get("properties")
    check_size({"properties": given}, "properties")
    properties: Mapping[str, Json] = {"properties": given} if given is not None else {}
    return {**_subscriptions("objects.add_subscriptions", collection, object_id, asked), **properties}


def delete_subscriptions(collection: str, object_id: Json, asked: Mapping[str, Json]) -> Operation:
    """`{recipients}`: at most 100 recipients follow an object no more."""
    return _subscriptions("objects.delete_subscriptions", collection, object_id, asked)


def add_members(key: str, asked: Mapping[str, Json], *, create: bool) -> Operation:
    """`{members}`: at most 1,000 users join an audience, which is created where that is wanted."""
    members = several(asked, "members")
    return {"operation": "audiences.add_members", "key": key, "members": members, "create_audience": create}


def remove_members(key: str, asked: Mapping[str, Json]) -> Operation:
    """`{members}`: at most 1,000 users leave an audience."""
    return {"operation": "audiences.remove_members", "key": key, "members": several(asked, "members")}


def trigger(key: str, asked: Mapping[str, Json], *, idempotency_key: str | None = None) -> Operation:
    """`{recipients, data?, actor?, tenant?, cancellation_key?, settings?}`: start a workflow.

    Members are put in order, so that two calls that say the same are the same to the comparison of repeated keys.
    """
    for name, value in _settings(asked).items():
        if name in ("sandbox_mode", "skip_delay") and value not in (None, False):
            raise CallRefused(f"settings.{name} is not supported; leave it out", field=f"settings.{name}")
    named = ("data", "actor", "tenant", "cancellation_key")
    given = {name: _ordered(asked[name]) for name in named if asked.get(name) is not None}
    once: Mapping[str, Json] = {"idempotency_key": _idempotency_key(idempotency_key)} if idempotency_key else {}
    return {
        "operation": "workflows.trigger",
        "key": key,
        "recipients": _ordered(several(asked, "recipients")),
        **given,
        **once,
    }


def cancel(key: str, asked: Mapping[str, Json]) -> Operation:
    """`{cancellation_key, recipients?}`: cancel what was started under a cancellation key."""
    if asked.get("cancellation_key") in (None, ""):
        raise CallRefused("cancellation_key is missing; name the one that was triggered with", field="cancellation_key")
    chosen = asked.get("recipients") is not None
    scope: Mapping[str, Json] = {"recipients": several(asked, "recipients")} if chosen else {}
    return {"operation": "workflows.cancel", "key": key, "cancellation_key": asked["cancellation_key"], **scope}


def recipients_of(operation: Operation) -> tuple[tuple[str, str], ...]:
    """Collection and id of each recipient that an operation names. Raises CallRefused."""
    try:
        found = recipients.parse_list(operation["recipients"], "recipients")
    except Unfit as unfit:
        raise CallRefused(unfit.problem.message, field=unfit.problem.field) from unfit
    return tuple((each.collection, each.id) for each in found)


def item(value: Json) -> Mapping[str, Json]:
    """An item of a bulk operation: an object with an id."""
    if not isinstance(value, Mapping):
        raise CallRefused(f"the item is {a_type(value)}; it must be an object with an id")
    if value.get("id") is None:
        raise CallRefused("id is missing; the item needs one", field="id")
    return value


def several(asked: Mapping[str, Json], name: str, *, at_most: int = MOST_ITEMS) -> Sequence[Json]:
    """The list called `name`, not empty and of bounded length and entries; a single value is a list of one."""
    if asked.get(name) is None:
        raise CallRefused(f"{name} is missing; it must be a list", field=name)
    found = values.as_list(asked[name])
    if not 0 < len(found) <= at_most:
        raise CallRefused(f"{name} has {len(found)} entries; it must have 1 to {at_most:,}", field=name)
    for index, entry in enumerate(found):
        check_size(entry, f"{name}[{index}]")
    return found


def check_size(described: Json, field: str) -> None:
    """Refuse more than 256 KiB of properties."""
    size = values.size(described)
    if size > values.MOST_BYTES:
        raise CallRefused(f"{field} is {size:,} bytes of JSON; at most {values.MOST_BYTES:,} are allowed", field=field)


def _described(
    operation: str, own: Sequence[str], described: Mapping[str, Json], key: Mapping[str, Json]
) -> dict[str, Json]:
    check_size(described, "properties")
    given = {name: value for name, value in described.items() if name in own and name not in key}
    custom = {name: value for name, value in described.items() if name not in own and name not in key}
    return {"operation": operation, **key, **given, "properties": custom}


def _subscriptions(operation: str, collection: str, object_id: Json, asked: Mapping[str, Json]) -> dict[str, Json]:
    named = several(asked, "recipients", at_most=MOST_SUBSCRIBERS)
    return {"operation": operation, "collection": collection, "object_id": object_id, "recipients": named}


def _settings(asked: Mapping[str, Json]) -> Mapping[str, Json]:
    settings = asked.get("settings")
    if settings is None:
        return {}
    if not isinstance(settings, Mapping):
        raise CallRefused(f"settings is {a_type(settings)}; it must be an object", field="settings")
    return settings


def _idempotency_key(key: str) -> str:
    if len(key) > LONGEST_KEY:
        message = f"Idempotency-Key has {len(key)} characters; at most {LONGEST_KEY} are allowed"
        raise CallRefused(message, field="Idempotency-Key")
    return key


def _ordered(value: Json) -> Json:
    """The same with the members of every object in order. Bodies are nested 64 deep at most."""
    if isinstance(value, OBJECTS):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, LISTS) else value
