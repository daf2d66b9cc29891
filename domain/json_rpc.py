"""JSON-RPC 2.0, as far as warehouses speak it: one call with an id, one answer. See www.jsonrpc.org/specification."""

from collections.abc import Mapping

import attrs

from domain import errors
from domain.json_values import OBJECTS, Json, a_type

VERSION = "2.0"
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602

Id = str | int


class Fault(errors.Refused):
    """A call that has no result; `code` is one of the specification's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@attrs.frozen(kw_only=True)
class Call:
    """A method, with its parameters by name."""

    id: Id
    method: str
    params: Mapping[str, Json]


def id_of(asked: Mapping[str, Json]) -> Id | None:
    """The id of what may be a call; None if it has none that can be."""
    given = asked.get("id")
    return given if isinstance(given, str | int) and not isinstance(given, bool) else None


def read(asked: Mapping[str, Json]) -> Call:
    """The call that a body is. Raises Fault."""
    call_id, method, params = id_of(asked), asked.get("method"), asked.get("params")
    if asked.get("jsonrpc") != VERSION:
        raise Fault(INVALID_REQUEST, f"jsonrpc is {asked.get('jsonrpc')!r}; it must be {VERSION!r}")
    if call_id is None:
        raise Fault(INVALID_REQUEST, f"id is {a_type(asked.get('id'))}; it must be a text or an integer")
    if not isinstance(method, str):
        raise Fault(INVALID_REQUEST, f"method is {a_type(method)}; it must be a text")
    if not isinstance(params, (*OBJECTS, type(None))):
        raise Fault(INVALID_PARAMS, f"params is {a_type(params)}; it must be an object")
    return Call(id=call_id, method=method, params=params or {})


def result(call_id: Id, value: Json) -> dict[str, Json]:
    """The answer to a call that went well."""
    return {"jsonrpc": VERSION, "id": call_id, "result": value}


def error(call_id: Id | None, fault: Fault) -> dict[str, Json]:
    """The answer to a call that did not."""
    return {"jsonrpc": VERSION, "id": call_id, "error": {"code": fault.code, "message": str(fault)}}


def text(params: Mapping[str, Json], path: str) -> str:
    """The text at `path`, a name within names such as `sync_plan.operation`. Raises Fault."""
    found = at(params, path)
    if not isinstance(found, str):
        raise Fault(INVALID_PARAMS, f"{path} is {a_type(found)}; it must be a text")
    return found


def an_object(params: Mapping[str, Json], path: str) -> Mapping[str, Json]:
    """The object at `path`. Raises Fault."""
    found = at(params, path)
    if not isinstance(found, OBJECTS):
        raise Fault(INVALID_PARAMS, f"{path} is {a_type(found)}; it must be an object")
    return found


def at(params: Mapping[str, Json], path: str) -> Json:
    """What stands at `path`; null where nothing does."""
    found: Json = params
    for name in path.split("."):
        found = found.get(name) if isinstance(found, OBJECTS) else None
    return found
