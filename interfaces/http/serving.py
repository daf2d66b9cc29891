"""The server of the HTTP API: uvicorn over the application, with what makes it lean and lets it end in time."""

import logging
import socket
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvicorn

from application.gateway import Gateway
from application.ports import News
from interfaces.http import app


def server(
    gateway: Gateway, appender: AbstractAsyncContextManager[Any], *, host: str, port: int, connections: int
) -> uvicorn.Server:
    """A server that is not running yet. `appender` lives as long as it serves; more `connections` at once get 503."""
    news = gateway.following.news
    config = uvicorn.Config(
        app.create(gateway, lifespan=[lambda _: appender, lambda _: news]),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_level=logging.WARNING,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=connections,
        timeout_graceful_shutdown=10,
    )
    return _Server(config, news)


class _Server(uvicorn.Server):
    """Lets those go who wait for news before it waits for their requests to end."""

    def __init__(self, config: uvicorn.Config, news: News) -> None:
        super().__init__(config)
        self._news = news

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._news.end()
        await super().shutdown(sockets)
