"""Doing what a plan says, unless somebody else edited the same meanwhile."""

from collections.abc import Iterator, Mapping

import attrs

from interfaces.cli.servers import Server
from interfaces.cli.source_files import server_state
from interfaces.cli.source_files.planning import Plan
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.server_state import ServerState
from interfaces.cli.source_files.source_planning import SourceChange
from interfaces.cli.source_files.variable_planning import VariableChange
from interfaces.cli.yaml_files import marks


@attrs.frozen
class Pushing:
    """Does what plans say on a server."""

    server: Server
    secrets: Mapping[Reference, str] = attrs.field(repr=False)

    def push(self, plan: Plan) -> Iterator[str]:
        """Make the changes one after the other, and say each that is done. Raises EditedMeanwhile, ServerFailed."""
        require_unmoved(plan, server_state.fetch(self.server))
        for variable in plan.variables:
            self._put_variable(variable)
            yield f"variable {variable.key}"
        for source in plan.sources:
            self._put_source(source)
            yield source.key
        if plan.prune:
            yield from self._remove(plan)

    def _put_variable(self, change: VariableChange) -> None:
        path = f"/v1/variables/{change.key}"
        for slug in change.removed:
            self.server.ask("DELETE", path, params={"environment": slug})
        self.server.ask("PUT", path, json=change.body(self.secrets))

    def _put_source(self, change: SourceChange) -> None:
        path = f"/v1/sources/{change.key}"
        marks.require(change.key, change.mark, server_state.source_mark(self.server.find(path)))
        self.server.ask("PUT", path, json=change.body(self.secrets))

    def _remove(self, plan: Plan) -> Iterator[str]:
        for key in plan.only_there.sources:
            self.server.ask("DELETE", f"/v1/sources/{key}")
            yield f"{key} (archived)"
        for key in plan.only_there.variables:
            self.server.ask("DELETE", f"/v1/variables/{key}")
            yield f"variable {key} (removed)"


def require_unmoved(plan: Plan, state: ServerState) -> None:
    """Raise EditedMeanwhile if anything that the plan touches is not as the plan found it."""
    for source in plan.sources:
        marks.require(source.key, source.mark, server_state.source_mark(state.sources.get(source.key)))
    variables = state.variables or {}
    for variable in plan.variables:
        marks.require(
            f"variable {variable.key}", variable.mark, server_state.variable_mark(variables.get(variable.key))
        )
    if plan.prune:
        for key, mark in plan.only_there.sources.items():
            marks.require(key, mark, server_state.source_mark(state.sources.get(key)))
        for key, mark in plan.only_there.variables.items():
            marks.require(f"variable {key}", mark, server_state.variable_mark(variables.get(key)))
