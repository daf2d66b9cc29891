"""A plan for people. Shows no secret."""

from collections.abc import Iterator

from rich.text import Text

from interfaces.cli.source_files.planning import Plan
from interfaces.cli.yaml_files import rendering
from interfaces.cli.yaml_files.rendering import STYLES


def plan(shown: Plan) -> Iterator[Text]:
    """The plan, line by line."""
    for source in shown.sources:
        sections = [(each.slug, each.lines) for each in source.environments]
        yield from rendering.change(source.key, source.lines, sections, new=source.new)
    for variable in shown.variables:
        yield from rendering.change(f"variable {variable.key}", variable.lines, new=variable.new)
    yield from _only_there(shown)
    yield Text(_summary(shown), style="bold")


def _only_there(shown: Plan) -> Iterator[Text]:
    names = [*shown.only_there.sources, *(f"variable {key}" for key in shown.only_there.variables)]
    for name in names:
        if shown.prune:
            goes = "archived" if name in shown.only_there.sources else "removed"
            yield Text.assemble((f"- {name}", f"bold {STYLES['-']}"), f" ({goes}: only on the server)")
        else:
            yield rendering.left_alone(name, "; --prune archives it")


def _summary(shown: Plan) -> str:
    if shown.is_empty:
        return f"Nothing to change; {shown.unchanged} unchanged."
    created = sum(each.new for each in shown.changes)
    gone = len(shown.only_there.sources) + len(shown.only_there.variables) if shown.prune else 0
    text = rendering.summary(
        created=created, changed=len(shown.changes) - created, archived=gone, unchanged=shown.unchanged
    )
    return f"{text}." if shown.differs else f"Nothing to change but, perhaps, secrets that cannot be compared: {text}."
