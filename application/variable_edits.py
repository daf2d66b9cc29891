"""What `PUT /v1/variables/{key}` means: from the API's body to changes, the values of secrets sealed on the way.

No message shows a value: whether it is a secret is said in the same body, and may be said wrongly.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import get_args

import attrs

from application.catalogue import Snapshot
from application.ports import Vault
from application.records import Change
from application.secret_edits import BodyInvalid
from domain import environments, errors, variable_texts, variables
from domain.json_values import Json, a_type
from domain.variables import Value, Variable

WRITABLE = ("value", "environment_values", "type", "description")
READ_ONLY = frozenset({"key", "inserted_at", "updated_at"})

MOST_VARIABLES = 100
LARGEST_TOTAL = 262_144
"""Bytes of all values together: each script is given those of its environment at each call."""

LONGEST_DESCRIPTION = 1_024


class TooManyVariables(errors.Refused):
    """There would be more variables, or larger ones, than can be handed to every call of a script."""


@attrs.frozen(kw_only=True)
class VariableEdits:
    """Turns bodies into changes."""

    vault: Vault

    def put(self, *, key: str, body: Mapping[str, Json], snapshot: Snapshot, at: datetime) -> list[Change]:
        """Every change that the body asks for. Raises Refused, naming the field, before any is made."""
        asked = _asked(body)
        stream = variables.stream(key)
        state: Variable | None = snapshot.state(stream)
        present = state if state is not None and state.removed_at is None else None
        kind = _type(asked, present)
        command = variables.Put(
            key=key,
            type=kind,
            description=_description(asked, present),
            values={
                place: self._value(text, key, place, kind, present) for place, text in _texts(asked, present, snapshot)
            },
            at=at,
        )
        events = variables.decide(state, command)
        _check_bounds(snapshot, stream, state, events)
        return [Change(stream=stream, version=snapshot.version(stream), events=events)]

    def remove(self, *, key: str, environment: str | None, snapshot: Snapshot, at: datetime) -> list[Change]:
        """Remove what an environment has of its own, or without one the variable. Raises VariableUnknown."""
        stream = variables.stream(key)
        events = variables.decide(snapshot.state(stream), variables.Remove(key=key, environment=environment, at=at))
        return [Change(stream=stream, version=snapshot.version(stream), events=events)]

    def _value(
        self, text: str | None, key: str, place: str | None, kind: variables.Type, present: Variable | None
    ) -> Value | None:
        if text is None:
            return None
        if kind == "public":
            return Value(text=text)
        known = present.places().get(place) if present else None
        if known is not None and known.sealed is not None and self._opens_to(text, known.sealed, context(key, place)):
            return known  # it is so already; sealing it anew would look like another value
        return Value(sealed=self.vault.seal(text, context=context(key, place)))

    def _opens_to(self, text: str, sealed: str, bound_to: str) -> bool:
        try:
            return self.vault.open(sealed, context=bound_to) == text
        except errors.Refused:
            return False  # what was sealed under another key is replaced by what is given


def context(key: str, environment: str | None) -> str:
    """What a sealed value is bound to: its variable and the environment that has it, if one has."""
    return f"{variables.stream(key)}/{environment or ''}"


def _asked(body: Mapping[str, Json]) -> Mapping[str, Json]:
    asked = body.get("variable", body)
    if not isinstance(asked, Mapping):
        raise BodyInvalid("variable must be an object", field="variable")
    for name in asked:
        if name not in WRITABLE and name not in READ_ONLY:
            known = ", ".join(WRITABLE)
            raise BodyInvalid(f"variable.{name} is not known; there are {known}", field=f"variable.{name}")
    return asked


def _type(asked: Mapping[str, Json], present: Variable | None) -> variables.Type:
    value = asked.get("type", present.type if present else "public")
    for known in variables.TYPES:
        if value == known:
            return known
    allowed = " or ".join(get_args(variables.Type))
    raise BodyInvalid(f"variable.type is {value!r:.40}; it must be {allowed}", field="variable.type")


def _description(asked: Mapping[str, Json], present: Variable | None) -> str | None:
    value = asked.get("description", present.description if present else None)
    if value is not None and not (isinstance(value, str) and len(value) <= LONGEST_DESCRIPTION and "\0" not in value):
        raise BodyInvalid(
            f"variable.description must be null or a text of at most {LONGEST_DESCRIPTION} characters without NUL",
            field="variable.description",
        )
    return value


def _texts(
    asked: Mapping[str, Json], present: Variable | None, snapshot: Snapshot
) -> Iterable[tuple[str | None, str | None]]:
    """The values that are given, by environment, None for all. A null removes one.

    But not one of a secret: there it is what reading shows, sent back unchanged.
    """
    hidden = present is not None and present.type == "secret"
    for place, value in _places(asked, snapshot):
        field = "variable.value" if place is None else f"variable.environment_values.{place}"
        if value is not None:
            yield place, variable_texts.check(variable_texts.text_of(value), field=field)
        elif not hidden:
            yield place, None


def _places(asked: Mapping[str, Json], snapshot: Snapshot) -> Iterable[tuple[str | None, Json]]:
    if "value" in asked:
        yield None, asked["value"]
    given = asked.get("environment_values")
    if given is None:
        return
    if not isinstance(given, Mapping):
        raise BodyInvalid(
            f"variable.environment_values is {a_type(given)}; it must be an object",
            field="variable.environment_values",
        )
    for slug, value in given.items():
        if snapshot.state(environments.stream(slug)) is None:
            known = ", ".join(environment.slug for environment in snapshot.environments())
            field = f"variable.environment_values.{slug}"
            raise BodyInvalid(f"{field} names no environment; there are {known}", field=field)
        yield slug, value


def _check_bounds(snapshot: Snapshot, stream: str, state: Variable | None, events: Iterable[variables.Event]) -> None:
    """Raises TooManyVariables if after `events` there would be."""
    for event in events:
        state = variables.evolve(state, event)
    live = [each for each in snapshot.of("variable") if each.removed_at is None]
    others = [each for each in live if variables.stream(each.key) != stream]
    if len(others) >= MOST_VARIABLES:
        raise TooManyVariables(f"there are {len(others)} variables; at most {MOST_VARIABLES} fit", field="key")
    total = sum(map(_size, others)) + (_size(state) if state else 0)
    if total > LARGEST_TOTAL:
        raise TooManyVariables(
            f"all variables together would have {total} bytes; at most {LARGEST_TOTAL} fit", field="variable.value"
        )


def _size(variable: Variable) -> int:
    return sum(len((value.text or value.sealed or "").encode()) for value in variable.places().values())
