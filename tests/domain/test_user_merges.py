"""Merging users: the one takes over what it lacks, and the other goes last."""

import attrs
import pytest

from domain import user_merges
from domain.operations import CallRefused
from domain.user_merges import Profile

TARGET = Profile(id="new", properties={"email": "a@example.com"}, subscriptions={}, memberships=())
SOURCE = Profile(id="old", properties={}, subscriptions={}, memberships=())


def kinds(target: Profile, source: Profile) -> list[object]:
    return [operation["operation"] for operation in user_merges.operations_of(target, source)]


def test_the_target_keeps_what_it_has_and_gets_what_it_lacks() -> None:
    source = attrs.evolve(SOURCE, properties={"email": "b@example.com", "name": "Zoë", "plan": {"seats": 4}})
    first, *_ = user_merges.operations_of(TARGET, source)
    assert first == {"operation": "users.update", "id": "new", "name": "Zoë", "properties": {"plan": {"seats": 4}}}


def test_the_source_is_deleted_last() -> None:
    *_, last = user_merges.operations_of(TARGET, SOURCE)
    assert last == {"operation": "users.delete", "id": "old"}


def test_subscriptions_move_unless_the_target_has_them() -> None:
    source = attrs.evolve(SOURCE, subscriptions={("plans", "a"): {"role": "owner"}, ("plans", "b"): {}})
    target = attrs.evolve(TARGET, subscriptions={("plans", "b"): {"role": "guest"}})
    moved = [each for each in user_merges.operations_of(target, source) if "object_id" in each]
    assert moved == [
        {
            "operation": "objects.add_subscriptions",
            "collection": "plans",
            "object_id": "a",
            "recipients": ["new"],
            "properties": {"role": "owner"},
        }
    ]


def test_memberships_move_with_their_tenants() -> None:
    source = attrs.evolve(SOURCE, memberships=(("vips", "acme"), ("vips", None)))
    moved = [each for each in user_merges.operations_of(TARGET, source) if "members" in each]
    assert [(each["operation"], each["key"], each["members"]) for each in moved] == [
        ("audiences.add_members", "vips", [{"user": {"id": "new"}, "tenant": "acme"}]),
        ("audiences.remove_members", "vips", [{"user": {"id": "old"}, "tenant": "acme"}]),
        ("audiences.add_members", "vips", [{"user": {"id": "new"}, "tenant": None}]),
        ("audiences.remove_members", "vips", [{"user": {"id": "old"}, "tenant": None}]),
    ]


def test_of_nothing_but_ids_there_is_nothing_to_move() -> None:
    assert kinds(TARGET, SOURCE) == ["users.update", "users.delete"]


def test_nobody_is_merged_into_itself() -> None:
    with pytest.raises(CallRefused, match="the user itself"):
        user_merges.operations_of(TARGET, attrs.evolve(SOURCE, id="new"))
