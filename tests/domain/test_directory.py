"""The directory: what executed actions make of users, objects, tenants, subscriptions and members."""

import pytest

from domain import directory, merging, subscribers
from domain.actions.outcomes import Reference
from domain.directory import (
    AudienceCreated,
    Effect,
    EntityMerged,
    EntityRemoved,
    MemberAdded,
    MemberRemoved,
    Subscribed,
    Unsubscribed,
)
from domain.json_values import Json
from domain.subscribers import TOO_MANY
from tests import scenario

USER: Reference = ("user", "u-1")
TEAM: Reference = ("object", "teams", "7")
PROJECT: Reference = ("object", "projects", "p-1")
ON = subscribers.name(PROJECT)
KNOWN = scenario.knowing(PROJECT, ("audience", "vips"), welcome=True)
ON_PROJECT: dict[str, Json] = {"collection": "projects", "object_id": "p-1"}


@pytest.mark.parametrize(
    ("action_type", "given", "effects"),
    [
        (
            "users_identify",
            {"id": "u-1", "name": "Noor", "properties": {"plan": "pro"}},
            [EntityMerged(reference=USER, properties={"plan": "pro", "name": "Noor"})],
        ),
        ("users_delete", {"id": "u-1"}, [EntityRemoved(reference=USER)]),
        (
            "objects_set",
            {"collection": "projects", "id": "p-1", "name": "Apollo"},
            [EntityMerged(reference=PROJECT, properties={"name": "Apollo"})],
        ),
        ("objects_delete", {"collection": "projects", "id": "p-1"}, [EntityRemoved(reference=PROJECT)]),
        (
            "tenants_set",
            {"id": "t-1", "settings": {"branding": {}}},
            [EntityMerged(reference=("tenant", "t-1"), properties={"settings": {"branding": {}}})],
        ),
        ("tenants_delete", {"id": "t-1"}, [EntityRemoved(reference=("tenant", "t-1"))]),
        (
            "objects_set",
            {"collection": "$users", "id": "u-1"},
            [EntityMerged(reference=USER, properties={})],
        ),
        (
            "objects_subscribe",
            {**ON_PROJECT, "recipients": ["u-1", {"collection": "teams", "id": "7"}], "properties": {"role": "owner"}},
            [
                Subscribed(followed=PROJECT, follower=USER, properties={"role": "owner"}),
                Subscribed(followed=PROJECT, follower=TEAM, properties={"role": "owner"}),
            ],
        ),
        (
            "objects_subscribe",
            {**ON_PROJECT, "recipients": {"id": "u-1", "name": "Noor"}},
            [
                EntityMerged(reference=USER, properties={"name": "Noor"}),
                Subscribed(followed=PROJECT, follower=USER, properties={}),
            ],
        ),
        (
            "objects_subscribe",
            {"collection": "projects", "object_id": "p-2", "recipients": "u-1"},
            [
                EntityMerged(reference=("object", "projects", "p-2"), properties={}),
                Subscribed(followed=("object", "projects", "p-2"), follower=USER, properties={}),
            ],
        ),
        (
            "objects_unsubscribe",
            {**ON_PROJECT, "recipients": ["u-1", "u-2"]},
            [
                Unsubscribed(followed=PROJECT, follower=USER),
                Unsubscribed(followed=PROJECT, follower=("user", "u-2")),
            ],
        ),
        (
            "audiences_add_member",
            {"key": "vips", "members": ["u-1", {"user": {"id": "u-2", "name": "Mira"}, "tenant": "t-1"}]},
            [
                MemberAdded(audience="vips", user_id="u-1", tenant=None),
                EntityMerged(reference=("user", "u-2"), properties={"name": "Mira"}),
                MemberAdded(audience="vips", user_id="u-2", tenant="t-1"),
            ],
        ),
        (
            "audiences_add_member",
            {"key": "new", "members": "u-1"},
            [AudienceCreated(key="new"), MemberAdded(audience="new", user_id="u-1", tenant=None)],
        ),
        (
            "audiences_remove_member",
            {"key": "vips", "members": "u-1", "tenant": "t-1"},
            [MemberRemoved(audience="vips", user_id="u-1", tenant="t-1")],
        ),
        ("workflows_trigger", {"key": "welcome", "recipients": "u-1"}, []),
        (
            "workflows_trigger",
            {"key": "welcome", "recipients": {"id": "u-1"}, "actor": {"id": "u-2", "name": "Mira"}, "tenant": "t-1"},
            [
                EntityMerged(reference=USER, properties={}),
                EntityMerged(reference=("user", "u-2"), properties={"name": "Mira"}),
                EntityMerged(reference=("tenant", "t-1"), properties={}),
            ],
        ),
        ("workflows_cancel", {"key": "welcome", "cancellation_key": "order-7"}, []),
    ],
)
def test_an_executed_action_has_these_effects(action_type: str, given: dict[str, Json], effects: list[Effect]) -> None:
    assert list(scenario.effects(action_type, KNOWN, **given)) == effects


def test_properties_are_merged_deeply_and_nothing_is_taken_away() -> None:
    (merged,) = scenario.effects("users_identify", {}, id="u-1", properties={"address": {"city": "Utrecht"}})
    assert isinstance(merged, EntityMerged)
    assert merging.merge({"address": {"city": "Delft", "zip": "2611"}, "age": 4}, merged.properties) == {
        "address": {"city": "Utrecht", "zip": "2611"},
        "age": 4,
    }


@pytest.mark.parametrize(
    ("effect", "known", "after"),
    [
        (EntityMerged(reference=USER, properties={}), {}, {USER: True}),
        (EntityMerged(reference=USER, properties={}), {USER: True}, {USER: True}),
        (EntityRemoved(reference=USER), {USER: True, TEAM: True}, {TEAM: True}),
        (EntityRemoved(reference=USER), {}, {}),
        (AudienceCreated(key="vips"), {}, {("audience", "vips"): True}),
        (MemberAdded(audience="vips", user_id="u-1", tenant=None), {}, {}),
        (MemberRemoved(audience="vips", user_id="u-1", tenant=None), {}, {}),
        (Subscribed(followed=PROJECT, follower=USER, properties={}), {}, {ON: frozenset({USER})}),
        (Subscribed(followed=PROJECT, follower=USER, properties={}), {ON: TOO_MANY}, {ON: TOO_MANY}),
        (Unsubscribed(followed=PROJECT, follower=USER), {ON: frozenset({USER, TEAM})}, {ON: frozenset({TEAM})}),
        (Unsubscribed(followed=PROJECT, follower=USER), {}, {ON: frozenset()}),
        (EntityRemoved(reference=PROJECT), {PROJECT: True, ON: frozenset({USER})}, {}),
        (EntityRemoved(reference=USER), {ON: frozenset({USER, TEAM})}, {ON: frozenset({TEAM})}),
    ],
)
def test_what_is_known_follows_the_effects(
    effect: Effect, known: dict[Reference, object], after: dict[Reference, object]
) -> None:
    directory.note(known, [effect])
    assert known == after
