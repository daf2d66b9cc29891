"""Variables: set for all environments or for one, removed the same way, and never of another type by accident."""

import functools
from collections.abc import Mapping

import attrs
import pytest

from domain import variables
from domain.variables import Value, Variable
from tests import examples

TEXT = Value(text='{"orders": "ord_"}')
SEALED = Value(sealed="c2VhbGVk")
PUT = variables.Put(
    key=examples.VARIABLE,
    type="public",
    description=examples.VARIABLE_SET.description,
    values={None: TEXT},
    at=examples.BEFORE,
)
REMOVE = variables.Remove(key=examples.VARIABLE, environment=None, at=examples.AT)
OVERRIDE = attrs.evolve(examples.VARIABLE_SET, environment="production", text="live", set_at=examples.AT)
GONE = attrs.evolve(examples.VARIABLE_REMOVED, environment=None)


def after(*events: variables.Event) -> Variable | None:
    return functools.reduce(variables.evolve, events, None)


def put(values: Mapping[str | None, Value | None], kind: variables.Type = "public") -> variables.Put:
    return attrs.evolve(PUT, type=kind, values=values, at=examples.AT)


SET = after(examples.VARIABLE_SET)
OVERRIDDEN = after(examples.VARIABLE_SET, OVERRIDE)


def test_a_variable_is_set() -> None:
    assert variables.decide(None, PUT) == (examples.VARIABLE_SET,)


def test_a_variable_set_twice_is_set_once() -> None:
    assert variables.decide(SET, attrs.evolve(PUT, at=examples.LATER)) == ()


def test_an_environment_is_given_a_value_of_its_own() -> None:
    assert variables.decide(SET, put({"production": Value(text="live")})) == (OVERRIDE,)


def test_each_value_that_differs_is_an_event_of_its_own() -> None:
    events = variables.decide(OVERRIDDEN, put({None: Value(text="x"), "production": None, "staging": Value(text="y")}))
    assert [(type(each).__name__, each.environment) for each in events] == [
        ("VariableSet", None),
        ("VariableRemoved", "production"),
        ("VariableSet", "staging"),
    ]


def test_a_variable_may_have_no_value_for_all_environments() -> None:
    first, second = variables.decide(None, put({"production": Value(text="live")}))
    assert isinstance(first, variables.VariableSet)
    assert (first.environment, first.text, first.sealed) == (None, None, None)
    state = after(first, second)
    assert state is not None
    assert (state.value_in("production"), state.value_in("development")) == (Value(text="live"), None)


def test_a_value_for_all_environments_can_be_taken_away_while_those_of_single_ones_stay() -> None:
    (event,) = variables.decide(OVERRIDDEN, put({None: None}))
    assert event == attrs.evolve(examples.VARIABLE_SET, text=None, set_at=examples.AT)
    state = after(examples.VARIABLE_SET, OVERRIDE, event)
    assert state is not None
    assert (state.value, dict(state.overrides)) == (None, {"production": Value(text="live")})


def test_another_description_is_an_event_and_changes_no_value() -> None:
    (event,) = variables.decide(OVERRIDDEN, attrs.evolve(PUT, description=None, values={}, at=examples.AT))
    state = after(examples.VARIABLE_SET, OVERRIDE, event)
    assert state is not None
    assert OVERRIDDEN is not None
    assert state == attrs.evolve(OVERRIDDEN, description=None)


@pytest.mark.parametrize(
    ("before", "kind"),
    [("public", "secret"), ("secret", "public")],
)
def test_a_type_does_not_change_while_a_value_stays(before: variables.Type, kind: variables.Type) -> None:
    old, new = (TEXT, SEALED) if before == "public" else (SEALED, TEXT)
    state = after(*variables.decide(None, put({None: old, "production": old}, before)))
    cases: tuple[tuple[Mapping[str | None, Value | None], str], ...] = (
        ({}, "variable.value"),
        ({None: new}, "variable.environment_values.production"),
        ({"production": new}, "variable.value"),
    )
    for values, field in cases:
        with pytest.raises(variables.TypeFixed, match=f"from {before} into {kind}") as refusal:
            variables.decide(state, put(values, kind))
        assert refusal.value.field == field


def test_a_type_changes_with_every_value_at_once() -> None:
    events = variables.decide(OVERRIDDEN, put({None: SEALED, "production": None}, "secret"))
    state = after(examples.VARIABLE_SET, OVERRIDE, *events)
    assert state is not None
    assert (state.type, state.places()) == ("secret", {None: SEALED})


def test_a_removed_variable_may_come_back_as_another_type() -> None:
    (event,) = variables.decide(after(examples.VARIABLE_SET, OVERRIDE, GONE), put({None: SEALED}, "secret"))
    state = after(examples.VARIABLE_SET, OVERRIDE, GONE, event)
    assert state is not None
    assert (state.type, state.created_at, state.removed_at) == ("secret", examples.AT, None)
    assert state.places() == {None: SEALED}


@pytest.mark.parametrize(
    "key", ["", "1st", "a-b", "a.b", "a b", "größe", "key\n", "a" * 65, "__proto__", "$ref", "a/b", "\0"]
)
def test_a_key_that_cannot_follow_vars_in_a_script_is_refused(key: str) -> None:
    with pytest.raises(variables.KeyInvalid) as refusal:
        variables.decide(None, attrs.evolve(PUT, key=key))
    assert refusal.value.field == "key"


@pytest.mark.parametrize("key", ["a", "_", "API_URL", "apiUrl2", "a" * 64])
def test_a_key_that_can_follow_vars_in_a_script_is_taken(key: str) -> None:
    assert len(variables.decide(None, attrs.evolve(PUT, key=key))) == 1


def test_keys_that_differ_in_case_are_two() -> None:
    assert variables.stream("Key") != variables.stream("key")


def test_a_variable_is_removed() -> None:
    assert variables.decide(OVERRIDDEN, REMOVE) == (GONE,)


def test_a_variable_removed_twice_is_removed_once() -> None:
    for environment in (None, "production"):
        again = attrs.evolve(REMOVE, environment=environment)
        assert variables.decide(after(examples.VARIABLE_SET, OVERRIDE, GONE), again) == ()


def test_the_value_of_one_environment_is_removed() -> None:
    command = attrs.evolve(REMOVE, environment="production")
    assert variables.decide(OVERRIDDEN, command) == (examples.VARIABLE_REMOVED,)
    state = after(examples.VARIABLE_SET, OVERRIDE, examples.VARIABLE_REMOVED)
    assert state is not None
    assert state.value_in("production") == TEXT


def test_a_value_that_an_environment_does_not_have_need_not_be_removed() -> None:
    assert variables.decide(SET, attrs.evolve(REMOVE, environment="production")) == ()


def test_a_variable_that_nobody_set_cannot_be_removed() -> None:
    with pytest.raises(variables.VariableUnknown, match=examples.VARIABLE):
        variables.decide(None, REMOVE)


def test_a_variable_is_what_its_events_say() -> None:
    assert after(examples.VARIABLE_SET, OVERRIDE) == Variable(
        key=examples.VARIABLE,
        type="public",
        description=examples.VARIABLE_SET.description,
        created_at=examples.BEFORE,
        updated_at=examples.AT,
        value=TEXT,
        overrides={"production": Value(text="live")},
    )
    assert after(examples.VARIABLE_REMOVED) is None


def test_what_is_sealed_is_not_shown_by_accident() -> None:
    state = after(examples.SECRET_VARIABLE_SET)
    sealed = examples.SECRET_VARIABLE_SET.sealed or ""
    assert sealed not in repr(state)
    assert sealed not in repr(examples.SECRET_VARIABLE_SET)
