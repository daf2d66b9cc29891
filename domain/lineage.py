"""Lineage: which action set each field of a user, object or tenant, told from the changes to it in log order. Pure.

`functools.reduce(evolve, changes, NOTHING)` is the entity with its origins; over the changes up to some place in the
log, the entity as it was there.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import attrs

from domain import directory, merging, recipients
from domain.actions.outcomes import Reference
from domain.json_values import OBJECTS, Json, same
from domain.restatements import Described, EntityRestated
from domain.webhooks import ActionExecuted

Path = tuple[str, ...]
"""The names that lead to a field, through nested objects."""

Membership = tuple[str, str | None]
"""An audience, and a tenant or none."""

K = TypeVar("K")
V = TypeVar("V")


@attrs.frozen(kw_only=True)
class Change:
    """What an action did to the entity that `reference` names, and where that stands on record.

    `position` is its place in the log, `version` that in its webhook's stream. `restated` is the entity put on record
    anew, in the place of all changes before; there is no webhook then, and the action only says when that was.
    """

    reference: Reference
    position: int
    recorded_at: datetime
    webhook_id: str
    version: int
    action: ActionExecuted
    restated: EntityRestated | None = None

    @property
    def effects(self) -> tuple[directory.Effect, ...]:
        """Those of the action's effects that concern the entity, in order."""
        found = directory.effects(self.action.action_type, self.action.payload, self.action.result)
        return tuple(effect for effect in found if subject(effect) == self.reference)


@attrs.frozen(kw_only=True)
class Setting:
    """A field's value, the change that gave it, and the latest that said the same again."""

    value: Json
    by: Change
    confirmed_by: Change | None = None


@attrs.frozen(kw_only=True)
class Branch:
    """A field that is an object: what is known of its members, and the change that made it an object."""

    members: Mapping[str, "Setting | Branch"]
    by: Change


@attrs.frozen(kw_only=True)
class Entity:
    """An entity that exists. `fields` says of each of its properties where it comes from."""

    properties: Mapping[str, Json]
    created_at: datetime
    updated_at: datetime
    fields: Branch


@attrs.frozen(kw_only=True)
class Subscription:
    """That the entity follows an object, with these properties."""

    properties: Mapping[str, Json]
    by: Change


@attrs.frozen(kw_only=True)
class Lineage:
    """An entity, None where there is none, and what it follows and belongs to; `removed_by` is what deleted it last."""

    entity: Entity | None = None
    removed_by: Change | None = None
    subscriptions: Mapping[Reference, Subscription] = attrs.Factory(dict)
    memberships: Mapping[Membership, Change] = attrs.Factory(dict)


NOTHING = Lineage()
"""Before anything happened."""


def subject(effect: directory.Effect) -> Reference | None:
    """The entity whose lineage an effect belongs to: of a subscription it is who follows. None for an audience."""
    match effect:
        case directory.EntityMerged() | directory.EntityRemoved():
            return effect.reference
        case directory.Subscribed() | directory.Unsubscribed():
            return effect.follower
        case directory.MemberAdded() | directory.MemberRemoved():
            return ("user", effect.user_id)
        case directory.AudienceCreated():
            return None


def evolve(lineage: Lineage, change: Change) -> Lineage:
    """The lineage after one more change."""
    if change.restated is not None:
        return _restated(change.restated, change)
    for effect in change.effects:
        lineage = _after(lineage, effect, change)
    return lineage


def _restated(event: EntityRestated, change: Change) -> Lineage:
    entity = _described(event.described, change) if event.described else None
    return Lineage(
        entity=entity,
        removed_by=None if entity else change,
        subscriptions={
            recipients.entity(each.collection, each.id): Subscription(properties=each.properties, by=change)
            for each in event.following
        },
        memberships={(each.audience, each.tenant or None): change for each in event.memberships},
    )


def _described(described: Described, change: Change) -> Entity:
    return Entity(
        properties=described.properties,
        created_at=described.created_at,
        updated_at=described.updated_at,
        fields=_branch(None, described.properties, change),
    )


def _after(lineage: Lineage, effect: directory.Effect, change: Change) -> Lineage:
    match effect:
        case directory.EntityMerged():
            return attrs.evolve(lineage, entity=_merged(lineage.entity, effect.properties, change))
        case directory.EntityRemoved():
            return attrs.evolve(lineage, entity=None, removed_by=change, subscriptions={})
        case directory.Subscribed():
            followed = {effect.followed: Subscription(properties=effect.properties, by=change)}
            return attrs.evolve(lineage, subscriptions={**lineage.subscriptions, **followed})
        case directory.Unsubscribed():
            return attrs.evolve(lineage, subscriptions=_without(lineage.subscriptions, effect.followed))
        case directory.MemberAdded():  # whoever is in it already, is in it since then
            added = {(effect.audience, effect.tenant): change}
            return attrs.evolve(lineage, memberships={**added, **lineage.memberships})
        case directory.MemberRemoved():
            left = _without(lineage.memberships, (effect.audience, effect.tenant))
            return attrs.evolve(lineage, memberships=left)
        case directory.AudienceCreated():
            return lineage


def _merged(entity: Entity | None, properties: Mapping[str, Json], change: Change) -> Entity:
    """As the directory merges; what says nothing new leaves the time of the last update."""
    at = change.action.executed_at
    if entity is None:
        fields = _branch(None, properties, change)
        return Entity(properties=merging.merge({}, properties), created_at=at, updated_at=at, fields=fields)
    merged = merging.merge(entity.properties, properties)
    return attrs.evolve(
        entity,
        properties=merged,
        # As stored: 1 is not true, and members in another order are another text.
        updated_at=entity.updated_at if repr(merged) == repr(entity.properties) else at,
        fields=_branch(entity.fields, properties, change),
    )


def _branch(known: Setting | Branch | None, properties: Mapping[str, Json], change: Change) -> Branch:
    before = known if isinstance(known, Branch) else Branch(members={}, by=change)
    members = {name: _laid(before.members.get(name), value, change) for name, value in properties.items()}
    return Branch(members={**before.members, **members}, by=before.by)


def _laid(known: Setting | Branch | None, value: Json, change: Change) -> Setting | Branch:
    """What is known of a field after `value` is laid over it: objects member by member, all else replaces."""
    if isinstance(value, OBJECTS):
        return _branch(known, value, change)
    if isinstance(known, Setting) and same(known.value, value):
        return attrs.evolve(known, confirmed_by=change)
    return Setting(value=value, by=change)


def _without(known: Mapping[K, V], key: K) -> dict[K, V]:
    return {each: value for each, value in known.items() if each != key}


def settings(fields: Branch, path: Path = ()) -> Iterator[tuple[Path, Setting]]:
    """Every field with its setting. An object is told by its members, one that has none by itself."""
    for name, known in fields.members.items():
        place = (*path, name)
        if isinstance(known, Setting):
            yield place, known
        elif known.members:
            yield from settings(known, place)
        else:
            yield place, Setting(value={}, by=known.by)
