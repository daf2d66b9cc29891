"""The Litestar application: every route, the one place for errors, and a request id on every answer."""

from collections.abc import Callable
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, Reference, SecurityScheme
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.gateway import Gateway
from interfaces.http import (
    account,
    audience_members,
    audit_feed,
    bulk_operations,
    calls,
    collecting,
    configuration_versions,
    directory,
    disabled_targets,
    erasures,
    explaining,
    exports,
    forwarding,
    lineage,
    logs,
    objects,
    operations,
    problems,
    proofs,
    receiving,
    replays,
    reverse_etl,
    runs,
    segments,
    sources,
    tail,
    tenants,
    threads,
    users,
    variables,
    workflow_calls,
    workflows,
)

RECEIVE = f"{receiving.PATH}/"
SCHEMES: dict[str, SecurityScheme | Reference] = {
    "key": SecurityScheme(type="http", scheme="bearer"),
    "write_key": SecurityScheme(type="http", scheme="basic", description="a source's write key, an empty password"),
}
HANDLERS: list[Any] = [
    *collecting.HANDLERS,
    *sources.HANDLERS,
    *configuration_versions.HANDLERS,
    *account.HANDLERS,
    *workflows.HANDLERS,
    *variables.HANDLERS,
    *logs.HANDLERS,
    *explaining.HANDLERS,
    *exports.HANDLERS,
    *tail.HANDLERS,
    *audit_feed.HANDLERS,
    *lineage.HANDLERS,
    *proofs.HANDLERS,
    *erasures.HANDLERS,
    *directory.HANDLERS,
    *users.HANDLERS,
    *objects.HANDLERS,
    *tenants.HANDLERS,
    *audience_members.HANDLERS,
    *workflow_calls.HANDLERS,
    *runs.HANDLERS,
    *disabled_targets.HANDLERS,
    *forwarding.HANDLERS,
    *replays.HANDLERS,
    *bulk_operations.HANDLERS,
    *reverse_etl.HANDLERS,
    *operations.HANDLERS,
]
"""Every route but receiving's, which is mounted beside the framework's."""


class RequestIds:
    """Puts `X-Request-ID` on every answer that has none: the caller's own if it is a sane one, else a new one.

    It stands around the application, because the framework answers unknown paths and wrong methods by itself.
    """

    def __init__(self, app: ASGIApp, new_id: Callable[[], str]) -> None:
        self._app, self._new_id = app, new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith(RECEIVE):
            await self._app(scope, receive, send)  # receiving answers with ids of its own, and fast
            return
        segments.keep_encoded(scope)
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given if 0 < len(given) <= 64 and given.isascii() else self._new_id().encode()
        scope.setdefault("state", {})[calls.REQUEST_ID] = request_id.decode("ascii")

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start" and b"x-request-id" not in dict(message["headers"]):
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)


def create(gateway: Gateway, *, lifespan: Any = None) -> ASGIApp:
    """The application over a gateway. `lifespan` is a list of context managers around its life."""
    # One router, because handlers that are registered singly and share a path are registered again and again, and then
    # lose what makes them run in a thread.
    api = Router("/", route_handlers=HANDLERS)
    application = Litestar(
        route_handlers=[receiving.mount(gateway), api],
        dependencies={"gateway": Provide(lambda: gateway, sync_to_thread=False)},
        exception_handlers=problems.HANDLERS,
        lifespan=[threads.plenty, *(lifespan or [])],
        request_max_body_size=4 * gateway.limits.body_bytes,
        openapi_config=OpenAPIConfig(
            title="Hookledger",
            version="0.1.0",
            description="An event-sourced gateway for incoming webhooks.",
            path="/schema",
            security=[{"key": []}],
            components=Components(security_schemes=SCHEMES),
        ),
        debug=False,
        logging_config=None,  # structlog is set up by whoever runs the process
    )
    return RequestIds(application, gateway.new_id)
