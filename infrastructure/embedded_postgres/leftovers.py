"""Deals with what a killed supervisor or a killed server left in the data directory.

Called only under the supervisor's lock, so whatever runs on the directory has no owner any more.
"""

import logging
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from infrastructure.embedded_postgres import layout, processes

_logger = logging.getLogger(__name__)


def clear(places: layout.Layout) -> None:
    """Stop a server without a supervisor, and forget lock files that name an unrelated process."""
    pid = _recorded(places.pid_file)
    if pid is not None and _serves(pid, places.data_dir):
        _logger.warning("stopping a PostgreSQL server without supervisor, process number %d", pid)
        processes.end(pid, lambda: not _serves(pid, places.data_dir))
    socket_lock = places.socket_dir / f".s.PGSQL.{layout.PORT}.lock"
    for lock in (places.pid_file, socket_lock):
        _forget_recycled(lock, places.data_dir)


def _recorded(lock: Path) -> int | None:
    # A minus sign marks a server in single-user mode.
    try:
        return abs(int(lock.read_text().split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None


def _serves(pid: int, data_dir: Path) -> bool:
    """Whether `pid` is a PostgreSQL server of `data_dir`, not just a process with its number."""
    if sys.platform == "linux":
        return _works_inside(Path("/proc") / str(pid), data_dir)
    ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    outcome = subprocess.run(ps, check=False, capture_output=True, text=True)
    return "postgres" in outcome.stdout and f"-D {data_dir}" in outcome.stdout


def _works_inside(process: Path, data_dir: Path) -> bool:
    # The server and its children work in the data directory; a zombie has no directory any more.
    try:
        inside = os.path.samefile(process / "cwd", data_dir)
        return inside and (process / "comm").read_text().strip() == "postgres"
    except OSError:
        return False


def _forget_recycled(lock: Path, data_dir: Path) -> None:
    """Remove a stale lock file whose process number now belongs to some other program.

    PostgreSQL overwrites a lock file whose process is gone, but would refuse to start for this
    one, common after the restart of a container. It stays while anything still uses the data.
    """
    pid = _recorded(lock)
    if pid is None or sys.platform != "linux" or not Path(f"/proc/{pid}").exists():
        return
    if any(_works_inside(process, data_dir) for process in Path("/proc").glob("[0-9]*")):
        return
    with suppress(FileNotFoundError):
        lock.unlink()
