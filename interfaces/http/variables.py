"""Variables: what scripts read as `vars`. The values of secrets come in and never go out."""

from litestar import Response, delete, get, put

from application.catalogue import Snapshot
from application.gateway import Gateway
from domain import variables
from domain.variables import Variable
from interfaces.http import callers, rendering, shapes
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing


@get("/v1/variables", sync_to_thread=True, summary="List variables")
def list_variables(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Every variable, or those of a `type`; with an `environment` only the values that it has of its own."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.environment(request, who, snapshot, required=False)
    wanted = callers.text(request, "type")
    if wanted not in (None, *variables.TYPES):
        raise Malformed(f"type is {wanted!r}; it must be {' or '.join(variables.TYPES)}", "type")
    live = [each for each in snapshot.of("variable") if each.removed_at is None and wanted in (None, each.type)]
    return rendering.answer(rendering.only_page([shapes.variable(each, slug) for each in live]))


@get("/v1/variables/{key:str}", sync_to_thread=True, summary="Get a variable")
def get_variable(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """One variable."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.environment(request, who, snapshot, required=False)
    return rendering.answer(shapes.variable(_variable(snapshot, key), slug))


@put("/v1/variables/{key:str}", sync_to_thread=True, summary="Set a variable, or change it")
def put_variable(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{variable: {value?, environment_values?: {slug: value}, type?, description?}}`; what is not named stays.

    A null removes a value, but not one of a secret, which reading shows as null too.
    """
    who, _ = callers.caller(request, gateway, "edit")
    shown = gateway.managing.put_variable(key=key, body=callers.json_body(gateway, body), actor=who.key_id)
    return rendering.answer(rendering.wrapped("variable", shapes.variable(shown)))


@delete("/v1/variables/{key:str}", sync_to_thread=True, status_code=204, summary="Remove a variable")
def remove_variable(request: AnyRequest, gateway: Gateway, key: str) -> None:
    """Remove it altogether, or with an `environment` only the value that this one has of its own."""
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.environment(request, who, snapshot, required=False)
    gateway.managing.remove_variable(key=key, environment=slug, actor=who.key_id)


def _variable(snapshot: Snapshot, key: str) -> Variable:
    found: Variable | None = snapshot.state(variables.stream(key))
    if found is None or found.removed_at is not None:
        raise Missing(f"variable {key!r}")
    return found


HANDLERS = [list_variables, get_variable, put_variable, remove_variable]
