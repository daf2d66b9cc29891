"""Writing tenants on Knock's paths."""

from litestar import Response, delete, post, put

from application.bulk_operations import Bulk
from application.gateway import Gateway
from domain import operations
from domain.json_values import Json
from domain.operations import Operation
from domain.recipients import TENANTS
from interfaces.http import calls, directory, rendering
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing


@put("/v1/tenants/{tenant_id:str}", sync_to_thread=True, summary="Set a tenant")
def set_tenant(request: AnyRequest, gateway: Gateway, tenant_id: str, body: bytes) -> Response[bytes]:
    """`{name?, settings?, channel_data?}` and properties on the top level, merged into what there is."""
    call = calls.begin(request, gateway, body)
    name = call.identifier(tenant_id)
    call.make(operations.set_tenant(name, call.asked()))
    found = gateway.directory.entity(call.environment, TENANTS, name)
    if found is None:
        raise Missing(f"tenant {name!r}")  # somebody else has deleted it since
    return rendering.answer(directory.tenant(found))


@delete("/v1/tenants/{tenant_id:str}", sync_to_thread=True, status_code=204, summary="Delete a tenant")
def delete_tenant(request: AnyRequest, gateway: Gateway, tenant_id: str) -> None:
    """Deleting one that is not there is no error."""
    call = calls.begin(request, gateway)
    call.make(operations.delete_tenant(call.identifier(tenant_id)))


@post("/v1/tenants/bulk/set", sync_to_thread=True, summary="Set many tenants")
def bulk_set(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{tenants: [id | {id, …}]}`, at most 1,000."""
    call = calls.begin(request, gateway, body)
    items = calls.listed(call.asked(), "tenants")
    return call.start(Bulk(name="tenants.bulk.set", field="tenants", items=items, read=_set))


@post("/v1/tenants/bulk/delete", sync_to_thread=True, summary="Delete many tenants")
def bulk_delete(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """`?tenant_ids[]=`, repeated, at most 1,000: the ids stand in the query, as Knock's clients send them."""
    call = calls.begin(request, gateway)
    ids = [each for name in ("tenant_ids[]", "tenant_ids") for each in request.query_params.getall(name, [])]
    if any("\0" in each for each in ids):
        raise Malformed("an id holds NUL", "tenant_ids")
    return call.start(Bulk(name="tenants.bulk.delete", field="tenant_ids", items=ids, read=operations.delete_tenant))


def _set(entry: Json) -> Operation:
    if isinstance(entry, str | int) and not isinstance(entry, bool):
        return operations.set_tenant(entry, {})
    described = operations.item(entry)
    return operations.set_tenant(described["id"], described)


HANDLERS = [set_tenant, delete_tenant, bulk_set, bulk_delete]
