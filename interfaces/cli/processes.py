"""The commands that run processes: serve, api, worker, and migrate."""

import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
import click
import structlog

from application.errors import Unavailable
from infrastructure import composition
from interfaces.cli import addresses, admin_tokens

NOT_STARTED = 3
"""The exit code of an API that cannot start, as uvicorn has it."""

SLOW_START = 15.0
"""Seconds after which somebody who waits for the address wants to know that it takes longer."""


@click.command()
def serve() -> None:
    """Run everything: PostgreSQL if DATABASE_URL names none, the API and one worker.

    Prints the address once the API answers and, on the first start, an admin token, which it also keeps in the data
    directory. Ctrl-C or SIGTERM stops all of it; data is kept.
    """
    settings = _settings()
    stop = composition.Stop()
    addresses.require_free(settings.host, settings.port)
    with composition.server_for(settings) as server:
        url = settings.database_url or (server.url if server else "")
        with composition.parts(attrs.evolve(settings, database_url=url)) as shared:
            token = composition.prepare(shared)
        _hand_over(token, settings.data_dir)
        composition.keep_running(server, url, stop, watch=_Announcement(settings))
    click.echo("Stopped.")


def _hand_over(token: str | None, data_dir: Path) -> None:
    if token is None:
        if admin_tokens.kept(data_dir):
            _say(f"The admin token of the first start is kept in {admin_tokens.place(data_dir)}.")
        return
    _say(f"Admin token, shown this once: {token}")
    try:
        _say(f"It is kept in {admin_tokens.keep(token, data_dir)}, where `hookledger demo` finds it.")
    except OSError as error:
        _say(f"It is not kept in {data_dir} ({error.strerror}), so note it down.")


@attrs.define
class _Announcement:
    """Says where the gateway is as soon as its API answers there. Called again and again."""

    settings: composition.Settings
    slow_at: float = attrs.field(factory=lambda: time.monotonic() + SLOW_START)
    made: bool = False

    def __call__(self) -> None:
        if self.made:
            return
        local, url = addresses.local_url(self.settings.host, self.settings.port), self.settings.url
        if addresses.answers(local):
            _say(f"Hookledger is at {url} (API reference: {url}/schema)")
            self.made = True
        elif time.monotonic() > self.slow_at:
            _say(f"The API does not answer at {local} yet.")
            self.slow_at = float("inf")


def _say(words: str) -> None:
    click.echo(words)
    sys.stdout.flush()  # whoever reads through a pipe wants to know it now


@click.command()
def api() -> None:
    """Run the API alone, over DATABASE_URL. Run as many as you like; they keep no state."""
    # Not above: it takes as long to load as everything else together, and no other command needs it.
    from interfaces.http import serving

    with _parts() as shared:
        gateway, appender = composition.gateway(shared)
        settings = shared.settings
        with suppress(
            Unavailable, *composition.Unreachable
        ):  # a database that is away may be there for the first request
            gateway.catalogue.current()
            composition.require_master_key(shared)
        threading.Thread(target=composition.warm_up, args=(shared,), name="warm-up", daemon=True).start()
        _calm_collector()
        server = serving.server(
            gateway, appender, host=settings.host, port=settings.port, connections=settings.max_connections
        )
        with suppress(KeyboardInterrupt):
            server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


@click.command()
def worker() -> None:
    """Run the worker alone, over DATABASE_URL. One works at a time; more of them stand by."""
    with _parts() as shared:
        running = composition.worker(shared)
        _calm_collector()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        running.run()


def _calm_collector() -> None:
    """Leave what was loaded out of every later collection, and collect less often: most garbage here has no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


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
