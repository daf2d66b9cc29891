"""Writing objects and who follows them, on Knock's paths."""

from collections.abc import Callable, Sequence
from functools import partial

from litestar import Response, delete, post, put

from application.bulk_operations import Bulk
from application.gateway import Gateway
from domain import operations
from domain.json_values import Json
from domain.operations import Operation
from domain.webhooks import ActionExecuted
from interfaces.http import calls, directory, rendering
from interfaces.http.callers import AnyRequest
from interfaces.http.calls import Call
from interfaces.http.problems import Missing


@put("/v1/objects/{collection:str}/{object_id:str}", sync_to_thread=True, summary="Set an object")
def set_object(request: AnyRequest, gateway: Gateway, collection: str, object_id: str, body: bytes) -> Response[bytes]:
    """Properties on the top level, merged into what there is; null overwrites."""
    call = calls.begin(request, gateway, body)
    group, name = call.identifier(collection), call.identifier(object_id)
    call.make(operations.set_object(group, name, call.asked()))
    found = gateway.directory.entity(call.environment, group, name)
    if found is None:
        raise Missing(f"object {name!r} of {group!r}")  # somebody else has deleted it since
    return rendering.answer(directory.an_object(found))


@delete(
    "/v1/objects/{collection:str}/{object_id:str}", sync_to_thread=True, status_code=204, summary="Delete an object"
)
def delete_object(request: AnyRequest, gateway: Gateway, collection: str, object_id: str) -> None:
    """With its subscriptions; deleting one that is not there is no error."""
    call = calls.begin(request, gateway)
    call.make(operations.delete_object(call.identifier(collection), call.identifier(object_id)))


@post("/v1/objects/{collection:str}/{object_id:str}/subscriptions", sync_to_thread=True, summary="Follow an object")
def add_subscriptions(
    request: AnyRequest, gateway: Gateway, collection: str, object_id: str, body: bytes
) -> Response[bytes]:
    """`{recipients, properties?}`, at most 100; who follows already has these properties from now on."""
    call = calls.begin(request, gateway, body)
    group, name = call.identifier(collection), call.identifier(object_id)
    (executed,) = call.make(operations.add_subscriptions(group, name, call.asked()))
    return rendering.answer(_subscriptions(call, group, name, _named(executed)))


@delete(
    "/v1/objects/{collection:str}/{object_id:str}/subscriptions",
    sync_to_thread=True,
    status_code=200,
    summary="Follow an object no more",
)
def delete_subscriptions(
    request: AnyRequest, gateway: Gateway, collection: str, object_id: str, body: bytes
) -> Response[bytes]:
    """`{recipients}`, at most 100. The answer is the subscriptions that there were."""
    call = calls.begin(request, gateway, body)
    group, name = call.identifier(collection), call.identifier(object_id)
    operation = operations.delete_subscriptions(group, name, call.asked())
    before = _subscriptions(call, group, name, operations.recipients_of(operation))
    call.make(operation)
    return rendering.answer(before)


@post("/v1/objects/{collection:str}/bulk/set", sync_to_thread=True, summary="Set many objects")
def bulk_set(request: AnyRequest, gateway: Gateway, collection: str, body: bytes) -> Response[bytes]:
    """`{objects: [{id, …}]}`, at most 1,000."""
    return _bulk(request, gateway, collection, body, ("objects.bulk.set", "objects", _set))


@post("/v1/objects/{collection:str}/bulk/delete", sync_to_thread=True, summary="Delete many objects")
def bulk_delete(request: AnyRequest, gateway: Gateway, collection: str, body: bytes) -> Response[bytes]:
    """`{object_ids: […]}`, at most 1,000."""
    return _bulk(request, gateway, collection, body, ("objects.bulk.delete", "object_ids", operations.delete_object))


@post("/v1/objects/{collection:str}/bulk/subscriptions/add", sync_to_thread=True, summary="Follow many objects")
def bulk_add_subscriptions(request: AnyRequest, gateway: Gateway, collection: str, body: bytes) -> Response[bytes]:
    """`{subscriptions: [{id, recipients, properties?}]}`, at most 1,000 objects of at most 100 recipients each."""
    named = ("objects.bulk.subscriptions.add", "subscriptions", _followed)
    return _bulk(request, gateway, collection, body, named)


@post(
    "/v1/objects/{collection:str}/bulk/subscriptions/delete",
    sync_to_thread=True,
    summary="Follow many objects no more",
)
def bulk_delete_subscriptions(request: AnyRequest, gateway: Gateway, collection: str, body: bytes) -> Response[bytes]:
    """`{subscriptions: [{id, recipients}]}`, at most 1,000 objects of at most 100 recipients each."""
    named = ("objects.bulk.subscriptions.delete", "subscriptions", _unfollowed)
    return _bulk(request, gateway, collection, body, named)


Named = tuple[str, str, Callable[[str, Json], Operation]]
"""A bulk operation's name, the body's member that holds its items, and what makes an operation of one."""


def _bulk(request: AnyRequest, gateway: Gateway, collection: str, body: bytes, named: Named) -> Response[bytes]:
    name, field, read = named
    call = calls.begin(request, gateway, body)
    group, items = call.identifier(collection), calls.listed(call.asked(), field)
    return call.start(Bulk(name=name, field=field, items=items, read=partial(read, group), collection=group))


def _set(collection: str, entry: Json) -> Operation:
    described = operations.item(entry)
    return operations.set_object(collection, described["id"], described)


def _followed(collection: str, entry: Json) -> Operation:
    asked = operations.item(entry)
    return operations.add_subscriptions(collection, asked["id"], asked)


def _unfollowed(collection: str, entry: Json) -> Operation:
    asked = operations.item(entry)
    return operations.delete_subscriptions(collection, asked["id"], asked)


def _named(executed: ActionExecuted) -> list[tuple[str, str]]:
    people = executed.payload["recipients"]
    assert isinstance(people, list)
    return [(person["collection"], person["id"]) for person in people]


def _subscriptions(
    call: Call, collection: str, object_id: str, recipients: Sequence[tuple[str, str]]
) -> list[dict[str, object]]:
    found = call.gateway.directory.following(call.environment, collection, object_id, recipients)
    return [directory.subscription(each) for each in found]


HANDLERS = [
    set_object,
    delete_object,
    add_subscriptions,
    delete_subscriptions,
    bulk_set,
    bulk_delete,
    bulk_add_subscriptions,
    bulk_delete_subscriptions,
]
