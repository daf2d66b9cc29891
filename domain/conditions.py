"""Conditions of workflows and their steps: a path into what a run knows, an operator, and a value to compare with."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import attrs

from domain import errors, paths
from domain.json_values import LISTS, OBJECTS, UNRESOLVED, Json, a_type, same

ROOTS: Final = ("recipient", "actor", "tenant", "data", "vars")
"""Where a path of a workflow begins."""

MOST: Final = 50


class ConditionInvalid(errors.Refused):
    """A condition that cannot be: its path, its operator or its value."""


@attrs.frozen(kw_only=True)
class Condition:
    """`value` is None for the operators that compare with nothing. Made by `parse` only."""

    path: str
    operator: str
    value: Json = None


def parse(raw: Json, field: str) -> tuple[Condition, ...]:
    """A list of `{path, operator, value?}`, all of which are to hold. Raises ConditionInvalid."""
    if raw is None:
        return ()
    if not isinstance(raw, LISTS) or len(raw) > MOST:
        raise ConditionInvalid(f"{field} must be a list of at most {MOST} conditions", field=field)
    return tuple(_parse_one(each, f"{field}[{index}]") for index, each in enumerate(raw))


def _parse_one(raw: Json, field: str) -> Condition:
    if not isinstance(raw, OBJECTS):
        raise ConditionInvalid(f"{field} is {a_type(raw)}; it must be {{path, operator, value}}", field=field)
    path = check_path(raw.get("path"), f"{field}.path")
    operator = raw.get("operator")
    if not isinstance(operator, str) or operator not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise ConditionInvalid(
            f"{field}.operator is {operator!r}; it must be one of {known}", field=f"{field}.operator"
        )
    if operator in ALONE:
        return Condition(path=path, operator=operator)
    if "value" not in raw:
        raise ConditionInvalid(f"{field}.value is missing; {operator} compares with a value", field=f"{field}.value")
    return Condition(path=path, operator=operator, value=raw["value"])


def check_path(raw: Json, field: str) -> str:
    """`raw` itself when it is a path into what a run knows. Raises ConditionInvalid."""
    if not isinstance(raw, str):
        raise ConditionInvalid(f"{field} is {a_type(raw)}; it must be a path such as data.order.total", field=field)
    try:
        first = paths.parse(raw).segments[0]
    except paths.PathInvalid as error:
        raise ConditionInvalid(f"{field}: {error}", field=field) from error
    if first not in ROOTS:
        raise ConditionInvalid(f"{field} is {raw!r}; it must begin with one of {', '.join(ROOTS)}", field=field)
    return raw


def hold(conditions: Iterable[Condition], context: Mapping[str, Json]) -> bool:
    """Whether all conditions hold; so they do when there is none."""
    return all(_holds(condition, context) for condition in conditions)


def as_json(condition: Condition) -> dict[str, Json]:
    """What `parse` reads."""
    shown: dict[str, Json] = {"path": condition.path, "operator": condition.operator}
    return shown if condition.operator in ALONE else {**shown, "value": condition.value}


def _holds(condition: Condition, context: Mapping[str, Json]) -> bool:
    found = paths.resolve(paths.parse(condition.path), context)
    # What is not there is compared as null: greater than nothing, equal to null, and empty.
    return OPERATORS[condition.operator](None if found is UNRESOLVED else found, condition.value)


def _equal(found: Json, value: Json) -> bool:
    if _number(found) and _number(value):
        return found == value
    return same(found, value)


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(compare: Callable[[Json, Json], bool]) -> Callable[[Json, Json], bool]:
    """Numbers among numbers and texts among texts; nothing else has an order."""

    def ordered(found: Json, value: Json) -> bool:
        alike = (_number(found) and _number(value)) or (isinstance(found, str) and isinstance(value, str))
        return alike and compare(found, value)

    return ordered


def _contains(found: Json, value: Json) -> bool:
    if isinstance(found, str):
        return isinstance(value, str) and value in found
    if isinstance(found, OBJECTS):
        return value in found
    return isinstance(found, LISTS) and any(_equal(each, value) for each in found)


def _empty(found: Json, _: Json) -> bool:
    return found is None or (isinstance(found, (str, *LISTS, *OBJECTS)) and not found)


OPERATORS: Final[Mapping[str, Callable[[Json, Json], bool]]] = {
    "equal_to": _equal,
    "not_equal_to": lambda found, value: not _equal(found, value),
    "greater_than": _ordered(lambda found, value: found > value),  # type: ignore[operator]
    "greater_than_or_equal_to": _ordered(lambda found, value: found >= value),  # type: ignore[operator]
    "less_than": _ordered(lambda found, value: found < value),  # type: ignore[operator]
    "less_than_or_equal_to": _ordered(lambda found, value: found <= value),  # type: ignore[operator]
    "contains": _contains,
    "not_contains": lambda found, value: not _contains(found, value),
    "empty": _empty,
    "not_empty": lambda found, value: not _empty(found, value),
}
ALONE: Final = frozenset({"empty", "not_empty"})
"""Operators that compare with nothing."""
