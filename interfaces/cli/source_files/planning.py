"""What a push would do: what is made, changed, left alone or archived, and how. Asks nobody and changes nothing."""

from collections.abc import Mapping

import attrs

from domain.json_values import Json
from interfaces.cli.source_files import server_state, variable_planning
from interfaces.cli.source_files.server_state import ServerState
from interfaces.cli.source_files.source_planning import SourceChange, SourcePlanning
from interfaces.cli.source_files.variable_planning import VariableChange
from interfaces.cli.source_files.wanted import Wanted
from interfaces.cli.yaml_files.findings import FilesRefused, Spot


@attrs.frozen(kw_only=True)
class OnlyThere:
    """What the server has and no file speaks of: keys, each with the mark that tells of edits."""

    sources: Mapping[str, Json]
    variables: Mapping[str, Json]

    def __bool__(self) -> bool:
        return bool(self.sources or self.variables)


@attrs.frozen(kw_only=True)
class Plan:
    """What a push does. What is only there is left alone, unless it is to `prune`."""

    sources: tuple[SourceChange, ...]
    variables: tuple[VariableChange, ...]
    unchanged: int
    only_there: OnlyThere
    prune: bool

    @property
    def changes(self) -> tuple[SourceChange | VariableChange, ...]:
        """What is made or changed."""
        return (*self.sources, *self.variables)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not (self.changes or (self.prune and self.only_there))

    @property
    def differs(self) -> bool:
        """Whether anything is known to differ, which of a secret that cannot be compared nobody knows."""
        known = [line for change in self.changes for line in change.all_lines() if line.sign != "?"]
        return bool(known or (self.prune and self.only_there))


def plan(wanted: Wanted, state: ServerState, planning: SourcePlanning, *, prune: bool) -> Plan:
    """How `state` becomes what is `wanted`. Raises FilesRefused with everything that this server cannot take."""
    sources = [planning.plan(each) for each in wanted.sources.values()]
    variables = [variable_planning.plan(each, state) for each in (wanted.variables or {}).values()]
    refuse_all(wanted)
    return Plan(
        sources=tuple(each for each in sources if each is not None),
        variables=tuple(each for each in variables if each is not None),
        unchanged=sources.count(None) + variables.count(None),
        only_there=_only_there(wanted, state),
        prune=prune,
    )


def spots(wanted: Wanted) -> list[Spot]:
    """Where everything that is wanted stands."""
    variables = (wanted.variables or {}).values()
    return [*(each.spot for each in wanted.sources.values()), *(each.spot for each in variables)]


def refuse_all(wanted: Wanted) -> None:
    """Raise FilesRefused if anything was found wrong with what is wanted."""
    problems = {problem for spot in spots(wanted) for problem in spot.problems}
    if problems:
        raise FilesRefused(list(problems))


def _only_there(wanted: Wanted, state: ServerState) -> OnlyThere:
    sources = sorted(state.sources.keys() - wanted.sources.keys())
    # Without a file of variables, nothing is said about them.
    there = {} if wanted.variables is None or state.variables is None else state.variables
    variables = sorted(there.keys() - (wanted.variables or {}).keys())
    return OnlyThere(
        sources={key: server_state.source_mark(state.sources[key]) for key in sources},
        variables={key: server_state.variable_mark(there[key]) for key in variables},
    )
