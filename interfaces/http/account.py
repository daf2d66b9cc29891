"""The account: environments, API keys and audiences."""

from typing import Any

from litestar import Response, delete, get, post, put

from application.gateway import Gateway
from domain import audiences
from interfaces.http import bodies, callers, rendering, segments, shapes
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing


@get("/v1/environments", sync_to_thread=True, summary="List environments")
def list_environments(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """The environments in their order."""
    _, snapshot = callers.caller(request, gateway, "read")
    return rendering.answer(rendering.only_page([shapes.environment(each) for each in snapshot.environments()]))


@get("/v1/environments/{slug:str}", sync_to_thread=True, summary="Get an environment")
def get_environment(request: AnyRequest, gateway: Gateway, slug: str) -> Response[bytes]:
    """One environment."""
    _, snapshot = callers.caller(request, gateway, "read")
    for each in snapshot.environments():
        if each.slug == slug:
            return rendering.answer(shapes.environment(each))
    raise Missing(f"environment {slug!r}")


@post("/v1/environments", sync_to_thread=True, summary="Create an environment")
def create_environment(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{slug, name?}`; every source gets default settings and an address of its own there."""
    who, _ = callers.caller(request, gateway, "administer")
    asked = callers.json_body(gateway, body)
    slug = bodies.text(asked, "slug")
    name = bodies.name(asked) if "name" in asked else slug
    made = gateway.managing.create_environment(slug=slug, name=name, actor=who.key_id)
    return rendering.answer(shapes.environment(made), 201)


@put("/v1/environments/{slug:str}/retention", sync_to_thread=True, summary="Change how long payloads are kept")
def put_retention(request: AnyRequest, gateway: Gateway, slug: str, body: bytes) -> Response[bytes]:
    """`{payload_days}`: for how many days payloads are kept, null for ever. Older ones become unreadable for good."""
    who, _ = callers.caller(request, gateway, "administer")
    asked = callers.json_body(gateway, body)
    days = asked.get("payload_days")
    if "payload_days" not in asked or isinstance(days, bool) or not isinstance(days, int | None):
        raise Malformed(f"payload_days is {days!r}; it must be a whole number of days, or null", "payload_days")
    changed = gateway.managing.change_retention(slug=slug, payload_days=days, actor=who.key_id)
    return rendering.answer(shapes.environment(changed))


@get("/v1/api_keys", sync_to_thread=True, summary="List API keys")
def list_keys(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """Every key ever issued, without the keys themselves."""
    _, snapshot = callers.caller(request, gateway, "administer")
    return rendering.answer(rendering.only_page([shapes.api_key(each) for each in snapshot.of("api_key")]))


@post("/v1/api_keys", sync_to_thread=True, summary="Issue an API key")
def issue_key(request: AnyRequest, gateway: Gateway, body: bytes) -> Response[bytes]:
    """`{name, environment?, role?}`: with an environment a secret key of it, else a service token. Shown this once."""
    who, _ = callers.caller(request, gateway, "administer")
    asked = callers.json_body(gateway, body)
    environment = bodies.text(asked, "environment") if asked.get("environment") is not None else None
    role = bodies.text(asked, "role") if asked.get("role") is not None else None
    issued = gateway.managing.issue_key(name=bodies.name(asked), environment=environment, role=role, actor=who.key_id)
    return rendering.answer({**shapes.api_key(issued.record), "key": issued.key}, 201)


@delete("/v1/api_keys/{key_id:str}", sync_to_thread=True, status_code=204, summary="Revoke an API key")
def revoke_key(request: AnyRequest, gateway: Gateway, key_id: str) -> None:
    """It opens nothing from now on."""
    who, _ = callers.caller(request, gateway, "administer")
    gateway.managing.revoke_key(key_id=key_id, actor=who.key_id)


@get("/v1/audiences", sync_to_thread=True, summary="List audiences")
def list_audiences(request: AnyRequest, gateway: Gateway) -> Response[bytes]:
    """The audiences of an environment, those that actions created among them."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug = callers.the_environment(request, who, snapshot)
    return rendering.answer(rendering.only_page([shapes.audience(each) for each in gateway.directory.audiences(slug)]))


@get("/v1/audiences/{key:str}", sync_to_thread=True, summary="Get an audience")
def get_audience(request: AnyRequest, gateway: Gateway, key: str) -> Response[bytes]:
    """One audience."""
    who, snapshot = callers.caller(request, gateway, "read")
    slug, wanted = callers.the_environment(request, who, snapshot), segments.decoded(key)
    defined: Any = snapshot.state(audiences.stream(slug, wanted))
    made = (each for each in gateway.directory.audiences(slug) if each["key"] == wanted)
    found = defined or next(made, None)
    if found is None:
        raise Missing(f"audience {wanted!r}")
    return rendering.answer(shapes.audience(found))


@put("/v1/audiences/{key:str}", sync_to_thread=True, summary="Define a static audience")
def put_audience(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> Response[bytes]:
    """`{audience: {type: "static", name, description?}}`."""
    who, snapshot = callers.caller(request, gateway, "edit")
    slug = callers.the_environment(request, who, snapshot)
    asked = bodies.within(callers.json_body(gateway, body), "audience")
    if asked.get("type", "static") != "static":
        raise Malformed(f"audience.type is {asked['type']!r}; only static audiences can be defined", "audience.type")
    description = bodies.text(asked, "description") if asked.get("description") is not None else None
    defined = gateway.managing.define_audience(
        environment=slug, key=key, name=bodies.text(asked, "name"), description=description, actor=who.key_id
    )
    return rendering.answer(rendering.wrapped("audience", shapes.audience(defined)))


HANDLERS = [
    list_environments,
    get_environment,
    create_environment,
    put_retention,
    list_keys,
    issue_key,
    revoke_key,
    list_audiences,
    get_audience,
    put_audience,
]
