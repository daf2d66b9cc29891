"""The files of workflows, read and checked as far as that can be done without a server. All that is wrong is told."""

import re
from collections.abc import Mapping

import attrs

from application.workflow_edits import FIELD, WorkflowEdits
from domain import workflows
from domain.errors import Refused
from domain.json_values import OBJECTS, Json
from domain.workflows import Definition
from interfaces.cli.workflow_files.wanted import PARTS, Shape, Workflow
from interfaces.cli.yaml_files import findings
from interfaces.cli.yaml_files.findings import FilesRefused, Problem, Spot
from interfaces.cli.yaml_files.folders import ENDING

MEMBERS = ("name", "environments")
STEP_MEMBERS = ("ref", "type", "settings", "conditions")
_VARIABLE = re.compile(r"(?!whsec_)[A-Za-z_][A-Za-z0-9_]*\Z")


def read(files: Mapping[str, str], edits: WorkflowEdits) -> dict[str, Workflow]:
    """The workflows by key. Raises FilesRefused with everything that is wrong with the files."""
    problems: list[Problem] = []
    found: dict[str, Workflow] = {}
    for file in sorted(each for each in files if each.endswith(ENDING)):
        spot = findings.content(file, files[file], problems)
        if spot is not None:
            key = file.removesuffix(ENDING)
            found[key] = _Reading(edits).workflow(key, spot)
    if problems:
        raise FilesRefused(problems)
    return found


@attrs.frozen
class _Reading:
    edits: WorkflowEdits

    def workflow(self, key: str, spot: Spot) -> Workflow:
        findings.check_slug(spot, key, "the name of the file before .yaml")
        given = spot.members(MEMBERS)
        name = findings.required(spot, given, "name", "a name for people")
        environments = dict(given["environments"].each()) if "environments" in given else {}
        return Workflow(
            key=key,
            environments={slug: self._environment(name, each) for slug, each in environments.items()},
            spot=spot,
        )

    def _environment(self, name: str, spot: Spot) -> Shape:
        given = spot.members(PARTS)
        definition = Definition(
            steps=self._list("steps", given.get("steps")).steps,
            conditions=self._list("conditions", given.get("conditions")).conditions,
            trigger_data_schema=self._schema(given.get("trigger_data_schema")),
        )
        return {
            "name": given["name"].text() if "name" in given else name,
            "active": findings.flag(given.get("active"), otherwise=True),
            **workflows.as_json(definition),
        }

    def _schema(self, spot: Spot | None) -> Mapping[str, Json] | None:
        part = "trigger_data_schema"
        return self._part(part, spot, spot.value, f"{FIELD}.{part}").trigger_data_schema if spot is not None else None

    def _list(self, part: str, spot: Spot | None) -> Definition:
        """Each element by itself, so that no mistake hides another's, and then all of them together."""
        if spot is None:
            return Definition()
        before = len(spot.problems)
        for each in spot.items():
            if part == "steps":
                _check_step(each)
            self._part(part, each, [each.value], f"{FIELD}.{part}[0]")
        whole = len(spot.problems) == before
        return self._part(part, spot, spot.value, f"{FIELD}.{part}") if whole else Definition()

    def _part(self, part: str, spot: Spot, told: Json, called: str) -> Definition:
        """One part of a definition; refusals call the place of `spot` by the name that it has in the API."""
        try:
            return self.edits.definition({part: told}, Definition()) or Definition()
        except Refused as refused:
            spot.told(refused, called)
            return Definition()


def _check_step(spot: Spot) -> None:
    """What only files are strict about: members that nobody knows, and literal secrets, which are not shown."""
    if not isinstance(spot.value, OBJECTS):
        return
    settings = spot.members(STEP_MEMBERS).get("settings")
    secret = settings.value.get("secret") if settings and isinstance(settings.value, OBJECTS) else None
    if settings and isinstance(secret, str) and not _VARIABLE.match(secret):
        settings.at("secret").refuse("must be the key of a secret variable: a secret never stands in a file")
