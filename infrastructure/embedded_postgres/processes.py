"""Starts and ends PostgreSQL programs as children of this process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from infrastructure.embedded_postgres import accounts, errors, launch

ESCALATION = (
    (signal.SIGINT, 120.0),  # fast shutdown: its checkpoint may have much to write
    (signal.SIGQUIT, 30.0),  # immediate shutdown: the next start recovers from the log
    (signal.SIGKILL, 10.0),
)
"""Signals that end a server, gentlest first, each with the seconds it is given."""


class Child:
    """One running program, begun on construction, its output appended to `log`."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        begun: Future[subprocess.Popen[bytes]] = Future()
        # To the kernel the parent is a thread. This one lives exactly as long as the child, so
        # that a short-lived caller, such as a pool's thread, does not take the server with it.
        threading.Thread(target=_live, args=(command, log, begun), daemon=True).start()
        self._popen = begun.result()

    @property
    def pid(self) -> int:
        """The number of the process; the launcher executes the program, so it is the program's."""
        return self._popen.pid

    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._popen.poll() is None

    def end(self) -> None:
        """Stop the program, gently first, and wait until it is gone."""
        if self.alive():  # the number of a program that has ended may be another's by now
            end(self.pid, lambda: not self.alive())


def launched(account: accounts.Account | None, *command: str | Path) -> list[str]:
    """Return a command line that runs `command` as `account` and ends with this process."""
    user = f"{account.uid}:{account.gid}" if account else "-"
    launcher = [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve())]
    return [*launcher, str(os.getpid()), user, *map(str, command)]


def run(command: Sequence[str], told: str = "") -> None:
    """Run `command`, `told` on its standard input, to its end; raises ServerFailed if it fails."""
    outcome = subprocess.run(command, check=False, env=_environment(), input=told, capture_output=True, text=True)
    if outcome.returncode != 0:
        printed = outcome.stdout + outcome.stderr
        raise errors.ServerFailed(f"the database could not be made:\n{printed}")


def end(pid: int, gone: Callable[[], bool]) -> None:
    """Signal `pid`, ever less gently, until `gone()`; raises ServerFailed if it never is."""
    for number, patience in ESCALATION:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if _within(patience, gone):
            return
    raise errors.ServerFailed(f"the PostgreSQL server with process number {pid} does not stop")


def _live(command: Sequence[str], log: Path, begun: Future[subprocess.Popen[bytes]]) -> None:
    try:
        popen = _popen(command, log)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        begun.set_exception(error)
        return
    begun.set_result(popen)
    popen.wait()


def _popen(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    # Root may be writing where others can make links.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with open(os.open(log, flags, 0o600), "ab") as output:
        return subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the supervisor, which then stops us in order
        )


def _environment() -> dict[str, str]:
    # PGPORT, PGDATA and their kin are meant for some other server.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
