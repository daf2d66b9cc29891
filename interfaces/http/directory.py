"""Reading the directory on Knock's paths: users, objects, tenants, subscriptions and audience members."""

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
    """The tenants of an environment, by id. Filters: name, tenant_id."""
    slug, name = _environment(request, gateway), callers.text(request, "name")
    tenant_id = callers.text(request, "tenant_id")
    found = gateway.directory.entities(slug, TENANTS, callers.page(request), entity_id=tenant_id, name=name)
    return rendering.answer(rendering.page(_shaped(found, recipient)))


@get("/v1/audiences/{key:str}/members", sync_to_thread=True, summary="Members of an audience")
def list_members(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """The members of an audience; one who is not identified has a user of nothing but an id."""
    slug = _environment(request, gateway)
    page = gateway.directory.members(slug, segments.identifier(request.scope, key), callers.page(request))
    if page is None:
        raise Missing(f"audience {key!r}")
    return rendering.answer(rendering.page(_shaped(page, _member)))


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


def _entity(request: AnyRequest, gateway: Gateway, collection: str, entity_id: str) -> Mapping[str, Any]:
    slug = _environment(request, gateway)
    group, name = (segments.identifier(request.scope, each) for each in (collection, entity_id))
    found = gateway.directory.entity(slug, group, name)
    if found is None:
        what = {USERS: "user", TENANTS: "tenant"}.get(group, f"object of {group!r}:")
        raise Missing(f"{what} {name!r}")
    return found


def _entities(request: AnyRequest, gateway: Gateway, collection: str) -> Page:
    slug, group = _environment(request, gateway), segments.identifier(request.scope, collection)
    return _shaped(gateway.directory.entities(slug, group, callers.page(request)), recipient)


def _shaped(page: Page, shape: Any) -> Page:
    return attrs.evolve(page, entries=[shape(entry) for entry in page.entries])


def _subscriptions(
    request: AnyRequest, gateway: Gateway, collection: str, entity_id: str, mode: str
) -> Response[bytes]:
    slug = _environment(request, gateway)
    group, name = (segments.identifier(request.scope, each) for each in (collection, entity_id))
    page = gateway.directory.subscriptions(slug, group, name, mode=mode, page=callers.page(request))
    return rendering.answer(rendering.page(_shaped(page, subscription)))


def subscription(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A subscription in Knock's shape, both sides whole."""
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
]
