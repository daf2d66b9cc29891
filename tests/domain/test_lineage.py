"""Lineage: the last that changed a field set it, and the traced values are those that the directory holds."""

import functools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import directory, lineage, merging, origins, path_syntax
from domain.actions.outcomes import Done, Reference
from domain.json_values import Json, same
from domain.lineage import Branch, Change, Lineage
from domain.webhooks import ActionExecuted
from tests import examples, scenario
from tests.domain.test_merging import OBJECTS

USER: Reference = ("user", "u-1")
PROJECT: Reference = ("object", "projects", "p-1")


def change(position: int, action_type: str, *, about: Reference = USER, **given: Json) -> Change:
    """An action, so many seconds and positions into the log; everything that it refers to exists."""
    prepared = scenario.prepare(action_type, **given)
    done = scenario.perform(action_type, scenario.knowing(*prepared.references, welcome=True), **given)
    assert isinstance(done, Done)
    at = examples.AT + timedelta(seconds=position)
    action = ActionExecuted(
        evaluation=1,
        mapping_id=f"mapping-{position}",
        source=examples.SOURCE,
        environment=examples.ENVIRONMENT,
        event_type=scenario.TYPE,
        action_type=action_type,
        parameters={},
        payload=prepared.payload,
        origins={},
        result=done.result,
        executed_at=at,
    )
    return Change(
        reference=about, position=position, recorded_at=at, webhook_id=str(position), version=4, action=action
    )


def identified(position: int, **properties: Json) -> Change:
    """The user is said to have these properties."""
    return change(position, "users_identify", id="u-1", properties=properties)


def deleted(position: int) -> Change:
    """The user is deleted."""
    return change(position, "users_delete", id="u-1")


def traced(*changes: Change) -> Lineage:
    """What is known after these changes."""
    return functools.reduce(lineage.evolve, changes, lineage.NOTHING)


def setters(known: Lineage) -> dict[str, tuple[Json, int]]:
    """Each field with its value and the position of what set it."""
    assert known.entity is not None
    return {
        path_syntax.join(path): (setting.value, setting.by.position)
        for path, setting in lineage.settings(known.entity.fields)
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([identified(1, plan="free")], {"plan": ("free", 1)}),
        ([identified(1, plan="free"), identified(2, plan="pro")], {"plan": ("pro", 2)}),
        ([identified(1, plan="pro"), identified(2, plan="pro")], {"plan": ("pro", 1)}),
        ([identified(1, plan=1), identified(2, plan=True)], {"plan": (True, 2)}),
        ([identified(1, plan="pro"), identified(2, plan=None)], {"plan": (None, 2)}),
        ([identified(1, a={"b": 1}), identified(2, a={"c": 2})], {"a.b": (1, 1), "a.c": (2, 2)}),
        ([identified(1, a={"b": 1}), identified(2, a=2)], {"a": (2, 2)}),
        ([identified(1, a=2), identified(2, a={"b": 1})], {"a.b": (1, 2)}),
        ([identified(1, a={}), identified(2, a={})], {"a": ({}, 1)}),
        ([identified(1, a={"b": {}})], {"a.b": ({}, 1)}),
        ([identified(1, a=[{"b": 1}]), identified(2, a=[{"c": 1}])], {"a": ([{"c": 1}], 2)}),
        ([identified(1, **{"a.b": 1}), identified(2, a={"b": 2})], {'["a.b"]': (1, 1), "a.b": (2, 2)}),
        ([identified(1, plan="pro"), deleted(2), identified(3, seats=1)], {"seats": (1, 3)}),
        ([change(1, "users_identify", id="u-1", name="Ann", properties={"name": "Bob"})], {"name": ("Ann", 1)}),
    ],
)
def test_a_field_is_set_by_the_last_that_changed_it(
    changes: Sequence[Change], expected: dict[str, tuple[Json, int]]
) -> None:
    found = setters(traced(*changes))
    assert found == expected
    assert repr(found) == repr(expected)


def test_who_says_the_same_again_confirms() -> None:
    known = traced(identified(1, plan="pro"), identified(2, plan="pro"), identified(3, plan="pro"))
    assert known.entity is not None
    [(_, plan)] = lineage.settings(known.entity.fields)
    assert plan.confirmed_by is not None
    assert (plan.by.position, plan.confirmed_by.position) == (1, 3)
    assert known.entity.updated_at == identified(1).action.executed_at


def test_what_deleted_an_entity_is_known_also_once_it_is_back() -> None:
    gone = traced(identified(1, plan="pro"), deleted(2))
    assert gone.entity is None
    assert gone.removed_by == deleted(2)
    back = traced(identified(1, plan="pro"), deleted(2), identified(3))
    assert back.entity is not None
    assert back.entity.created_at == identified(3).action.executed_at


def test_subscriptions_come_go_and_end_with_who_follows() -> None:
    on: dict[str, Any] = {"collection": "projects", "object_id": "p-1", "recipients": ["u-1", "u-2"]}
    followed = change(1, "objects_subscribe", **on, properties={"role": "owner"})
    assert traced(followed).subscriptions == {
        PROJECT: lineage.Subscription(properties={"role": "owner"}, by=followed),
    }
    again = change(2, "objects_subscribe", **on)
    assert traced(followed, again).subscriptions[PROJECT].by == again
    assert traced(followed, change(2, "objects_unsubscribe", **on)).subscriptions == {}
    assert traced(followed, deleted(2)).subscriptions == {}
    assert traced(change(1, "objects_subscribe", about=PROJECT, **on)).subscriptions == {}


def test_a_membership_is_that_of_the_first_who_added_it() -> None:
    joined = change(1, "audiences_add_member", key="vips", members=["u-1", {"user": "u-1", "tenant": "t-1"}])
    again = change(2, "audiences_add_member", key="vips", members="u-1")
    left = change(3, "audiences_remove_member", key="vips", members="u-1", tenant="t-1")
    assert traced(joined, again).memberships == {("vips", None): joined, ("vips", "t-1"): joined}
    assert traced(joined, again, left).memberships == {("vips", None): joined}
    assert traced(joined, deleted(2)).memberships == traced(joined).memberships


@pytest.mark.parametrize(
    "about", [("user", "u-2"), ("user", "p-1"), ("object", "other", "u-1"), ("tenant", "u-1"), ("object", "u-1", "u-1")]
)
def test_what_concerns_another_changes_nothing(about: Reference) -> None:
    assert traced(attrs.evolve(identified(1, plan="pro"), reference=about)) == lineage.NOTHING


STEPS = st.lists(st.one_of(OBJECTS.map(lambda properties: ("set", properties)), st.just(("delete", {}))), max_size=8)


@settings(deadline=None)
@given(STEPS)
def test_traced_values_are_the_directorys_at_every_moment(steps: list[tuple[str, dict[str, Json]]]) -> None:
    """Over any sets, deletions and re-creations, and so over every prefix of them, which is what `as_of` folds."""
    known = lineage.NOTHING
    held: dict[str, Json] | None = None
    created: datetime | None = None
    updated: datetime | None = None
    for position, (kind, properties) in enumerate(steps, start=1):
        done = identified(position, **properties) if kind == "set" else deleted(position)
        known = lineage.evolve(known, done)
        for effect in directory.effects(done.action.action_type, done.action.payload, done.action.result):
            before, at = held, done.action.executed_at
            held = merging.merge(held or {}, effect.properties) if isinstance(effect, directory.EntityMerged) else None
            created = at if before is None else created
            updated = at if repr(before) != repr(held) else updated
        assert (known.entity and known.entity.properties) == held
        if known.entity and held is not None:
            assert same(_values(known.entity.fields), held)
            assert (known.entity.created_at, known.entity.updated_at) == (created, updated)


def _values(known: lineage.Setting | Branch) -> Json:
    if isinstance(known, Branch):
        return {name: _values(member) for name, member in known.members.items()}
    return known.value


PATHED = {"name": {"path": "body.name"}, "settings": {"path": "body.s"}, "properties": {"path": "body.traits"}}


@pytest.mark.parametrize(
    ("origin", "path", "expected"),
    [
        (PATHED, ("name",), {"parameter": "name", "path": "body.name"}),
        (PATHED, ("settings", "branding", "x"), {"parameter": "settings", "path": "body.s.branding.x"}),
        (PATHED, ("plan",), {"parameter": "properties", "path": "body.traits.plan"}),
        (PATHED, ("a", "b.c"), {"parameter": "properties", "path": 'body.traits.a["b.c"]'}),
        (
            {"properties": {"plan": {"path": "body.p"}}},
            ("plan", "name"),
            {"parameter": "properties", "path": "body.p.name"},
        ),
        ({"properties": {"plan": {"constant": True}}}, ("plan",), {"parameter": "properties", "constant": True}),
        (
            {"properties": {"path": {"path": "body.p"}}},
            ("path",),
            {"parameter": "properties", "path": "body.p"},
        ),
        (
            {"properties": {"plan": {"template": "{{ body.p }}", "paths": ["body.p"]}}},
            ("plan",),
            {"parameter": "properties", "template": "{{ body.p }}", "paths": ["body.p"]},
        ),
        ({}, ("plan",), {"parameter": "properties"}),
    ],
)
def test_a_field_comes_from_a_place_of_the_webhook(
    origin: dict[str, Json], path: tuple[str, ...], expected: dict[str, Json]
) -> None:
    given: dict[str, Any] = {"id": "t-1", "name": "Acme", "settings": {"branding": {"x": 1}}}
    action = attrs.evolve(change(1, "tenants_set", **given).action, origins=origin)
    assert origins.of_field(action, ("tenant", "t-1"), path) == expected


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (USER, {"parameter": "recipients", "path": "body.who"}),
        (("user", "u-2"), {"parameter": "actor", "path": "body.by.name"}),
        (("tenant", "t-1"), {"parameter": "tenant", "path": "body.t.name"}),
    ],
)
def test_who_is_described_on_the_way_comes_from_where_that_stood(about: Reference, expected: dict[str, Json]) -> None:
    described: dict[str, Any] = {"recipients": [{"id": "u-1", "name": "A"}], "actor": {"id": "u-2", "name": "B"}}
    triggered = change(1, "workflows_trigger", key="welcome", tenant={"id": "t-1", "name": "T"}, **described)
    paths = {"recipients": {"path": "body.who"}, "actor": {"path": "body.by"}, "tenant": {"path": "body.t"}}
    action = attrs.evolve(triggered.action, origins=paths)
    assert origins.of_field(action, about, ("name",)) == expected


def test_members_come_from_the_list_of_members() -> None:
    joined = change(1, "audiences_add_member", key="vips", members=[{"user": {"id": "u-1", "name": "A"}}])
    action = attrs.evolve(joined.action, origins={"members": {"path": "body.who"}})
    assert origins.of_field(action, USER, ("name",)) == {"parameter": "members", "path": "body.who"}
