"""Merging users: reads what both have, and says by which calls the one takes over what the other has."""

from collections.abc import Mapping
from typing import Any

from application.queries import Directory, PageRequest
from domain import errors, user_merges
from domain.operations import Operation
from domain.recipients import USERS
from domain.user_merges import Profile

PAGE = 500


class UserUnknown(errors.Refused):
    """A merge names a user who is not there."""


def operations_of(directory: Directory, environment: str, *, target: str, source: str) -> tuple[Operation, ...]:
    """The calls of a merge. Raises UserUnknown, CallRefused."""
    return user_merges.operations_of(_profile(directory, environment, target), _profile(directory, environment, source))


def _profile(directory: Directory, environment: str, user_id: str) -> Profile:
    found = directory.entity(environment, USERS, user_id)
    if found is None:
        raise UserUnknown(f"user {user_id!r} does not exist; only users who do can be merged")
    properties = found["properties"]
    assert isinstance(properties, dict)
    return Profile(
        id=user_id,
        properties=properties,
        subscriptions=_subscriptions(directory, environment, user_id),
        memberships=tuple(directory.memberships(environment, user_id)),
    )


def _subscriptions(directory: Directory, environment: str, user_id: str) -> Mapping[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    after = None
    while True:
        request = PageRequest(after=after, size=PAGE)
        page = directory.subscriptions(environment, USERS, user_id, mode="recipient", page=request)
        found |= dict(map(_subscription, page.entries))
        if (after := page.after) is None:
            return found


def _subscription(entry: Mapping[str, Any]) -> tuple[tuple[str, str], Any]:
    return (entry["object"]["collection"], entry["object"]["id"]), entry["properties"] or {}
