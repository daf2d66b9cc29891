"""The commands that run processes: serve, api, worker, and migrate."""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import click
import structlog
import uvicorn

from infrastructure import composition
from interfaces.http import app


@click.command()
def serve() -> None:
    """Run everything: PostgreSQL if DATABASE_URL names none, the API and one worker.

    Prints the address and, on the first start, an admin token. Ctrl-C or SIGTERM stops all of it; data is kept.
    """
    settings = _settings()
    stop = composition.Stop()
    with composition.server_for(settings) as server:
        url = settings.database_url or (server.url if server else "")
        ready = attrs.evolve(settings, database_url=url)
        with composition.parts(ready) as shared:
            token = composition.prepare(shared)
        _announce(settings.url, token)
        composition.keep_running(server, url, stop)
    click.echo("Stopped.")


def _announce(url: str, token: str | None) -> None:
    click.echo(f"Hookledger is at {url} (API reference: {url}/schema)")
    if token is not None:
        click.echo(f"Admin token, shown this once: {token}")
    sys.stdout.flush()


@click.command()
def api() -> None:
    """Run the API alone, over DATABASE_URL. Run as many as you like; they keep no state."""
    with _parts() as shared:
        gateway, appender = composition.gateway(shared)
        application = app.create(gateway, lifespan=[lambda _: appender])
        settings = shared.settings
        uvicorn.run(
            application,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            lifespan="on",
            access_log=False,
            log_level=logging.WARNING,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=settings.max_connections,
            timeout_graceful_shutdown=10,
            h11_max_incomplete_event_size=65_536,
        )


@click.command()
def worker() -> None:
    """Run the worker alone, over DATABASE_URL. One works at a time; more of them stand by."""
    with _parts() as shared:
        running = composition.worker(shared)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        running.run()


@click.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to the shape that this version needs; safe to repeat."""
    with _parts() as shared:
        token = composition.prepare(shared)
    click.echo("The database is up to date.")
    if token is not None:
        click.echo(f"Admin token, shown this once: {token}")


@contextmanager
def _parts() -> Iterator[composition.Parts]:
    settings = _settings()
    if settings.database_url is None:
        raise click.UsageError("DATABASE_URL is not set; name a PostgreSQL database, or run `hookledger serve`")
    with composition.parts(settings) as shared:
        yield shared


def _settings() -> composition.Settings:
    settings = composition.load_settings()
    level = logging.getLevelName(settings.log_level.upper())
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    return settings


COMMANDS = [serve, api, worker, migrate]
