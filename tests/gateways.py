"""A running gateway for tests: `hookledger serve` over a database, on a port of its own, stopped in order.

with gateways.running(database_url) as gateway:
    gateway.client.get("/v1/sources")
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import httpx

from tests.servers import within

TOKEN = "hl_st_the_admin_token_of_the_tests"
MASTER_KEY = "bWFzdGVyIGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU="
"""The same for all gateways, so that several of them, at once or in turn, understand one database."""

COMMAND = [sys.executable, "-m", "interfaces.cli.main"]
START_SECONDS = 60.0
STOP_SECONDS = 60.0


@attrs.frozen(kw_only=True)
class Gateway:
    """A running one. `client` knows its address and sends `token`, an admin's."""

    url: str
    token: str
    client: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path

    def log_text(self) -> str:
        """Everything that it printed until now."""
        return self.log.read_text(errors="replace")

    def ready(self) -> bool:
        """Whether it accepts webhooks."""
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running(database_url: str | None, *, command: str = "serve", **settings: str) -> Iterator[Gateway]:
    """Start `hookledger serve`, or another command, yield it once it is ready and stop it with SIGTERM.

    `settings` are by their names without HOOKLEDGER_, in lower case: `max_body_bytes="2048"`. Without a
    database it is the embedded server's, in `data_dir`. A gateway that the test itself ended is left at that; any other
    must end cleanly. A `worker` answers nobody, so it is only started; `api` and `worker` find the database migrated.
    """
    with tempfile.TemporaryDirectory(prefix="hookledger-") as name:
        Path(name).chmod(0o755)  # the embedded server runs as a user of its own
        port = settings.pop("port", None) or str(free_port())
        given = {"data_dir": name, "admin_token": TOKEN, "master_key": MASTER_KEY, "port": port, **settings}
        environ = environment(database_url, given)
        if command in ("api", "worker"):
            subprocess.run([*COMMAND, "migrate"], env=environ, check=True, capture_output=True)
        with started(command, environ, Path(name) / "printed") as gateway:
            yield gateway


@contextmanager
def started(command: str, environ: Mapping[str, str], log: Path) -> Iterator[Gateway]:
    """Run a command of ours with `environ`, printing into `log`."""
    url = f"http://127.0.0.1:{environ['HOOKLEDGER_PORT']}"
    token = environ.get("HOOKLEDGER_ADMIN_TOKEN", "")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    with log.open("wb") as output, httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        process = subprocess.Popen(
            [*COMMAND, command], env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        gateway = Gateway(url=url, token=token, client=client, process=process, log=log)
        try:
            if command != "worker":
                within(START_SECONDS, lambda: process.poll() is not None or gateway.ready())
                assert gateway.ready(), f"{command} does not start:\n{gateway.log_text()}"
            yield gateway
        finally:
            stop(gateway)


def stop(gateway: Gateway, number: signal.Signals = signal.SIGTERM) -> None:
    """Ask it to stop; it must, and cleanly. Does nothing to one that has ended already."""
    if gateway.process.poll() is not None:
        return
    gateway.process.send_signal(number)
    try:
        code = gateway.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.process.kill()
        gateway.process.wait()
        raise AssertionError(f"it does not stop:\n{gateway.log_text()}") from None
    assert code in CLEAN, f"it ended with {code}:\n{gateway.log_text()}"


CLEAN = (0, -signal.SIGTERM)
"""uvicorn, having put everything in order, lets the signal have its way."""


def environment(database_url: str | None, settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings instead of any that it has, and no word of a terminal's size."""
    without = ("HOOKLEDGER_", "DATABASE_", "COLUMNS", "LINES")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(without)}
    given = {f"HOOKLEDGER_{name.upper()}": value for name, value in settings.items()}
    return {**inherited, **given, **({"DATABASE_URL": database_url} if database_url else {})}


def free_port() -> int:
    """A port of the loopback address on which nobody listens at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
