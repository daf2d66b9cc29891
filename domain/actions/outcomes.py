"""What an action's two steps yield: prepared values or a problem, then a result or a problem."""

from collections.abc import Callable, Mapping

import attrs

from domain.json_values import Json

Reference = tuple[str, ...]
"""Something that an action must know of: ("user", id), ("object", collection, id), ("tenant", id),
("audience", key), ("workflow", key), ("runs", workflow, cancellation key), ("subscribers", collection, id),
("applied", collection, id) or ("forwarding",)."""

Facts = Mapping[Reference, object]
"""What is known of each reference: absent if it does not exist. A workflow's value is a KnownWorkflow,
that of runs is a tuple of OpenRun, that of subscribers what `domain.subscribers` says, that of the last event applied
to a thing its time."""

Violation = tuple[str, str]
"""Where in a trigger's data something is not as the schema wants it, as a path, and what."""

SchemaCheck = Callable[[Mapping[str, Json], Mapping[str, Json]], Violation | None]
"""Compares data (the second) with a JSON Schema (the first)."""


def unchecked(schema: Mapping[str, Json], data: Mapping[str, Json]) -> Violation | None:
    """The check of who has none: everything goes."""
    return None


@attrs.frozen(kw_only=True)
class Problem:
    """Why an action cannot be carried out."""

    code: str
    message: str
    field: str | None = None


@attrs.frozen(kw_only=True)
class Prepared:
    """An action's values, checked and in their canonical form, and what must be looked up for it."""

    payload: Mapping[str, Json]
    references: tuple[Reference, ...] = ()


@attrs.frozen(kw_only=True)
class Done:
    """What an action did."""

    result: Mapping[str, Json]
    warnings: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class KnownWorkflow:
    """A workflow that can be triggered if it is active. `version` names its steps; without `steps` a run ends at once.

    `check` is what compares a trigger's data with `schema`.
    """

    active: bool
    version: int = 1
    steps: bool = False
    schema: Mapping[str, Json] | None = None
    check: SchemaCheck = attrs.field(default=unchecked, eq=False, repr=False)


@attrs.frozen(kw_only=True)
class OpenRun:
    """A run that can still be cancelled."""

    id: str
    recipient: Mapping[str, Json]


class Unfit(Exception):
    """A value does not fit its parameter. Raised and caught within the preparation of one action."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def unfit(field: str, message: str, code: str = "invalid_params") -> Unfit:
    """An `Unfit` about `field`."""
    return Unfit(Problem(code=code, message=message, field=field))
