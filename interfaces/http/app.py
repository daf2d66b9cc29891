"""The Litestar application: every route, the one place for errors, and a request id on every answer."""

from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.gateway import Gateway
from interfaces.http import account, directory, logs, operations, problems, receiving, sources


class RequestIds(ASGIMiddleware):
    """Puts `X-Request-ID` on every answer: the caller's own if it is a sane one, else a new one."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, gateway: Gateway) -> None:
        self._new_id = gateway.new_id

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See ASGI."""
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given if 0 < len(given) <= 64 and given.isascii() else self._new_id().encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await next_app(scope, receive, send_with_id)


def create(gateway: Gateway, *, lifespan: Any = None) -> Litestar:
    """The application over a gateway. `lifespan` is a list of context managers around its life."""
    # One router, because handlers that are registered singly and share a path are registered again and again, and then
    # lose what makes them run in a thread. Receiving stays outside: it answers with ids of its own, and fast.
    handlers: list[Any] = [
        *sources.HANDLERS,
        *account.HANDLERS,
        *logs.HANDLERS,
        *directory.HANDLERS,
        *operations.HANDLERS,
    ]
    api = Router("/", route_handlers=handlers, middleware=[RequestIds(gateway)])
    return Litestar(
        route_handlers=[receiving.mount(gateway), api],
        dependencies={"gateway": Provide(lambda: gateway, sync_to_thread=False)},
        exception_handlers=problems.HANDLERS,
        lifespan=lifespan or [],
        request_max_body_size=4 * gateway.limits.body_bytes,
        openapi_config=OpenAPIConfig(
            title="Hookledger",
            version="0.1.0",
            description="An event-sourced gateway for incoming webhooks.",
            path="/schema",
            security=[{"key": []}],
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
        ),
        debug=False,
    )
