"""Decides which system user runs the server, and what that user can reach.

PostgreSQL refuses to run as root. Started as root, Hookledger gives the server a user of its own;
it never changes the permissions of a directory it did not make.
"""

import logging
import os
import pwd
import shutil
import stat
import subprocess
import time
from pathlib import Path

import attrs

from infrastructure.embedded_postgres import errors

DEDICATED = "hookledger"
FALLBACKS = ("postgres", "nobody")

_logger = logging.getLogger(__name__)


@attrs.frozen
class Account:
    """A system user to become before PostgreSQL is executed."""

    name: str
    uid: int
    gid: int


def server_account(data_dir: Path) -> Account | None:
    """Choose the user that runs the server of `data_dir`; None means the present user.

    The owner of an existing cluster is kept, because user numbers may differ between the machine
    or container that made the directory and this one.
    """
    if os.geteuid() != 0:
        return None
    return _owner(data_dir) or _dedicated()


def closed_directory(path: Path, account: Account) -> Path | None:
    """Return the outermost existing directory on the way to `path` that `account` may not enter."""
    for parent in reversed(path.resolve().parents):
        if parent.exists() and not _may_enter(parent.stat(), account):
            return parent
    return None


def require_reachable(data_dir: Path, account: Account | None) -> None:
    """Raise DataDirRefused, naming the closed directory, unless `account` can get to `data_dir`."""
    closed = closed_directory(data_dir, account) if account else None
    if account is None or closed is None:
        return
    raise errors.DataDirRefused(
        f"{data_dir} cannot hold the database: started as root, Hookledger runs PostgreSQL as the "
        f"system user {account.name!r}, and {closed} is closed to that user. Choose a data "
        "directory below /var/lib/hookledger, or start Hookledger as an ordinary user"
    )


def make_way(directory: Path, account: Account | None) -> None:
    """Create `directory` and what is missing above it, passable for `account`."""
    missing = [place for place in (directory, *directory.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(exist_ok=True)
        if account is not None:
            place.chmod(0o755)  # root's umask is often 077


def hand_over(path: Path, account: Account | None) -> None:
    """Make `account` the owner of `path`, one file or directory."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _may_enter(directory: os.stat_result, account: Account) -> bool:
    if directory.st_uid == account.uid:
        return bool(directory.st_mode & stat.S_IXUSR)
    if directory.st_gid == account.gid:
        return bool(directory.st_mode & stat.S_IXGRP)
    return bool(directory.st_mode & stat.S_IXOTH)


def _owner(data_dir: Path) -> Account | None:
    if not (data_dir / "PG_VERSION").exists():
        return None
    found = data_dir.stat()
    if found.st_uid == 0:
        return None
    return Account(name=_name(found.st_uid), uid=found.st_uid, gid=found.st_gid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def _dedicated() -> Account:
    chosen = _existing(DEDICATED) or _created(DEDICATED)
    for name in FALLBACKS:
        chosen = chosen or _existing(name)
    if chosen is None:
        raise errors.EmbeddedPostgresError(
            f"PostgreSQL does not run as root and there is no system user for it: create one named "
            f"{DEDICATED!r}, start Hookledger as an ordinary user, or set DATABASE_URL"
        )
    return chosen


def _existing(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def _created(name: str) -> Account | None:
    useradd = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    options = ("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin")
    command = (useradd, *options, name)
    for pause in (0.0, 0.2, 0.5):  # another starter may hold the lock on the user database
        time.sleep(pause)
        outcome = subprocess.run(command, check=False, capture_output=True, text=True)
        account = _existing(name)
        if account is not None:
            return account
    _logger.warning("could not create the system user %s: %s", name, outcome.stderr.strip())
    return None
