"""What executed actions make of users, objects, tenants, subscriptions and audience members: a fold, as data."""

from collections.abc import Mapping, Sequence

import attrs

from domain import recipients, subscribers
from domain.actions.outcomes import Reference
from domain.json_values import Json


@attrs.frozen(kw_only=True)
class EntityMerged:
    """A user, object or tenant exists, and `properties` are merged into what it has."""

    reference: Reference
    properties: Mapping[str, Json]


@attrs.frozen(kw_only=True)
class EntityRemoved:
    """A user, object or tenant is gone, with its subscriptions."""

    reference: Reference


@attrs.frozen(kw_only=True)
class Subscribed:
    """A recipient follows an object, with these properties."""

    followed: Reference
    follower: Reference
    properties: Mapping[str, Json]


@attrs.frozen(kw_only=True)
class Unsubscribed:
    """A recipient follows an object no more."""

    followed: Reference
    follower: Reference


@attrs.frozen(kw_only=True)
class AudienceCreated:
    """A static audience exists because an action asked for it."""

    key: str


@attrs.frozen(kw_only=True)
class MemberAdded:
    """A user is in an audience, for a tenant or for none."""

    audience: str
    user_id: str
    tenant: str | None


@attrs.frozen(kw_only=True)
class MemberRemoved:
    """A user is in an audience no more, for a tenant or for none."""

    audience: str
    user_id: str
    tenant: str | None


Effect = EntityMerged | EntityRemoved | Subscribed | Unsubscribed | AudienceCreated | MemberAdded | MemberRemoved


def effects(action_type: str, payload: Mapping[str, Json], result: Mapping[str, Json]) -> tuple[Effect, ...]:
    """The effects of one executed action, in order."""
    match action_type:
        case "users_identify" | "objects_set" | "tenants_set":
            return (_merged(action_type, payload),)
        case "users_delete" | "objects_delete" | "tenants_delete":
            return (EntityRemoved(reference=entity_of(action_type, payload)),)
        case "objects_subscribe":
            return _subscribed(payload, result)
        case "objects_unsubscribe":
            followed = _followed(payload)
            return tuple(Unsubscribed(followed=followed, follower=who) for who in _people(payload))
        case "audiences_add_member":
            return _members_added(payload, result)
        case "audiences_remove_member":
            return tuple(
                MemberRemoved(audience=str(payload["key"]), user_id=user_id, tenant=tenant)
                for user_id, tenant, _ in _members(payload)
            )
        case "workflows_trigger":
            return _identified(payload)
        case _:
            return ()


def entity_of(action_type: str, payload: Mapping[str, Json]) -> Reference:
    """The user, object or tenant that an action identifies, sets or deletes."""
    collection = {"users": recipients.USERS, "tenants": recipients.TENANTS}.get(action_type.partition("_")[0])
    return recipients.entity(collection or str(payload["collection"]), str(payload["id"]))


def _merged(action_type: str, payload: Mapping[str, Json]) -> EntityMerged:
    custom = payload["properties"]
    assert isinstance(custom, Mapping)
    own = {name: value for name, value in payload.items() if name not in {"id", "collection", "properties"}}
    return EntityMerged(reference=entity_of(action_type, payload), properties={**custom, **own})


def _followed(payload: Mapping[str, Json]) -> Reference:
    return recipients.entity(str(payload["collection"]), str(payload["object_id"]))


def _people(payload: Mapping[str, Json]) -> tuple[Reference, ...]:
    people = payload["recipients"]
    assert isinstance(people, list)
    return tuple(recipients.entity(person["collection"], person["id"]) for person in people)


def _identified(payload: Mapping[str, Json]) -> tuple[Effect, ...]:
    described = payload.get("identify", [])
    assert isinstance(described, list)
    return tuple(
        EntityMerged(reference=recipients.entity(entry["collection"], entry["id"]), properties=entry["properties"])
        for entry in described
    )


def _subscribed(payload: Mapping[str, Json], result: Mapping[str, Json]) -> tuple[Effect, ...]:
    followed, given = _followed(payload), payload["properties"]
    assert isinstance(given, Mapping)
    stub = (EntityMerged(reference=followed, properties={}),) if result["created_object"] else ()
    subscriptions = (
        Subscribed(followed=followed, follower=follower, properties=given) for follower in _people(payload)
    )
    return (*stub, *_identified(payload), *subscriptions)


def _members(payload: Mapping[str, Json]) -> tuple[tuple[str, str | None, Mapping[str, Json] | None], ...]:
    members = payload["members"]
    assert isinstance(members, list)
    return tuple((member["user_id"], member["tenant"], member["inline"]) for member in members)


def _members_added(payload: Mapping[str, Json], result: Mapping[str, Json]) -> tuple[Effect, ...]:
    key = str(payload["key"])
    found: list[Effect] = [AudienceCreated(key=key)] if result["created_audience"] else []
    for user_id, tenant, inline in _members(payload):
        if inline:
            found.append(EntityMerged(reference=("user", user_id), properties=inline))
        found.append(MemberAdded(audience=key, user_id=user_id, tenant=tenant))
    return tuple(found)


def note(known: dict[Reference, object], happened: Sequence[Effect]) -> None:
    """Bring a working set of facts up to date with the effects of one action."""
    for effect in happened:
        match effect:
            case EntityMerged():
                known.setdefault(effect.reference, True)
            case EntityRemoved():
                known.pop(effect.reference, None)
                subscribers.forget(known, effect.reference)
            case AudienceCreated():
                known["audience", effect.key] = True
            case _:
                pass  # subscriptions come below; a membership is no fact that a decision reads
    followed = [effect for effect in happened if isinstance(effect, Subscribed | Unsubscribed)]
    if followed:  # all of one object, as an action has but one
        joined = (effect.follower for effect in followed if isinstance(effect, Subscribed))
        left = (effect.follower for effect in followed if isinstance(effect, Unsubscribed))
        subscribers.changed(known, followed[0].followed, joined=joined, left=left)
