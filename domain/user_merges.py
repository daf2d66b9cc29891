"""Merging two users: the calls by which one of them takes over what the other has, and the other goes."""

from collections.abc import Iterator, Mapping

import attrs

from domain import merging, operations
from domain.json_values import Json
from domain.operations import CallRefused, Operation


@attrs.frozen(kw_only=True)
class Profile:
    """A user with what it follows and where it is a member.

    `subscriptions` are properties by collection and id of the object, `memberships` audiences with tenant or none.
    """

    id: str
    properties: Mapping[str, Json]
    subscriptions: Mapping[tuple[str, str], Mapping[str, Json]]
    memberships: tuple[tuple[str, str | None], ...]


def operations_of(target: Profile, source: Profile) -> tuple[Operation, ...]:
    """What has to be done, in order. What both have is the target's; the source is deleted last."""
    if target.id == source.id:
        raise CallRefused(f"from_user_id is {source.id!r}, the user itself; name another one", field="from_user_id")
    lacking = merging.lacking(target.properties, source.properties)
    return (
        operations.update_user(target.id, lacking),
        *_subscriptions(target, source),
        *_memberships(target, source),
        operations.delete_user(source.id),
    )


def _subscriptions(target: Profile, source: Profile) -> Iterator[Operation]:
    for (collection, object_id), properties in source.subscriptions.items():
        if (collection, object_id) not in target.subscriptions:
            asked: Mapping[str, Json] = {"recipients": [target.id], "properties": properties}
            yield operations.add_subscriptions(collection, object_id, asked)


def _memberships(target: Profile, source: Profile) -> Iterator[Operation]:
    for audience, tenant in source.memberships:
        for user_id in (target.id, source.id):
            members: Mapping[str, Json] = {"members": [{"user": {"id": user_id}, "tenant": tenant}]}
            if user_id == target.id:
                yield operations.add_members(audience, members, create=False)
            else:
                yield operations.remove_members(audience, members)
