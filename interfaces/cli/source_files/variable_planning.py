"""How the variables of a server become what their file wants. The values of secrets are compared with nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from domain.json_values import Json
from interfaces.cli.source_files import server_state
from interfaces.cli.source_files.comparing import Shown
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.server_state import ServerState
from interfaces.cli.source_files.wanted import Variable
from interfaces.cli.yaml_files import findings, lines
from interfaces.cli.yaml_files.lines import Line

Values = Mapping[str | None, str | Reference | None]
"""By environment, None stands for all; a value None takes away the one that there is."""


@attrs.frozen(kw_only=True)
class VariableChange:
    """What changes of one variable. `removed` are the environments that have no value of their own any more."""

    key: str
    new: bool
    about: Mapping[str, Json]
    lines: tuple[Line, ...]
    values: Values
    removed: tuple[str, ...]
    mark: Json

    def all_lines(self) -> list[Line]:
        """Every difference."""
        return list(self.lines)

    def body(self, secrets: Mapping[Reference, str]) -> dict[str, Any]:
        """The body of the PUT that makes the change, but for what is `removed`."""
        plain = {
            place: secrets[value] if isinstance(value, Reference) else value for place, value in self.values.items()
        }
        everywhere = {"value": plain.pop(None)} if None in plain else {}
        return {"variable": {**self.about, **everywhere, "environment_values": plain}}


def plan(wanted: Variable, state: ServerState) -> VariableChange | None:
    """What has to change; None if nothing does, or nothing can, which goes to the problems of the spot."""
    if not _fits(wanted, state):
        return None
    shown = (state.variables or {}).get(wanted.key)
    values = _values(wanted, shown)
    gone = tuple(sorted((shown["environment_values"] if shown else {}).keys() - wanted.values.keys()))
    told = (*_about_lines(wanted, shown), *_value_lines(values, shown), *(Line("-", f"in {slug}") for slug in gone))
    if not told:
        return None
    return VariableChange(
        key=wanted.key,
        new=shown is None,
        about={"type": wanted.type, "description": wanted.description},
        lines=told,
        values=values,
        removed=gone,
        mark=server_state.variable_mark(shown),
    )


def _fits(wanted: Variable, state: ServerState) -> bool:
    before = len(wanted.spot.problems)
    if state.variables is None:
        wanted.spot.refuse("cannot be pushed: this server knows no variables")
    findings.check_environments(wanted.spot, wanted.values, state.environments)
    return len(wanted.spot.problems) == before


def _values(wanted: Variable, shown: Shown | None) -> dict[str | None, str | Reference | None]:
    """The values to send: of a secret all, of others those that differ."""
    before = _shown_values(shown)
    same_type = shown is not None and shown["type"] == wanted.type
    sent: dict[str | None, str | Reference | None] = {
        place: value
        for place, value in wanted.values.items()
        if isinstance(value, Reference) or not same_type or before.get(place) != value
    }
    if before.get(None) is not None and None not in wanted.values:
        sent[None] = None
    return sent


def _shown_values(shown: Shown | None) -> dict[str | None, str | None]:
    return {None: shown["value"], **shown["environment_values"]} if shown else {}


def _about_lines(wanted: Variable, shown: Shown | None) -> Iterator[Line]:
    if shown is None:
        yield Line("+", wanted.type)
    elif shown["type"] != wanted.type:
        yield Line("~", f"type: {shown['type']} → {wanted.type}")
    before = shown["description"] if shown else None
    if before != wanted.description:
        yield lines.changed("description", before, wanted.description)


def _value_lines(values: Values, shown: Shown | None) -> Iterator[Line]:
    before = _shown_values(shown)
    hidden = shown is not None and shown["type"] == "secret"
    for place, value in values.items():
        where = f"in {place}" if place else "value"
        if isinstance(value, Reference):
            known = hidden and (place is None or place in before)
            words = f"{where}: will be set from {lines.visible(str(value))}"
            yield Line("?", f"{words}, unless it is so already") if known else Line("+", words)
        elif value is None:
            yield Line("-", where)
        else:
            yield lines.changed(where, before.get(place), value)
