"""Doing what a plan says, unless somebody else edited the same meanwhile."""

from collections.abc import Iterator

from interfaces.cli.servers import Server, ServerFailed
from interfaces.cli.workflow_files import server_state
from interfaces.cli.workflow_files.planning import EnvironmentChange, Plan
from interfaces.cli.workflow_files.server_state import ServerState
from interfaces.cli.yaml_files import marks
from interfaces.cli.yaml_files.folders import ENDING


def push(server: Server, plan: Plan) -> Iterator[str]:
    """Make the changes one after the other, and say each that is done. Raises EditedMeanwhile, ServerFailed."""
    require_unmoved(plan, server_state.fetch(server))
    for workflow in plan.changes:
        for change in workflow.environments:
            _put(server, workflow.key, change)
            yield f"{workflow.key} in {change.slug}"


def _put(server: Server, key: str, change: EnvironmentChange) -> None:
    path, query = f"/v1/workflows/{key}", {"environment": change.slug}
    marks.require(_named(key, change.slug), change.mark, server_state.mark(server.find(path, params=query)))
    try:
        server.ask("PUT", path, params=query, json={"workflow": change.wanted})
    except ServerFailed as failure:
        raise ServerFailed(f"{key}{ENDING}, environments.{change.slug}: {failure}") from failure


def require_unmoved(plan: Plan, state: ServerState) -> None:
    """Raise EditedMeanwhile if anything that the plan touches is not as the plan found it."""
    for workflow in plan.changes:
        for change in workflow.environments:
            found = server_state.mark(state.workflow(workflow.key, change.slug))
            marks.require(_named(workflow.key, change.slug), change.mark, found)


def _named(key: str, slug: str) -> str:
    return f"{key} in {slug}"
