"""An entity's lineage in the shape of the API."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain import directory, merging, origins, path_syntax, recipients
from domain.actions.outcomes import Reference
from domain.lineage import Change, Entity, Lineage, Setting, Subscription, settings

Keys = Mapping[str, str | None]
"""The id of the API key behind each call, by the id of the call's webhook."""


def lineage(told: Lineage, collection: str, entity_id: str, keys: Keys) -> dict[str, Any]:
    """An entity as it was told of, and of each field, subscription and membership what gave it."""
    name = {"id": entity_id, "collection": collection}
    gone = told.removed_by if told.entity is None else None
    return {
        "entity": {**name, **_entity(told.entity)} if told.entity else None,
        "deleted_by": cause(gone, keys) if gone else None,
        "fields": _fields(told.entity, keys) if told.entity else {},
        "subscriptions": [_subscription(*each, keys) for each in told.subscriptions.items()],
        "memberships": [
            {"audience": audience, "tenant": tenant, **cause(by, keys)}
            for (audience, tenant), by in told.memberships.items()
        ],
    }


def _entity(entity: Entity) -> dict[str, Any]:
    return {"properties": entity.properties, "created_at": entity.created_at, "updated_at": entity.updated_at}


def _fields(entity: Entity, keys: Keys) -> dict[str, Any]:
    return {path_syntax.join(path): _setting(path, setting, keys) for path, setting in settings(entity.fields)}


def _setting(path: tuple[str, ...], setting: Setting, keys: Keys) -> dict[str, Any]:
    by, again = setting.by, setting.confirmed_by
    return {
        "value": setting.value,
        **cause(by, keys),
        "origin": origins.of_field(by.action, by.reference, path),
        "confirmed_by": cause(again, keys) if again else None,
    }


def _subscription(followed: Reference, subscription: Subscription, keys: Keys) -> dict[str, Any]:
    return {"object": _place(followed), "properties": subscription.properties, **cause(subscription.by, keys)}


def cause(change: Change, keys: Keys) -> dict[str, Any]:
    """What was behind a change: the webhook or call, its evaluation and mapping, and when."""
    action = change.action
    return {
        "position": change.position,
        "at": change.recorded_at,
        "executed_at": action.executed_at,
        "event_log_id": None if change.restated else change.webhook_id,
        "action_id": None if change.restated else f"{change.webhook_id}.{change.version}",
        "action_type": action.action_type,
        "source": action.source,
        "event_type": action.event_type,
        "mapping_id": action.mapping_id,
        "evaluation": action.evaluation,
        "api_key_id": keys.get(change.webhook_id),
    }


def change(done: Change, keys: Keys) -> dict[str, Any]:
    """A change with what it did: `set`, and where it did such a thing `removed`, `subscribed`, `joined` and so on."""
    described = done.restated and done.restated.described
    set_: dict[str, Any] = dict(described.properties) if described else {}
    more: dict[str, Any] = {}
    for effect in done.effects:
        if isinstance(effect, directory.EntityMerged):
            set_ = merging.merge(set_, effect.properties)
        for name, value in _relation(effect):
            more.setdefault(name, []).append(value)
    removed = any(isinstance(effect, directory.EntityRemoved) for effect in done.effects)
    return {**cause(done, keys), "set": set_, **({"removed": True} if removed else {}), **more}


def _relation(effect: directory.Effect) -> Iterator[tuple[str, dict[str, Any]]]:
    match effect:
        case directory.Subscribed():
            yield "subscribed", {"object": _place(effect.followed), "properties": effect.properties}
        case directory.Unsubscribed():
            yield "unsubscribed", {"object": _place(effect.followed)}
        case directory.MemberAdded():
            yield "joined", {"audience": effect.audience, "tenant": effect.tenant}
        case directory.MemberRemoved():
            yield "left", {"audience": effect.audience, "tenant": effect.tenant}
        case _:
            pass  # no relation


def _place(reference: Reference) -> dict[str, Any]:
    collection, entity_id = recipients.place(reference)
    return {"collection": collection, "id": entity_id}
