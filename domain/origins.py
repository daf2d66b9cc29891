"""Origins: from which place of its webhook an action took the value of a field, as far as the action recorded it."""

from collections.abc import Sequence
from typing import Final

from domain import path_syntax, recipients
from domain.actions.outcomes import Reference
from domain.json_values import LISTS, OBJECTS, Json
from domain.webhooks import ActionExecuted

SETTING: Final = frozenset({"users_identify", "objects_set", "tenants_set"})
ENVELOPE: Final = frozenset({"id", "collection", "properties"})
"""Members of such an action's payload that are no fields of their own."""


def of_field(action: ActionExecuted, reference: Reference, path: Sequence[str]) -> dict[str, Json]:
    """`{parameter, path | constant | template}`: the action's parameter that gave the field, and where that came from.

    Of an entity that is described among several recipients or members, it is where they all came from.
    """
    parameter, rest = _parameter(action, reference, path)
    origin = _descend(action.origins.get(parameter), rest)
    return {"parameter": parameter, **(origin if isinstance(origin, OBJECTS) else {})}


def _parameter(action: ActionExecuted, reference: Reference, path: Sequence[str]) -> tuple[str, Sequence[str]]:
    if action.action_type in SETTING:
        own = path[0] in action.payload and path[0] not in ENVELOPE
        return (path[0], path[1:]) if own else ("properties", path)
    if action.action_type == "audiences_add_member":
        return "members", ()
    if reference in map(_reference, _listed(action.payload.get("recipients"))):
        return "recipients", ()
    return ("actor" if _reference(action.payload.get("actor")) == reference else "tenant"), path


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, LISTS) else ()


def _reference(value: Json) -> Reference | None:
    return recipients.entity(str(value["collection"]), str(value["id"])) if isinstance(value, OBJECTS) else None


def _descend(origin: Json, rest: Sequence[str]) -> Json:
    """The origin of a member of what `origin` tells of; a map of origins is told from one by what its members hold."""
    if not isinstance(origin, OBJECTS) or not rest:
        return origin
    text = origin.get("path")
    if isinstance(text, str):
        return {"path": path_syntax.join((*path_syntax.split(text), *rest))}
    if origin.get("constant") is True or isinstance(origin.get("template"), str):
        return origin
    return _descend(origin.get(rest[0]), rest[1:])
