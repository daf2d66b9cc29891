"""`serve`: the embedded PostgreSQL if no database is named, the API and one worker, kept alive and stopped together.

The children cannot outlive this process, even when it is killed: the kernel interrupts them.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import structlog

from domain.errors import Refused
from infrastructure.embedded_postgres import DataDirInUse, EmbeddedPostgres, EmbeddedPostgresError, launch
from infrastructure.settings import Settings

log = structlog.get_logger(__name__)

TICK = 0.2
STOP_SECONDS = 20.0
"""How long a child may take to finish what it has in hand."""

SLOWEST_RESTART = 10.0


@attrs.define
class Child:
    """A process of ours, started again when it ends, ever more slowly if it ends at once."""

    name: str
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = 0.0

    def keep(self, environ: Mapping[str, str]) -> None:
        """Start it if it is not running and its pause is over."""
        now = time.monotonic()
        if self.process is not None:
            if self.process.poll() is None:
                return
            lived = now - self.started_at
            self.pause = 0.0 if lived > SLOWEST_RESTART else min(max(0.5, self.pause * 2), SLOWEST_RESTART)
            log.error("a process ended; it is started again", process=self.name, code=self.process.returncode)
            self.process, self.started_at = None, now
        if now - self.started_at >= self.pause:
            self._start(environ, now)

    def _start(self, environ: Mapping[str, str], now: float) -> None:
        script = str(Path(launch.__file__))
        command = [sys.executable, script, str(os.getpid()), "-", sys.executable, "-m", "interfaces.cli.main"]
        self.process = subprocess.Popen(
            [*command, *self.arguments],
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal reaches this process alone, which stops them in order
        )
        self.started_at = now

    def interrupt(self) -> None:
        """Ask it to finish."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait until it has finished, and no longer than `deadline`."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stop:
    """Set by the first SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: Any) -> None:
        self.asked = True


def keep_running(server: EmbeddedPostgres | None, url: str, stop: Stop, watch: Callable[[], None]) -> None:
    """Run API and worker over the database at `url` until told to stop, and `watch` after every look at them."""
    environ = {"DATABASE_URL": url}
    children = [Child("api", ("api",)), Child("worker", ("worker",))]
    try:
        while not stop.asked:
            if server is not None and not server.alive():
                log.error("PostgreSQL ended; it is started again")
                server.ensure()
            for child in children:
                child.keep(environ)
            watch()
            time.sleep(TICK)
    finally:
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.interrupt()
        for child in children:
            child.end(deadline)


class ServerRefused(Refused):
    """The embedded server cannot be started, for a reason that an operator can do something about."""


@contextmanager
def server_for(settings: Settings) -> Iterator[EmbeddedPostgres | None]:
    """The embedded server, started and in the end stopped; None where a database is named. Raises ServerRefused."""
    if settings.database_url:
        yield None
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    try:
        server.start()
    except EmbeddedPostgresError as error:
        raise ServerRefused(str(error)) from error
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def server_beside(settings: Settings) -> Iterator[str]:
    """The URL of the database for a command beside a running gateway, or without one: then the server is started."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    try:
        server.start()
    except DataDirInUse:
        yield server.url  # a gateway runs on it
        return
    try:
        yield server.url
    finally:
        server.stop()
