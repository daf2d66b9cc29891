"""Drafts from files: `{settings, mappings}` as the API has them, or a file of `hookledger sources pull`."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from interfaces.cli.yaml_files import yaml_text

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SHORT = {"on": "event_type", "do": "action_type", "with": "action_parameters"}


def read(file: Path, environment: str) -> dict[str, Any]:
    """The draft in a file, of an environment where the file has several. Raises click's usage error."""
    try:
        document: Any = yaml_text.read(file.name, file.read_text()).value
    except (OSError, UnicodeDecodeError, yaml_text.Unreadable) as problem:
        raise click.UsageError(f"{file} cannot be read: {problem}") from problem
    if isinstance(document, Mapping) and isinstance(document.get("environments"), Mapping):
        document = document["environments"].get(environment)
    if not isinstance(document, Mapping) or not document.keys() & {"settings", "mappings"}:
        raise click.UsageError(f"{file} has neither settings nor mappings for {environment}")
    draft = {name: document[name] for name in ("settings", "mappings") if document.get(name) is not None}
    if isinstance(draft.get("mappings"), list):
        draft["mappings"] = [_mapping(each) for each in draft["mappings"]]
    if isinstance(draft.get("settings"), Mapping):
        draft["settings"] = _with_script(draft["settings"], file.parent)
    return draft


def _mapping(entry: Any) -> Any:
    return {SHORT.get(name, name): value for name, value in entry.items()} if isinstance(entry, Mapping) else entry


def _with_script(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    script = settings.get("preprocess_script")
    if not isinstance(script, Mapping) or not isinstance(script.get("file"), str):
        return dict(settings)
    source = folder / script["file"]
    if not source.is_file():
        raise click.UsageError(f"{source}, which the draft names as its script, is no file")
    return {**settings, "preprocess_script": {"source": source.read_text()}}


def since(text: str) -> str:
    """The time so long ago: `90m`, `36h` or `7d`. Raises click's usage error."""
    found = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if found is None:
        raise click.UsageError(f"--since is {text!r}; it must be a number of minutes, hours or days such as 90m or 7d")
    ago = timedelta(**{UNITS[found[2]]: int(found[1])})
    return (datetime.now(UTC) - ago).isoformat()
