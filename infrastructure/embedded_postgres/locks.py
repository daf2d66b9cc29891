"""Keeps a second supervisor away from a data directory."""

import fcntl
import os
from pathlib import Path

from infrastructure.embedded_postgres import errors


class SupervisorLock:
    """An advisory lock on a file, given up by the kernel when this process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, or keep it; raises DataDirInUse if another supervisor has it."""
        if self._descriptor is not None:
            return
        # Python's descriptors do not survive exec: the server never inherits the lock.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise _in_use(self._path, holder) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock up. The file stays: were it deleted, two supervisors could hold two."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _in_use(path: Path, holder: str) -> errors.DataDirInUse:
    return errors.DataDirInUse(
        f"{path.with_suffix('')} is in use by another Hookledger (process number {holder}): "
        "stop that one first, or choose another data directory"
    )
