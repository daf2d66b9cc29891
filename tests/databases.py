"""How tests come by PostgreSQL: the one they are given, a container, or the embedded server."""

import contextlib
import gc
import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from infrastructure import embedded_postgres

IMAGE = "postgres:18"

UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings that trade the survival of a power failure, of no interest to most tests, for speed."""


@contextlib.contextmanager
def postgres(*, fsync: bool = False) -> Iterator[str]:
    """Yield the URL of a server whose user may create databases.

    In this order: TEST_DATABASE_URL, a container where a Docker engine answers, the embedded
    server. `fsync` makes the latter two as durable as in production.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    settings = {} if fsync else UNSAFE
    server = _container if not given and _docker_answers() else _embedded
    with contextlib.nullcontext(given) if given else server(settings) as url:
        yield url


@contextlib.contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """Yield the URL of an empty database on the server at `url`; it is dropped afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    _execute(url, "CREATE DATABASE {}", name)
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        _execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextlib.contextmanager
def server_directory() -> Iterator[Path]:
    """Yield a temporary directory that the embedded server's own user can pass through."""
    with tempfile.TemporaryDirectory(prefix="hookledger-") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


def _execute(url: str, statement: str, database: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(database)))


def _docker_answers() -> bool:
    import docker  # type: ignore[import-untyped]

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        try:
            with contextlib.closing(docker.from_env(timeout=2)) as client:
                return bool(client.ping())
        except (docker.errors.DockerException, OSError):
            return False
        finally:
            gc.collect()  # docker leaves a socket open where no engine listens; let it be found here, not in a test


@contextlib.contextmanager
def _container(settings: dict[str, str]) -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer

    options = [f"-c {name}={value}" for name, value in settings.items()]
    container = PostgresContainer(IMAGE, driver=None).with_command(" ".join(["postgres", *options]))
    with container as running:
        yield running.get_connection_url()


@contextlib.contextmanager
def _embedded(settings: dict[str, str]) -> Iterator[str]:
    with server_directory() as directory:
        server = embedded_postgres.EmbeddedPostgres(directory / "postgres", settings=settings)
        with server:
            yield server.url
