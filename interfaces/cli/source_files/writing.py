"""What a server has, as files: only what differs from the template, secrets as references, scripts as files beside."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from domain.json_values import Json
from interfaces.cli.source_files import comparing, reading, references
from interfaces.cli.source_files.comparing import Shown
from interfaces.cli.source_files.references import Names, Reference
from interfaces.cli.source_files.server_state import ServerState
from interfaces.cli.yaml_files import yaml_text
from interfaces.cli.yaml_files.findings import FilesRefused, Problem
from interfaces.cli.yaml_files.folders import ENDING, SCRIPT_ENDING
from interfaces.cli.yaml_files.yaml_text import Inline


@attrs.frozen
class SourceFiles:
    """The content of a source's file, and the scripts beside it by their files' names."""

    document: Mapping[str, Any]
    scripts: Mapping[str, str]


def files(state: ServerState, present: reading.Files) -> dict[str, str]:
    """The files of everything that the server has. References of the `present` files stay as they are."""
    names = Names(kept_references(present))
    written: dict[str, str] = {}
    for key in sorted(state.sources):
        each = source(state.sources[key], state.defaults(state.sources[key]["preconfigured_provider"]), names)
        written[reading.file_of(key)] = yaml_text.dump(each.document)
        written |= each.scripts
    if state.variables:
        content = {key: variable(state.variables[key], names) for key in sorted(state.variables)}
        written[reading.VARIABLES] = yaml_text.dump(content)
    return written


def kept_references(present: reading.Files) -> dict[tuple[str, ...], Reference]:
    """The references that files have. Raises FilesRefused for a file that is no YAML, since it may have some."""
    kept: dict[tuple[str, ...], Reference] = {}
    problems: list[Problem] = []
    for file, text in present.items():
        if file.endswith(ENDING):
            try:
                found = references.found_in(yaml_text.read(file, text).value)
            except yaml_text.Unreadable as problem:
                problems.append(Problem(file, problem.line or 1, f"{problem}; mend it or remove the file"))
                continue
            kept |= {(file, *keys): each for keys, each in found.items()}
    if problems:
        raise FilesRefused(problems)
    return kept


def source(shown: Shown, defaults: Mapping[str, Json], names: Names) -> SourceFiles:
    """The file of a source as the API shows it."""
    environments: dict[str, Any] = {}
    scripts: dict[str, str] = {}
    for slug, each in shown["environment_settings"].items():
        content, script = _environment(shown["key"], slug, each, defaults, names)
        environments[slug] = content
        scripts |= script
    about = {name: shown.get(name) for name in ("name", "description", "custom_image_url")}
    document = {name: value for name, value in about.items() if value is not None}
    return SourceFiles({**document, "template": shown["preconfigured_provider"], "environments": environments}, scripts)


def _environment(
    key: str, slug: str, shown: Shown, defaults: Mapping[str, Json], names: Names
) -> tuple[dict[str, Any], dict[str, str]]:
    settings: dict[str, Any] = dict(comparing.beyond(comparing.chosen(shown["settings"]), defaults))
    scripts: dict[str, str] = {}
    script = settings.get("preprocess_script")
    if script:
        file = f"{key}.{slug}{SCRIPT_ENDING}"
        scripts[file], settings["preprocess_script"] = script["source"], Inline(file=file)
    content = {
        "settings": settings,
        "secrets": _secrets(key, slug, comparing.in_force(shown["settings"].get("secrets")), names),
    }
    mappings = [mapping(each) for each in shown["mappings"]]
    return {**{name: value for name, value in content.items() if value}, "mappings": mappings}, scripts


def _secrets(key: str, slug: str, in_force: Sequence[str], names: Names) -> dict[str, Inline]:
    file = reading.file_of(key)
    return {
        name: names((file, "environments", slug, "secrets", name), references.secret_name(key, slug, name)).document()
        for name in in_force
    }


def mapping(shown: Shown) -> dict[str, Any]:
    """A mapping as it stands in a file."""
    content = {"on": shown["event_type"], "do": shown["action_type"]}
    if shown["action_parameters"]:
        content["with"] = shown["action_parameters"]
    told = content if shown["active"] else {**content, "active": False}
    return {**told, "only_newer": True} if shown.get("only_newer") else told


def variable(shown: Shown, names: Names) -> dict[str, Any]:
    """A variable as it stands in a file."""
    secret = shown["type"] == "secret"
    about = {"type": "secret" if secret else None, "description": shown["description"]}
    values = _hidden_values(shown, names) if secret else _values(shown)
    return {name: value for name, value in {**about, **values}.items() if value is not None}


def _values(shown: Shown) -> dict[str, Any]:
    return {"value": shown["value"], "environments": shown["environment_values"] or None}


def _hidden_values(shown: Shown, names: Names) -> dict[str, Any]:
    """References to all the values that there may be: whether there is one for all environments, no server tells."""
    key, overrides = shown["key"], sorted(shown["environment_values"])
    place = (reading.VARIABLES, key)
    known = any(owner[:2] == place for owner in names.kept)
    told = not (overrides and known) or (*place, "value") in names.kept
    environments = {
        slug: names((*place, "environments", slug), references.variable_name(key, slug)).document()
        for slug in overrides
    }
    value = names((*place, "value"), references.variable_name(key, None)).document() if told else None
    return {"value": value, "environments": environments or None}
