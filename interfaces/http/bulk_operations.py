"""How far a bulk operation is, on Knock's path."""

from litestar import Response, get

from application.gateway import Gateway
from interfaces.http import callers, calls, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Missing


@get("/v1/bulk_operations/{operation_id:str}", sync_to_thread=True, summary="Get a bulk operation")
def get_bulk_operation(request: AnyRequest, gateway: Gateway, operation_id: str) -> Response[bytes]:
    """Its progress, read from the log, with every item that failed."""
    who, snapshot = callers.caller(request, gateway, "directory")
    environment = callers.the_environment(request, who, snapshot)
    wanted = segments.identifier(request.scope, operation_id)
    progress = gateway.bulk_operations.progress(wanted, environment)
    if progress is None:
        raise Missing(f"bulk operation {wanted!r}")
    return rendering.answer(calls.bulk_operation(progress))


HANDLERS = [get_bulk_operation]
