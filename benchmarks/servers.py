"""Starting and stopping what is measured, each in a process of its own, and the database under it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from benchmarks.load import SECRET
from infrastructure.embedded_postgres import EmbeddedPostgres

TOKEN = "benchmark-admin-token-0123456789"
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB"}


@contextmanager
def database() -> Iterator[str]:
    """A database on an embedded server of its own with fsync on, or DATABASE_URL, which must be an empty database.

    What processes keep beside it, the master key and checkpoints, is in a directory of its own, and goes with it.
    """
    parent = "/var/lib" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="hookledger-benchmark-", dir=parent) as directory:
        place = Path(directory)
        place.chmod(0o755)
        os.environ["HOOKLEDGER_DATA_DIR"] = str(place / "data")
        if url := os.environ.get("DATABASE_URL"):
            yield url
            return
        with EmbeddedPostgres(place / "postgres", settings=SETTINGS) as server:
            yield server.url


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process, stopped in the end."""
    running = subprocess.Popen([sys.executable, *arguments], env={**os.environ, **environ})
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def listening(port: int, *arguments: str, **environ: str) -> Iterator[str]:
    """A server process that listens on `port`; its base URL."""
    with process(*arguments, **environ) as running:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if running.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(arguments)} did not start")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def api(url: str) -> Iterator[str]:
    """The gateway's API over a database, migrated; its base URL."""
    port = free_port()
    environ = {"DATABASE_URL": url, "HOOKLEDGER_PORT": str(port), "HOOKLEDGER_ADMIN_TOKEN": TOKEN}
    command = ("-m", "interfaces.cli.main")
    subprocess.run(
        [sys.executable, *command, "migrate"], env={**os.environ, **environ}, check=True, capture_output=True
    )
    with listening(port, *command, "api", **environ) as base:
        yield base


@contextmanager
def worker(url: str) -> Iterator[None]:
    """The gateway's worker over a database."""
    with process("-m", "interfaces.cli.main", "worker", DATABASE_URL=url, HOOKLEDGER_LOG_LEVEL="warning"):
        yield


def source(base: str) -> str:
    """The receiving address of a source that verifies a shared secret, deduplicates, and identifies a user."""
    settings = {
        "enforce_verification": True,
        "event_type_path": "body.type",
        "timestamp_path": "body.created",
        "idempotency_key_path": "body.id",
        "secrets": {"signing_secret": SECRET},
    }
    parameters = {
        "id": "body.data.object.id",
        "name": "body.data.object.name",
        "email": "body.data.object.email",
        "properties": "body.data.object.metadata",
    }
    mapping = {"event_type": "customer.updated", "action_type": "users_identify", "action_parameters": parameters}
    body = {
        "source": {
            "name": "Benchmark",
            "environment_settings": {"production": {"settings": settings, "mappings": [mapping]}},
        }
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.put(f"{base}/v1/sources/benchmark", json=body, headers=headers, timeout=10).raise_for_status()
    return str(answer.json()["environment_settings"]["production"]["settings"]["endpoint"])


def what_if(url: str) -> float:
    """Run the configuration in force over all that the source of the benchmark received: webhooks per second."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    asked = {"source": "benchmark", "environment": "production", "configuration": {"current": True}}
    with api(url) as base, httpx.Client(base_url=base, headers=headers, timeout=60) as client:
        replay = client.post("/v1/replays", json=asked).raise_for_status().json()
        with worker(url):
            while (found := _replay(client, replay["id"]))["progress"]["processed"] == 0:
                time.sleep(0.01)
            first, begun = found["progress"]["processed"], time.perf_counter()
            while (found := _replay(client, replay["id"]))["status"] == "running":
                time.sleep(0.01)
            took = time.perf_counter() - begun
    assert found["totals"]["changed"] == 0, found
    return float(found["progress"]["total"] - first) / took


def _replay(client: httpx.Client, replay_id: str) -> Any:
    return client.get(f"/v1/replays/{replay_id}").raise_for_status().json()


class Progress:
    """How far the worker is, straight from the database."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def processed(self) -> int:
        """Webhooks whose decisions are on record."""
        row = self._connection.execute(
            "SELECT coalesce(sum(webhooks), 0)::bigint FROM hookledger.accounting"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def received(self) -> int:
        """Webhooks on record."""
        row = self._connection.execute(
            "SELECT count(*) FROM hookledger.ledger_events WHERE topic = 'WebhookReceived'"
        ).fetchone()
        assert row is not None
        return int(row[0])
