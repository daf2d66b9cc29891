"""Mappings in a file: `on` an event type `do` an action `with` parameters, read as the API has them."""

from collections.abc import Mapping

from domain import errors, parameters
from domain.actions import catalogue
from domain.actions.catalogue import Rule
from domain.json_values import OBJECTS, Json
from domain.mappings import LONGEST_EVENT_TYPE
from interfaces.cli.source_files.wanted import ApiMapping
from interfaces.cli.yaml_files import findings
from interfaces.cli.yaml_files.findings import Spot

MEMBERS = ("on", "do", "with", "active", "only_newer")


def read(spot: Spot) -> tuple[ApiMapping, ...]:
    """The mappings of a list; their mistakes go to the spot's problems."""
    return tuple(_mapping(each) for each in spot.items())


def _mapping(spot: Spot) -> ApiMapping:
    given = spot.members(MEMBERS)
    action_type = findings.required(spot, given, "do", "users_identify")
    action = catalogue.ACTIONS.get(action_type)
    configured = given.get("with", spot.at("with", {}))
    if action is not None:
        _check_parameters(configured, action.parameters, action_type)
    elif action_type:
        given["do"].refuse(f"is {action_type!r:.80}; it must be one of {', '.join(catalogue.ACTIONS)}")
    return {
        "event_type": _event_type(spot, given),
        "action_type": action_type,
        "action_parameters": _without_nulls(configured.value),
        "active": findings.flag(given.get("active"), otherwise=True),
        "only_newer": findings.flag(given.get("only_newer"), otherwise=False),
    }


def _event_type(spot: Spot, given: dict[str, Spot]) -> str:
    event_type = findings.required(spot, given, "on", "user.created")
    if len(event_type) > LONGEST_EVENT_TYPE or "\0" in event_type:
        given["on"].refuse(f"must be at most {LONGEST_EVENT_TYPE} characters, without NUL")
    return event_type


def _without_nulls(value: Json) -> dict[str, Json]:
    """Null means not given, as in the API."""
    return {name: each for name, each in value.items() if each is not None} if isinstance(value, OBJECTS) else {}


def _check_parameters(spot: Spot, rules: Mapping[str, Rule], action_type: str) -> None:
    given = spot.members(tuple(rules))
    for name, each in given.items():
        try:
            parameters.parse(each.value, field=str(each), literal=rules[name].literal, nested=rules[name].nested)
        except errors.Refused as refused:
            each.quote(str(refused))
    for name, rule in rules.items():
        if rule.required and name not in given:
            spot.at(name).refuse(f"is missing; {action_type} requires it")
