"""What a push would do: which workflows are made and changed, and how. Asks nobody and changes nothing."""

from collections.abc import Mapping

import attrs

from domain.json_values import same
from interfaces.cli.workflow_files import difference, server_state
from interfaces.cli.workflow_files.server_state import ServerState
from interfaces.cli.workflow_files.wanted import PARTS, Shape, Workflow
from interfaces.cli.yaml_files import findings
from interfaces.cli.yaml_files.findings import FilesRefused
from interfaces.cli.yaml_files.lines import Line


@attrs.frozen(kw_only=True)
class EnvironmentChange:
    """A workflow that becomes `wanted` in one environment. `mark` tells whether somebody else edited it since."""

    slug: str
    lines: tuple[Line, ...]
    wanted: Shape
    mark: int | None


@attrs.frozen(kw_only=True)
class WorkflowChange:
    """What changes of one workflow; it is new if no environment has it."""

    key: str
    new: bool
    environments: tuple[EnvironmentChange, ...]


@attrs.frozen(kw_only=True)
class Plan:
    """What a push does. What is only there is left alone: a workflow cannot be removed."""

    changes: tuple[WorkflowChange, ...]
    unchanged: int
    only_there: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.changes


def plan(wanted: Mapping[str, Workflow], state: ServerState) -> Plan:
    """How `state` becomes what is `wanted`. Raises FilesRefused with everything that this server cannot take."""
    for each in wanted.values():
        findings.check_environments(each.spot, each.environments, state.environments)
    problems = {problem for each in wanted.values() for problem in each.spot.problems}
    if problems:
        raise FilesRefused(list(problems))
    changes = tuple(change for each in wanted.values() if (change := _change(each, state)) is not None)
    return Plan(
        changes=changes,
        unchanged=len(wanted) - len(changes),
        only_there=tuple(sorted(state.workflows.keys() - wanted.keys())),
    )


def _change(wanted: Workflow, state: ServerState) -> WorkflowChange | None:
    planned = [_environment(slug, each, wanted.key, state) for slug, each in wanted.environments.items()]
    changes = tuple(each for each in planned if each is not None)
    if not changes:
        return None
    return WorkflowChange(key=wanted.key, new=wanted.key not in state.workflows, environments=changes)


def _environment(slug: str, wanted: Shape, key: str, state: ServerState) -> EnvironmentChange | None:
    shown = state.workflow(key, slug)
    before = {part: shown[part] for part in PARTS} if shown is not None else {}
    if same(wanted, before):
        return None
    return EnvironmentChange(
        slug=slug, lines=tuple(difference.lines(wanted, before)), wanted=wanted, mark=server_state.mark(shown)
    )
