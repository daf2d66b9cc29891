"""Makes what a server needs before it first runs: password, data directory, socket directory."""

import glob
import os
import secrets
import shutil
import stat
from pathlib import Path

from infrastructure.embedded_postgres import (
    accounts,
    binaries,
    errors,
    layout,
    processes,
)

SUPERUSER = "hookledger"
DATABASE = "hookledger"

INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    # The provider inside PostgreSQL sorts alike on every machine, so that a new C library, or a
    # move to another system, never leaves an index in the wrong order.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)


def prepare(places: layout.Layout, account: accounts.Account | None, programs: binaries.Binaries) -> None:
    """Make password, data directory and socket directory where they do not exist yet."""
    _discard_drafts(places)
    if not places.initialised:
        _refuse_foreign(places.data_dir)
        _make_password(places, account)
        _make_cluster(places, account, programs)
        _discard_drafts(places)  # again: an initdb that was dying wrote on while the first went
    _make_socket_dir(places, account)


def password(places: layout.Layout) -> str:
    """Read the superuser's password; raises DataDirRefused if its file is gone."""
    try:
        return places.password.read_text().strip()
    except FileNotFoundError:
        raise errors.DataDirRefused(
            f"{places.password} is missing: put it back from a backup, it belongs to the database in {places.data_dir}"
        ) from None


def _discard_drafts(places: layout.Layout) -> None:
    for draft in places.data_dir.parent.glob(f"{glob.escape(places.data_dir.name)}.draft-*"):
        shutil.rmtree(draft, ignore_errors=True)


def _refuse_foreign(data_dir: Path) -> None:
    if data_dir.exists() and any(data_dir.iterdir()):
        raise errors.DataDirRefused(f"{data_dir} is neither empty nor a PostgreSQL data directory: choose another one")


def _make_password(places: layout.Layout, account: accounts.Account | None) -> None:
    if not places.password.exists():
        draft = places.beside(".password.draft")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(places.password)
    accounts.hand_over(places.password, account)  # initdb reads it as the server's user


def _make_cluster(places: layout.Layout, account: accounts.Account | None, programs: binaries.Binaries) -> None:
    # A name of its own: what a killed initdb may still be writing to is never taken over.
    draft = places.beside(f".draft-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    accounts.hand_over(draft, account)
    arguments = (f"--pgdata={draft}", f"--pwfile={places.password}", *INITDB_OPTIONS)
    processes.run(processes.launched(account, programs.initdb, *arguments))
    single = (programs.postgres, "--single", "-c", "exit_on_error=on", "-D", draft, "postgres")
    processes.run(processes.launched(account, *single), f"CREATE DATABASE {DATABASE};\n")
    draft.rename(places.data_dir)
    _make_lasting(places.data_dir.parent)


def _make_lasting(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_socket_dir(places: layout.Layout, account: accounts.Account | None) -> None:
    directory = places.socket_dir
    if directory == places.data_dir:
        return
    if not directory.exists():
        directory.mkdir(mode=0o700)
        accounts.hand_over(directory, account)
    found = directory.lstat()
    # Anyone may create names in /tmp: a directory of somebody else's could impersonate the server.
    owner = account.uid if account else os.geteuid()
    private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077 == 0
    if found.st_uid != owner or not private:
        raise errors.DataDirRefused(f"{directory} is not a private directory of ours: remove it")
