"""A plan for people."""

from collections.abc import Iterator

from rich.text import Text

from interfaces.cli.workflow_files.planning import Plan
from interfaces.cli.yaml_files import rendering


def plan(shown: Plan) -> Iterator[Text]:
    """The plan, line by line."""
    for change in shown.changes:
        sections = [(each.slug, each.lines) for each in change.environments]
        yield from rendering.change(change.key, (), sections, new=change.new)
    yield from (rendering.left_alone(key) for key in shown.only_there)
    yield Text(_summary(shown), style="bold")


def _summary(shown: Plan) -> str:
    if shown.is_empty:
        return f"Nothing to change; {shown.unchanged} unchanged."
    created = sum(each.new for each in shown.changes)
    changed = len(shown.changes) - created
    return f"{rendering.summary(created=created, changed=changed, unchanged=shown.unchanged)}."
