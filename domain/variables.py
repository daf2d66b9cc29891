"""A variable: a named value that scripts read, the same in every environment but where one has a value of its own.

Values are texts. Those of public variables are kept as they are, those of secrets only sealed; no secret's text ever
comes here.
"""

import string
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, assert_never

import attrs

from domain import errors, streams

Type = Literal["public", "secret"]
TYPES: tuple[Type, ...] = ("public", "secret")

LETTERS = frozenset(string.ascii_letters + "_")
LONGEST_KEY = 64
UNFIT = frozenset({"__proto__"})
"""What stands for something else in JavaScript, whatever an object holds under that name."""


def stream(key: str) -> str:
    """The stream of the variable called `key`."""
    return streams.name("variable", key)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class VariableSet:
    """The variable has this value from now on: in `environment`, or without one wherever no other is set.

    `text` holds the value of a public variable, `sealed` the ciphertext of a secret; neither, that there is no value
    for all environments. `type` and `description` are those of the whole variable.
    """

    key: str
    environment: str | None
    type: Type
    text: str | None
    sealed: str | None = attrs.field(repr=False)
    description: str | None
    set_at: datetime


@attrs.frozen(kw_only=True)
class VariableRemoved:
    """The variable has no value of its own in `environment` any more; without one it is gone altogether."""

    key: str
    environment: str | None
    removed_at: datetime


Event = VariableSet | VariableRemoved


@attrs.frozen(kw_only=True)
class Value:
    """One value: the `text` of a public variable or the `sealed` one of a secret."""

    text: str | None = None
    sealed: str | None = attrs.field(default=None, repr=False)


def _read_only(values: Mapping[str, Value]) -> Mapping[str, Value]:
    return MappingProxyType(dict(values))


@attrs.frozen(kw_only=True)
class Variable:
    """A variable as it stands. `value` counts in every environment that has none of its own in `overrides`."""

    key: str
    type: Type
    description: str | None
    created_at: datetime
    updated_at: datetime
    value: Value | None = None
    overrides: Mapping[str, Value] = attrs.field(factory=dict, converter=_read_only)
    removed_at: datetime | None = None

    def value_in(self, environment: str) -> Value | None:
        """What counts in an environment."""
        return self.overrides.get(environment, self.value)

    def places(self) -> dict[str | None, Value]:
        """Every value, by its environment; None stands for all."""
        places: dict[str | None, Value] = {} if self.value is None else {None: self.value}
        places.update(self.overrides)
        return places


@attrs.frozen(kw_only=True)
class Put:
    """Say how a variable is to be. `values` are the new ones by environment, None for all; a null removes one."""

    key: str
    type: Type
    description: str | None
    values: Mapping[str | None, Value | None]
    at: datetime


@attrs.frozen(kw_only=True)
class Remove:
    """Remove the value that an environment has of its own, or without one the whole variable."""

    key: str
    environment: str | None
    at: datetime


Command = Put | Remove


class KeyInvalid(errors.Refused):
    """The key cannot be written after `vars.` in a script."""


class TypeFixed(errors.Refused):
    """The type changes while an earlier value would stay."""


class VariableUnknown(errors.Refused):
    """No variable has this key."""


def decide(state: Variable | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to; none when everything is so already."""
    match command:
        case Put():
            _check_key(command.key)
            present = state if state is not None and state.removed_at is None else None
            if present is not None:
                _check_type(present, command)
            return _put(present, command)
        case Remove():
            return _remove(state, command)
        case _:
            assert_never(command)


def _check_key(key: str) -> None:
    fits = key[:1] in LETTERS and LETTERS.union(string.digits).issuperset(key) and key not in UNFIT
    if not (key and fits and len(key) <= LONGEST_KEY):
        raise KeyInvalid(
            f"key is {key!r:.100}; it must be 1 to {LONGEST_KEY} letters, digits or '_', not beginning with a digit",
            field="key",
        )


def _check_type(present: Variable, command: Put) -> None:
    """A secret never turns public by a change of its type alone, and what was public is no secret."""
    if present.type == command.type:
        return
    for environment in present.places():
        if environment not in command.values:
            place = "value" if environment is None else f"environment_values.{environment}"
            raise TypeFixed(
                f"variable.type turns from {present.type} into {command.type}, but variable.{place} is not given; "
                "give each of its values anew, or remove the variable first",
                field=f"variable.{place}",
            )


def _put(present: Variable | None, command: Put) -> tuple[Event, ...]:
    before = present.places() if present else {}
    after = {**before, **command.values}
    about = (command.type, command.description)
    # What holds for the whole variable is said with its value for all environments, even if it has none.
    told_anew = present is None or about != (present.type, present.description)
    events: list[Event] = []
    if told_anew or after.get(None) != before.get(None):
        events.append(_set(command, None, after.get(None)))
    for environment, value in after.items():
        if environment is not None and value != before.get(environment):
            events.append(_set(command, environment, value) if value else _gone(command, environment))
    return tuple(events)


def _set(command: Put, environment: str | None, value: Value | None) -> VariableSet:
    return VariableSet(
        key=command.key,
        environment=environment,
        type=command.type,
        text=value.text if value else None,
        sealed=value.sealed if value else None,
        description=command.description,
        set_at=command.at,
    )


def _gone(command: Command, environment: str | None) -> VariableRemoved:
    return VariableRemoved(key=command.key, environment=environment, removed_at=command.at)


def _remove(state: Variable | None, command: Remove) -> tuple[Event, ...]:
    if state is None:
        raise VariableUnknown(f"no variable is called {command.key!r:.100}; list the variables to find it", field="key")
    if state.removed_at is not None:
        return ()  # removed already: removing again changes nothing
    if command.environment is not None and command.environment not in state.overrides:
        return ()  # it has no value of its own there: removing again changes nothing
    return (_gone(command, command.environment),)


def evolve(state: Variable | None, event: Event) -> Variable | None:
    """The state after `event`."""
    match event:
        case VariableSet():
            return _with_value(state, event)
        case VariableRemoved():
            return state and _without_value(state, event)
        case _:
            assert_never(event)


def _with_value(state: Variable | None, event: VariableSet) -> Variable:
    present = state if state is not None and state.removed_at is None else _fresh(event)
    told = attrs.evolve(present, type=event.type, description=event.description, updated_at=event.set_at)
    value = None if event.text is None and event.sealed is None else Value(text=event.text, sealed=event.sealed)
    if event.environment is None:
        return attrs.evolve(told, value=value)
    left = {slug: each for slug, each in told.overrides.items() if slug != event.environment}
    return attrs.evolve(told, overrides=left if value is None else {**left, event.environment: value})


def _fresh(event: VariableSet) -> Variable:
    return Variable(
        key=event.key,
        type=event.type,
        description=event.description,
        created_at=event.set_at,
        updated_at=event.set_at,
    )


def _without_value(state: Variable, event: VariableRemoved) -> Variable:
    if event.environment is None:
        return attrs.evolve(state, value=None, overrides={}, updated_at=event.removed_at, removed_at=event.removed_at)
    left = {slug: value for slug, value in state.overrides.items() if slug != event.environment}
    return attrs.evolve(state, overrides=left, updated_at=event.removed_at)
