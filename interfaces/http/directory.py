"""Reading the directory on Knock's paths: users, objects, tenants, subscriptions, audience members and runs."""

from collections.abc import Mapping
from typing import Any

import attrs
from litestar import Response, get

from application.gateway import Gateway
from application.queries import Page
from domain.recipients import TENANTS, USERS
from interfaces.http import callers, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

USER_FIELDS = ("name", "email", "phone_number", "avatar", "locale", "timezone")
HIDDEN = frozenset({"channel_data", "preferences"})


@get("/v1/users/{user_id:str}", sync_to_thread=True, summary="Get a user")
def get_user(request: AnyRequest, gateway: Gateway, user_id: str) -> Response[bytes]:
    """One user, custom properties on the top level."""
    return rendering.answer(user(_entity(request, gateway, USERS, user_id)))


@get("/v1/users", sync_to_thread=True, summary="List users")
def list_users(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """The users of an environment, by id."""
    return rendering.answer(rendering.page(_entities(request, gateway, USERS)))


@get("/v1/users/{user_id:str}/subscriptions", sync_to_thread=True, summary="What a user follows")
def list_user_subscriptions(request: AnyRequest, gateway: Gateway, user_id: str) -> Response[bytes]:
    """The subscriptions of a user."""
    return _subscriptions(request, gateway, USERS, user_id, "recipient")


@get("/v1/objects/{collection:str}/{object_id:str}", sync_to_thread=True, summary="Get an object")
def get_object(request: AnyRequest, gateway: Gateway, collection: str, object_id: str) -> Response[bytes]:
    """One object."""
    return rendering.answer(an_object(_entity(request, gateway, collection, object_id)))


@get("/v1/objects/{collection:str}", sync_to_thread=True, summary="List objects")
def list_objects(request: AnyRequest, gateway: Gateway, collection: str) -> Response[bytes]:
    """The objects of a collection, by id."""
    return rendering.answer(rendering.page(_entities(request, gateway, collection)))


@get("/v1/objects/{collection:str}/{object_id:str}/subscriptions", sync_to_thread=True, summary="Subscriptions")
def list_subscriptions(request: AnyRequest, gateway: Gateway, collection: str, object_id: str) -> Response[bytes]:
    """`mode=object` (default): who follows it; `mode=recipient`: what it follows."""
    mode = request.query_params.get("mode", "object")
    if mode not in ("object", "recipient"):
        raise Malformed(f"mode is {mode!r}; it must be object or recipient", "mode")
    return _subscriptions(request, gateway, collection, object_id, mode)


@get("/v1/tenants/{tenant_id:str}", sync_to_thread=True, summary="Get a tenant")
def get_tenant(request: AnyRequest, gateway: Gateway, tenant_id: str) -> Response[bytes]:
    """One tenant, custom properties on the top level."""
    return rendering.answer(tenant(_entity(request, gateway, TENANTS, tenant_id)))


@get("/v1/tenants", sync_to_thread=True, summary="List tenants")
def list_tenants(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """The tenants of an environment, by id."""
    return rendering.answer(rendering.page(_entities(request, gateway, TENANTS)))


@get("/v1/audiences/{key:str}/members", sync_to_thread=True, summary="Members of an audience")
def list_members(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """The members of an audience; one who is not identified has a user of nothing but an id."""
    slug = _environment(request, gateway)
    page = gateway.directory.members(slug, _id(key), callers.page(request))
    if page is None:
        raise Missing(f"audience {key!r}")
    return rendering.answer(rendering.page(_shaped(page, _member)))


@get("/v1/workflow_recipient_runs", sync_to_thread=True, summary="List runs")
def list_runs(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Workflow runs, newest first, in Knock's shape with `items`."""
    slug = _environment(request, gateway)
    page = gateway.directory.runs(slug, workflow=callers.text(request, "workflow"), page=callers.page(request))
    return rendering.answer({"items": [_run(each) for each in page.entries], "page_info": rendering.page_info(page)})


@get("/v1/workflow_recipient_runs/{run_id:str}", sync_to_thread=True, summary="Get a run")
def get_run(request: AnyRequest, gateway: Gateway, run_id: str) -> Response[bytes]:
    """One run."""
    found = gateway.directory.run(_environment(request, gateway), _id(run_id))
    if found is None:
        raise Missing(f"run {run_id!r}")
    return rendering.answer({**_run(found), "events": []})


def user(entity: Mapping[str, Any]) -> dict[str, Any]:
    """A user in Knock's shape."""
    properties = entity["properties"]
    return {
        "__typename": "User",
        "id": entity["id"],
        **{name: properties.get(name) for name in USER_FIELDS},
        **{name: value for name, value in properties.items() if name not in HIDDEN},
        "created_at": properties.get("created_at"),
        "updated_at": entity["updated_at"] or rendering.NEVER,
    }


def an_object(entity: Mapping[str, Any]) -> dict[str, Any]:
    """An object in Knock's shape: properties nested."""
    return {
        "__typename": "Object",
        "id": entity["id"],
        "collection": entity["collection"],
        "properties": {name: value for name, value in entity["properties"].items() if name not in HIDDEN},
        "created_at": entity["created_at"],
        "updated_at": entity["updated_at"] or rendering.NEVER,
    }


def tenant(entity: Mapping[str, Any]) -> dict[str, Any]:
    """A tenant in Knock's shape."""
    properties = entity["properties"]
    return {
        "__typename": "Tenant",
        "id": entity["id"],
        "name": properties.get("name"),
        "settings": properties.get("settings"),
        **{name: value for name, value in properties.items() if name not in HIDDEN},
        "created_at": entity["created_at"],
        "updated_at": entity["updated_at"] or rendering.NEVER,
    }


def recipient(entity: Mapping[str, Any]) -> dict[str, Any]:
    """A user, tenant or object by its collection."""
    return {USERS: user, TENANTS: tenant}.get(entity["collection"], an_object)(entity)


def _environment(request: AnyRequest, gateway: Gateway) -> str:
    who, snapshot = callers.caller(request, gateway, "directory")
    return callers.the_environment(request, who, snapshot)


def _id(segment: str) -> str:
    text = segments.decoded(segment)
    if "\0" in text:
        raise Malformed("an id holds NUL", "id")
    return text


def _entity(request: AnyRequest, gateway: Gateway, collection: str, entity_id: str) -> Mapping[str, Any]:
    slug, group, name = _environment(request, gateway), _id(collection), _id(entity_id)
    found = gateway.directory.entity(slug, group, name)
    if found is None:
        what = {USERS: "user", TENANTS: "tenant"}.get(group, f"object of {group!r}:")
        raise Missing(f"{what} {name!r}")
    return found


def _entities(request: AnyRequest, gateway: Gateway, collection: str) -> Page:
    slug = _environment(request, gateway)
    return _shaped(gateway.directory.entities(slug, _id(collection), callers.page(request)), recipient)


def _shaped(page: Page, shape: Any) -> Page:
    return attrs.evolve(page, entries=[shape(entry) for entry in page.entries])


def _subscriptions(
    request: AnyRequest, gateway: Gateway, collection: str, entity_id: str, mode: str
) -> Response[bytes]:
    slug = _environment(request, gateway)
    page = gateway.directory.subscriptions(slug, _id(collection), _id(entity_id), mode=mode, page=callers.page(request))
    return rendering.answer(rendering.page(_shaped(page, _subscription)))


def _subscription(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "__typename": "Subscription",
        "object": an_object(entry["object"]),
        "recipient": recipient(entry["recipient"]),
        "properties": entry["properties"],
        "inserted_at": entry["inserted_at"],
        "updated_at": entry["updated_at"],
    }


def _member(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "__typename": "AudienceMember",
        "user_id": entry["user_id"],
        "user": user(entry["user"]),
        "tenant": entry["tenant"],
        "added_at": entry["added_at"],
    }


def _run(entry: Mapping[str, Any]) -> dict[str, Any]:
    reference = {"collection": entry["recipient_collection"], "id": entry["recipient_id"]}
    if reference["collection"] == USERS:
        recipient_shown: Any = reference["id"]
    else:
        recipient_shown = reference
    return {
        "__typename": "WorkflowRecipientRun",
        "id": entry["id"],
        "workflow_run_id": entry["workflow_run_id"],
        "workflow": entry["workflow"],
        "recipient": recipient_shown,
        "actor": entry["actor"],
        "tenant": entry["tenant"],
        "status": entry["status"],
        "error_count": 0,
        "trigger_source": {"type": "integration", "cancellation_key": entry["cancellation_key"]},
        "event_log_id": entry["event_log_id"],
        "inserted_at": entry["inserted_at"],
        "updated_at": entry["updated_at"],
    }


HANDLERS = [
    get_user,
    list_users,
    list_user_subscriptions,
    get_object,
    list_objects,
    list_subscriptions,
    get_tenant,
    list_tenants,
    list_members,
    list_runs,
    get_run,
]
