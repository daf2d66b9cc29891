"""The directory that holds the files: reading all of them, and writing those that differ."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from domain.errors import Refused

ENDING, SCRIPT_ENDING = ".yaml", ".js"


class FolderRefused(Refused):
    """The directory or one of its files cannot be read or written."""


def make(directory: Path) -> None:
    """Make the directory unless it is there. Raises FolderRefused."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderRefused(f"{directory} cannot be made: {error.strerror}") from error


def read(directory: Path) -> dict[str, str]:
    """The texts of the YAML files and scripts, by name. Raises FolderRefused."""
    texts: dict[str, str] = {}
    for place in _places(directory):
        try:
            texts[place.name] = place.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise FolderRefused(f"{place} is not UTF-8") from error
        except OSError as error:
            raise FolderRefused(f"{place} cannot be read: {error.strerror}") from error
    return texts


def _places(directory: Path) -> Iterator[Path]:
    for place in sorted(directory.iterdir()):
        if place.suffix == ".yml":
            raise FolderRefused(f"{place} would be passed over; call it {place.stem}{ENDING}")
        if place.suffix in (ENDING, SCRIPT_ENDING) and not place.name.startswith("."):
            yield place


def write(directory: Path, wanted: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """Write the files that are not so already, and say which. Raises FolderRefused."""
    changed = [name for name, text in wanted.items() if present.get(name) != text]
    for name in changed:
        try:
            # As bytes, so that a script keeps the ends of its lines.
            (directory / name).write_bytes(wanted[name].encode())
        except OSError as error:
            raise FolderRefused(f"{directory / name} cannot be written: {error.strerror}") from error
    return changed
