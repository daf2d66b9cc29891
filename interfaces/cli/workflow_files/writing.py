"""What a server has, as files: one for each workflow, without what is as it is where nothing is said."""

from collections.abc import Mapping
from typing import Any

from interfaces.cli.workflow_files.server_state import ServerState, Shown
from interfaces.cli.yaml_files import yaml_text
from interfaces.cli.yaml_files.folders import ENDING


def files(state: ServerState) -> dict[str, str]:
    """The files of everything that the server has."""
    return {f"{key}{ENDING}": yaml_text.dump(workflow(state.workflows[key])) for key in sorted(state.workflows)}


def workflow(environments: Mapping[str, Shown]) -> dict[str, Any]:
    """The content of a workflow's file. The name is that of its last environment; others may have one of their own."""
    *_, name = (shown["name"] for shown in environments.values())
    return {"name": name, "environments": {slug: _environment(each, name) for slug, each in environments.items()}}


def _environment(shown: Shown, name: str) -> dict[str, Any]:
    content = {
        "name": shown["name"] if shown["name"] != name else None,
        "active": None if shown["active"] else False,
        "trigger_data_schema": shown["trigger_data_schema"],
        "conditions": shown["conditions"] or None,
        "steps": [_step(each) for each in shown["steps"]] or None,
    }
    return {part: value for part, value in content.items() if value is not None}


def _step(shown: Shown) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name != "conditions" or value}
