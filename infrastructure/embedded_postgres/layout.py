"""Where everything of one server lies: the data directory and the few files beside it."""

import hashlib
import os
import sys
from pathlib import Path

import attrs

PORT = 5432
"""Only a part of the socket's file name: nothing listens on TCP."""

LONGEST_SOCKET_PATH = 99
"""Bytes; the kernels' own limits are 103 (macOS) and 107 (Linux)."""


def default_data_dir() -> Path:
    """The data directory of an operator who chose none.

    Started as root it is a system directory, because root's home is closed to the server's user.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/hookledger/postgres")
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/hookledger/postgres"
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(home) / "hookledger/postgres"


@attrs.frozen
class Layout:
    """The places that belong to `data_dir`, an absolute path without symbolic links."""

    data_dir: Path

    @classmethod
    def of(cls, data_dir: Path) -> "Layout":
        """Resolve `data_dir`, so that two spellings of one directory share one lock."""
        return cls(data_dir.expanduser().resolve())

    @property
    def lock(self) -> Path:
        """Held, and never deleted, by the one supervisor."""
        return self.beside(".lock")

    @property
    def password(self) -> Path:
        """The superuser's password, readable by its owner only."""
        return self.beside(".password")

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.beside(".log")

    @property
    def software(self) -> Path:
        """Copies of PostgreSQL's programs, made only when the installed ones are out of reach."""
        return self.beside(".software")

    @property
    def pid_file(self) -> Path:
        """Written by the server: number, data directory, …, state."""
        return self.data_dir / "postmaster.pid"

    @property
    def socket_dir(self) -> Path:
        """The data directory, or a short runtime directory where its path will not do."""
        return self.data_dir if _fit_for_sockets(self.data_dir) else _runtime_dir(self.data_dir)

    @property
    def initialised(self) -> bool:
        """Whether the data directory holds a cluster; a half-made one never has its final name."""
        return (self.data_dir / "PG_VERSION").exists()

    def beside(self, suffix: str) -> Path:
        """The sibling of the data directory that ends in `suffix`."""
        return self.data_dir.with_name(self.data_dir.name + suffix)


def _fit_for_sockets(directory: Path) -> bool:
    # Commas and quotes have a meaning of their own, to the server and to its clients.
    socket = os.fsencode(directory / f".s.PGSQL.{PORT}")
    return len(socket) <= LONGEST_SOCKET_PATH and not set(str(directory)) & set(",\"'")


def _runtime_dir(data_dir: Path) -> Path:
    root = os.geteuid() == 0 and Path("/run").is_dir()
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/run" if root else "/tmp") / f"hookledger-{os.geteuid()}-{digest}"
