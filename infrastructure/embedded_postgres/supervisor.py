"""Runs one PostgreSQL server as a child of this process, and never leaves it behind."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

from infrastructure.embedded_postgres import (
    accounts,
    binaries,
    clusters,
    errors,
    layout,
    leftovers,
    locks,
    processes,
)

DEFAULT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": "256MB",
        "max_wal_size": "4GB",
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "cluster_name": "hookledger",
    }
)
"""Server settings by PostgreSQL's own names and units."""

LARGEST_LOG = 16 * 1024 * 1024
"""Bytes; a larger log is set aside, as `….log.1`, at the next start."""

STILL_ATTACHED = "pre-existing shared memory block"

_logger = logging.getLogger(__name__)


class EmbeddedPostgres:
    """The PostgreSQL server of `data_dir`; `settings` go before DEFAULT_SETTINGS.

    Its files lie beside the data directory under the same name: `.lock`, `.password`, `.log`.
    Used by one thread at a time. Linux and macOS.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self._places = layout.Layout.of(data_dir)
        self._settings = {**DEFAULT_SETTINGS, **settings}
        self._lock = locks.SupervisorLock(self._places.lock)
        self._child: processes.Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the database, the same after every start.

        Raises DataDirRefused before the first one, which chooses the password.
        """
        password = quote(clusters.password(self._places), safe="")
        host = quote(str(self._places.socket_dir), safe="")
        user, database = clusters.SUPERUSER, clusters.DATABASE
        return f"postgresql://{user}:{password}@/{database}?host={host}&port={layout.PORT}"

    @property
    def pid(self) -> int | None:
        """The number of the server's process while it runs."""
        return self._child.pid if self._child and self._child.alive() else None

    def alive(self) -> bool:
        """Whether the server's process runs; it may be recovering and refuse connections."""
        return self.pid is not None

    def start(self) -> str:
        """Start the server, made anew if need be, and return its URL once it accepts connections.

        Waits as long as recovery takes. A running server is left as it is. Raises BinariesMissing,
        DataDirInUse, DataDirRefused, or ServerFailed with the end of the server's log.
        """
        if self.alive():
            return self.url
        account = accounts.server_account(self._places.data_dir)
        accounts.require_reachable(self._places.data_dir, account)
        accounts.make_way(self._places.data_dir.parent, account)
        self._lock.acquire()
        try:
            self._start(account)
        except BaseException:
            self.stop()
            raise
        return self.url

    def ensure(self) -> str:
        """Start the server again if it died, and return its URL, which has not changed."""
        if not self.alive():
            _logger.warning("the embedded PostgreSQL server is not running: starting it")
        return self.start()

    def stop(self) -> None:
        """Stop the server and wait for it: open transactions fail, data is written out."""
        try:
            if self._child is not None:
                self._child.end()
                self._child = None
        finally:
            self._lock.release()

    def _start(self, account: accounts.Account | None) -> None:
        leftovers.clear(self._places)
        programs = binaries.opened_to(binaries.locate(), account, self._places.software)
        clusters.prepare(self._places, account, programs)
        self._set_large_log_aside()
        command = processes.launched(account, programs.postgres, *self._arguments())
        self._bring_up(command)

    def _arguments(self) -> list[str]:
        settings = [part for item in self._settings.items() for part in ("-c", "=".join(item))]
        # Last, because later arguments win: whatever the settings say, there is no TCP.
        place = ["-D", str(self._places.data_dir), "-k", str(self._places.socket_dir)]
        return [*settings, *place, "-p", str(layout.PORT), "-h", ""]

    def _bring_up(self, command: list[str]) -> None:
        while True:
            printed = self._log_size()
            self._child = processes.Child(command, self._places.log)
            if self._ready(self._child):
                return
            message = self._log_since(printed)
            if STILL_ATTACHED not in message:
                raise errors.ServerFailed(f"PostgreSQL did not start:\n{message[-4000:]}")
            # The children of a killed server finish what they were doing before they notice.
            _logger.info("waiting for the processes of a killed PostgreSQL server to end")
            time.sleep(0.25)

    def _ready(self, child: processes.Child) -> bool:
        """Wait, without limit, until the server accepts connections; False if it ended instead."""
        while child.alive():
            if self._state() == (str(child.pid), "ready"):
                return True
            time.sleep(0.02)
        return False

    def _state(self) -> tuple[str, str]:
        # As pg_ctl does: asking by connecting would fill the log with refusals during recovery.
        try:
            lines = self._places.pid_file.read_text().split("\n")
        except FileNotFoundError:
            lines = []
        return (lines[0], lines[7].strip()) if len(lines) > 7 else ("", "")

    def _log_size(self) -> int:
        return self._places.log.stat().st_size if self._places.log.exists() else 0

    def _log_since(self, offset: int) -> str:
        return self._places.log.read_bytes()[offset:].decode(errors="replace")

    def _set_large_log_aside(self) -> None:
        if self._log_size() > LARGEST_LOG:
            self._places.log.replace(self._places.beside(".log.1"))
