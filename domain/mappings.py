"""A mapping: which event type leads to which action, with a path, constant or template for each parameter."""

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from datetime import datetime

import attrs

from domain import errors, parameters, staleness
from domain.actions import catalogue
from domain.json_values import Json

LONGEST_EVENT_TYPE = 255
MEMBERS = (
    "event_type",
    "action_type",
    "action_parameters",
    "active",
    "only_newer",
    "id",
    "is_deleted",
    "created_at",
    "updated_at",
)


@attrs.frozen(kw_only=True)
class Mapping:
    """A mapping as it stands. `number` counts the mappings of a configuration and settles ties of order.

    `only_newer` passes over events that are older than the last one applied to the same thing.
    """

    id: str
    number: int
    event_type: str
    action_type: str
    parameters: ReadOnly[str, parameters.Parameter]
    configured: ReadOnly[str, Json]
    active: bool
    created_at: datetime
    updated_at: datetime
    only_newer: bool = False

    @property
    def triggers(self) -> str | None:
        """The key of the workflow that it triggers; None for other actions, and for a key that is told by events."""
        key = self.parameters.get("key") if self.action_type == "workflows_trigger" else None
        return str(key.value) if isinstance(key, parameters.Constant) else None


@attrs.frozen(kw_only=True)
class Wanted:
    """A mapping as somebody wants it, checked; `id` is None where it has none yet."""

    id: str | None
    event_type: str
    action_type: str
    configured: ReadOnly[str, Json]
    active: bool = True
    only_newer: bool = False


class MappingInvalid(errors.Refused):
    """A mapping names an unknown action or parameter, or lacks one that the action requires."""


def parse(raw: Json, *, field: str) -> Wanted:
    """Check one mapping of the API's shape `{event_type, action_type, action_parameters?, active?, id?}`."""
    entry = _object(raw, field)
    unknown = next((name for name in entry if name not in MEMBERS), None)
    if unknown is not None:
        place = f"{field}.{unknown}"
        raise MappingInvalid(f"{place} is not part of a mapping, which has {', '.join(MEMBERS)}", field=place)
    event_type, action_type = _text(entry, "event_type", field), _text(entry, "action_type", field)
    if len(event_type) > LONGEST_EVENT_TYPE or "\0" in event_type:
        raise MappingInvalid(
            f"{field}.event_type must be at most {LONGEST_EVENT_TYPE} characters, without NUL",
            field=f"{field}.event_type",
        )
    if action_type not in catalogue.ACTIONS:
        raise MappingInvalid(
            f"{field}.action_type is {action_type!r}; it must be one of {', '.join(catalogue.ACTIONS)}",
            field=f"{field}.action_type",
        )
    mapping_id, given = entry.get("id"), entry.get("action_parameters")
    configured = _object({} if given is None else given, f"{field}.action_parameters")
    compile_parameters(action_type, configured, field=f"{field}.action_parameters")
    return Wanted(
        id=mapping_id if isinstance(mapping_id, str) else None,
        event_type=event_type,
        action_type=action_type,
        configured={name: value for name, value in configured.items() if value is not None},
        active=_switch(entry.get("active", True), f"{field}.active"),
        only_newer=_only_newer(entry.get("only_newer", False), action_type, f"{field}.only_newer"),
    )


def _switch(value: Json, field: str) -> bool:
    if not isinstance(value, bool):
        raise MappingInvalid(f"{field} is {value!r:.60}; it must be true or false", field=field)
    return value


def _only_newer(value: Json, action_type: str, field: str) -> bool:
    wanted = _switch(value, field)
    if wanted and action_type not in staleness.GUARDED:
        known = ", ".join(staleness.GUARDED)
        raise MappingInvalid(f"{field} is for actions on one thing: {known}", field=field)
    return wanted


def compile_parameters(
    action_type: str, configured: ReadOnly[str, Json], *, field: str = "action_parameters"
) -> dict[str, parameters.Parameter]:
    """The parameters of an action, parsed; null means not given. Refused for unknown, missing or malformed ones."""
    rules = catalogue.ACTIONS[action_type].parameters
    given = {name: raw for name, raw in configured.items() if raw is not None}
    for name in given:
        if name not in rules:
            raise MappingInvalid(
                f"{field}.{name} is not a parameter of {action_type}; it takes {', '.join(rules)}",
                field=f"{field}.{name}",
            )
    for name, rule in rules.items():
        if rule.required and name not in given:
            raise MappingInvalid(f"{field}.{name} is missing; {action_type} requires it", field=f"{field}.{name}")
    return {
        name: parameters.parse(raw, field=f"{field}.{name}", literal=rules[name].literal, nested=rules[name].nested)
        for name, raw in given.items()
    }


def wanted_list(raw: Json, *, field: str) -> tuple[Wanted, ...]:
    """Check a list of mappings; those marked `is_deleted` are left out."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise MappingInvalid(f"{field} must be a list of mappings", field=field)
    return tuple(
        parse(entry, field=f"{field}[{index}]")
        for index, entry in enumerate(raw)
        if not (isinstance(entry, ReadOnly) and entry.get("is_deleted") is True)
    )


def identity(event_type: str, action_type: str, configured: ReadOnly[str, Json]) -> tuple[str, str, str]:
    """What tells mappings without ids apart: event type, action type and, of a workflow, its key."""
    return event_type, action_type, str(configured.get("key", "")) if "workflows" in action_type else ""


def _object(raw: Json, field: str) -> ReadOnly[str, Json]:
    if not isinstance(raw, ReadOnly):
        raise MappingInvalid(f"{field} must be an object", field=field)
    return raw


def _text(entry: ReadOnly[str, Json], name: str, field: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise MappingInvalid(f"{field}.{name} must be a text that is not empty", field=f"{field}.{name}")
    return value
