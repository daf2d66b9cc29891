"""Restatements: the present state of an entity put on record anew, before what it came from becomes unreadable. Pure.

A stream of its own for each, so that a later erasure of the entity destroys it with everything else about it. It holds
from its place in the log on, in the place of all that was said before.
"""

from collections.abc import Mapping
from datetime import datetime

import attrs

from domain import recipients, streams
from domain.actions.outcomes import Reference
from domain.json_values import Json

SOURCE = "$restated"
"""Stands for the source of what is known of an entity from its restatement alone. No slug begins with a dollar sign."""


def stream(restatement_id: str) -> str:
    """The stream of one restatement. It is named by an id of its own, since names of streams are never erased."""
    return streams.name("entity", restatement_id)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class Described:
    """What an entity is; without it there is none."""

    properties: Mapping[str, Json]
    created_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class Followed:
    """A subscription, by the collection and id of the other end: the object that is followed, or who follows."""

    collection: str
    id: str
    properties: Mapping[str, Json]
    inserted_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class Membership:
    """That a user is in an audience, for a tenant or, where that is empty, for none."""

    audience: str
    tenant: str
    added_at: datetime


@attrs.frozen(kw_only=True)
class EntityRestated:
    """A user, object or tenant is as described, or is not there; it follows these objects and is in these audiences.

    Where it is `whole`, `followers` are all who follow it; else nothing is said about that. `applied_at` is the time of
    the last event applied to it under the guard against stale ones. `because` is the stream of the erasure or pruning.
    """

    environment: str
    because: str
    restated_at: datetime
    collection: str
    id: str
    described: Described | None = None
    following: tuple[Followed, ...] = ()
    whole: bool = False
    followers: tuple[Followed, ...] = ()
    memberships: tuple[Membership, ...] = ()
    applied_at: datetime | None = None


@attrs.frozen(kw_only=True)
class AudienceRestated:
    """An audience that an action had created is as described."""

    environment: str
    key: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime


Event = EntityRestated | AudienceRestated


def reference_of(event: EntityRestated) -> Reference:
    """The entity that a restatement is about."""
    return recipients.entity(event.collection, event.id)


def named_in(event: EntityRestated) -> frozenset[Reference]:
    """Every entity that a restatement names: what it is about, both ends of subscriptions, tenants of memberships."""
    ends = (*event.following, *event.followers)
    tenants = (("tenant", each.tenant) for each in event.memberships if each.tenant)
    return frozenset((reference_of(event), *(recipients.entity(each.collection, each.id) for each in ends), *tenants))
