"""Writing users on Knock's paths: identify, delete, merge, and many at once."""

from litestar import Response, delete, post, put

from application import user_merges
from application.bulk_operations import Bulk
from application.gateway import Gateway
from domain import operations
from domain.json_values import Json
from domain.operations import CallRefused, Operation
from domain.recipients import USERS
from interfaces.http import calls, directory, rendering
from interfaces.http.callers import AnyRequest
from interfaces.http.calls import Call
from interfaces.http.problems import Missing


@put("/v1/users/{user_id:str}", sync_to_thread=True, summary="Identify a user")
def update_user(request: AnyRequest, gateway: Gateway, user_id: str, body: bytes) -> Response[bytes]:
    """Properties on the top level, merged into what there is; null overwrites."""
    call = calls.begin(request, gateway, body)
    name = call.identifier(user_id)
    call.make(operations.update_user(name, call.asked()))
    return _shown(call, name)


@delete("/v1/users/{user_id:str}", sync_to_thread=True, status_code=204, summary="Delete a user")
def delete_user(request: AnyRequest, gateway: Gateway, user_id: str) -> None:
    """With its subscriptions; deleting one who is not there is no error."""
    call = calls.begin(request, gateway)
    call.make(operations.delete_user(call.identifier(user_id)))


@post("/v1/users/{user_id:str}/merge", sync_to_thread=True, summary="Merge a user into another")
def merge_user(request: AnyRequest, gateway: Gateway, user_id: str, body: bytes) -> Response[bytes]:
    """`{from_user_id}`: what the user lacks, with subscriptions and memberships, comes from this one, who then goes."""
    call = calls.begin(request, gateway, body)
    name, other = call.identifier(user_id), call.asked().get("from_user_id")
    if not isinstance(other, str) or not other or "\0" in other:
        raise CallRefused(f"from_user_id is {other!r}; it must be the id of a user", field="from_user_id")
    merge = user_merges.operations_of(gateway.directory, call.environment, target=name, source=other)
    call.make(*merge)
    return _shown(call, name)


@post("/v1/users/bulk/identify", sync_to_thread=True, summary="Identify many users")
def bulk_identify(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{users: [{id, …}]}`, at most 1,000."""
    call = calls.begin(request, gateway, body)
    items = calls.listed(call.asked(), "users")
    return call.start(Bulk(name="users.bulk.identify", field="users", items=items, read=_identified))


@post("/v1/users/bulk/delete", sync_to_thread=True, summary="Delete many users")
def bulk_delete(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{user_ids: […]}`, at most 1,000."""
    call = calls.begin(request, gateway, body)
    items = calls.listed(call.asked(), "user_ids")
    return call.start(Bulk(name="users.bulk.delete", field="user_ids", items=items, read=operations.delete_user))


def _identified(entry: Json) -> Operation:
    described = operations.item(entry)
    return operations.update_user(described["id"], described)


def _shown(call: Call, user_id: str) -> Response[bytes]:
    found = call.gateway.directory.entity(call.environment, USERS, user_id)
    if found is None:
        raise Missing(f"user {user_id!r}")  # somebody else has deleted it since
    return rendering.answer(directory.user(found))


HANDLERS = [update_user, delete_user, merge_user, bulk_identify, bulk_delete]
