"""The usual way: an ordinary handler, a thread pool, and one `save()` of the eventsourcing library per request."""

import sys
from typing import Any
from uuid import uuid4

import psycopg
import uvicorn
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from litestar import Litestar, post
from psycopg.conninfo import conninfo_to_dict


class Webhook(Aggregate):
    """A webhook as an aggregate of the library's."""

    @event("Received")
    def __init__(self, body: str) -> None:
        self.body = body


class Webhooks(Application[Any]):
    """The library's application."""


def environment(url: str) -> dict[str, str]:
    """The library's settings for a database."""
    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", 5432)),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_SCHEMA": "stock",
    }


def create(url: str) -> Litestar:
    """The stock server over a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS stock")
    webhooks = Webhooks(environment(url))

    @post("/integrations/receive/{token:str}", sync_to_thread=True, status_code=200)
    def receive(token: str, body: bytes) -> dict[str, str]:
        webhook = Webhook(body=body.decode())
        webhooks.save(webhook)
        return {"status": "accepted", "event_id": str(uuid4())}

    return Litestar(route_handlers=[receive], openapi_config=None)


if __name__ == "__main__":
    uvicorn.run(
        create(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
