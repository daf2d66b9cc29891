"""The first admin token, kept in the data directory for the commands of the same user on the same machine."""

import os
from pathlib import Path

FILE = "admin.token"


def place(data_dir: Path) -> Path:
    """Where it is kept."""
    return data_dir / FILE


def keep(token: str, data_dir: Path) -> Path:
    """Write it where only its owner can read it, and return the place. Raises OSError."""
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = data_dir / f"{FILE}.{os.getpid()}"
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(f"{token}\n")
    return draft.replace(place(data_dir))


def kept(data_dir: Path) -> str | None:
    """The token that was kept; None if there is none or it is not for this user's eyes."""
    try:
        return place(data_dir).read_text().strip() or None
    except OSError:
        return None
