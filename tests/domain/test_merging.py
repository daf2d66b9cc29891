"""Merging: what comes in is laid over what is there, and nothing is lost."""

import copy
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import merging
from domain.json_values import Json

VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def keys(value: Json) -> set[tuple[str, ...]]:
    """The way to every member of an object, at any depth."""
    if not isinstance(value, Mapping):
        return set()
    return {(name, *rest) for name, member in value.items() for rest in keys(member) | {()}}


@pytest.mark.parametrize(
    ("old", "new", "merged"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [{"b": 1}]}, {"a": [{"c": 2}]}, {"a": [{"c": 2}]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": "text"}, {"a": "text"}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    ],
)
def test_objects_merge_and_everything_else_replaces(
    old: dict[str, Json], new: dict[str, Json], merged: dict[str, Json]
) -> None:
    assert merging.merge(old, new) == merged


@given(OBJECTS)
def test_the_empty_object_changes_nothing_on_either_side(value: dict[str, Json]) -> None:
    assert merging.merge(value, {}) == value == merging.merge({}, value)


@given(OBJECTS, OBJECTS)
def test_merging_the_same_again_changes_nothing(old: dict[str, Json], new: dict[str, Json]) -> None:
    once = merging.merge(old, new)
    assert merging.merge(once, new) == once


@given(OBJECTS, OBJECTS)
def test_the_new_value_wins_wherever_it_is_no_object(old: dict[str, Json], new: dict[str, Json]) -> None:
    merged = merging.merge(old, new)
    assert all(merged[name] == value for name, value in new.items() if not isinstance(value, dict))


@given(OBJECTS, OBJECTS)
def test_no_key_of_the_new_is_lost(old: dict[str, Json], new: dict[str, Json]) -> None:
    assert keys(new) <= keys(merging.merge(old, new))


@given(OBJECTS, OBJECTS)
def test_a_key_of_the_old_goes_only_with_an_object_that_was_replaced(
    old: dict[str, Json], new: dict[str, Json]
) -> None:
    merged = keys(merging.merge(old, new))
    replaced = {way for way in keys(new) if way in keys(old) and not any(k[: len(way)] == way != k for k in keys(new))}
    assert all(way in merged or any(way[: len(up)] == up for up in replaced) for way in keys(old))


@given(OBJECTS, OBJECTS)
def test_both_sides_stay_as_they_were(old: dict[str, Json], new: dict[str, Json]) -> None:
    before = copy.deepcopy((old, new))
    merging.merge(old, new)
    assert (old, new) == before


def test_read_only_objects_merge_too() -> None:
    old = MappingProxyType({"a": MappingProxyType({"b": 1})})
    assert merging.merge(old, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}


def test_objects_nested_as_deep_as_a_body_may_be_are_merged() -> None:
    def nested(leaf: str) -> dict[str, Json]:
        value: dict[str, Json] = {leaf: 1}
        for _ in range(64):
            value = {"a": value}
        return value

    assert keys(merging.merge(nested("x"), nested("y"))) >= {("a",) * 64 + ("x",), ("a",) * 64 + ("y",)}


@given(OBJECTS, OBJECTS)
def test_what_is_lacking_takes_nothing_and_leaves_nothing_out(old: dict[str, Json], new: dict[str, Json]) -> None:
    merged = merging.merge(old, merging.lacking(old, new))
    for name, value in old.items():
        if value is not None and not isinstance(value, dict):
            assert merged[name] == value
    assert keys(merged) >= keys(old)
    assert merging.lacking(merged, new) == {} or all(value is None for value in _leaves(merging.lacking(merged, new)))


def test_what_is_there_is_not_lacking_at_any_depth() -> None:
    old: dict[str, Json] = {"a": {"x": 1, "y": None}, "b": [1], "c": None}
    new: dict[str, Json] = {"a": {"x": 2, "y": 3, "z": 4}, "b": [2], "c": 5, "d": None}
    assert merging.lacking(old, new) == {"a": {"y": 3, "z": 4}, "c": 5, "d": None}


def _leaves(value: Json) -> list[Json]:
    if isinstance(value, Mapping):
        return [leaf for member in value.values() for leaf in _leaves(member)]
    return [value]
