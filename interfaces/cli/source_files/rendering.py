"""A plan for people: what comes is green, what goes red, what changes yellow. Shows no secret."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from interfaces.cli.source_files.lines import Line
from interfaces.cli.source_files.planning import Plan
from interfaces.cli.source_files.source_planning import SourceChange
from interfaces.cli.source_files.variable_planning import VariableChange

STYLES = {"+": "green", "-": "red", "~": "yellow", "?": "cyan", " ": "dim"}


def plan(shown: Plan) -> Iterator[Text]:
    """The plan, line by line."""
    for source in shown.sources:
        yield from _source(source)
    for variable in shown.variables:
        yield from _variable(variable)
    yield from _only_there(shown)
    yield Text(_summary(shown), style="bold")


def _source(change: SourceChange) -> Iterator[Text]:
    yield _title(change.key, new=change.new)
    yield from _lines(change.lines, 4)
    for each in change.environments:
        if each.lines:
            yield Text(f"    {each.slug}")
            yield from _lines(each.lines, 6)


def _variable(change: VariableChange) -> Iterator[Text]:
    yield _title(f"variable {change.key}", new=change.new)
    yield from _lines(change.lines, 4)


def _title(name: str, *, new: bool) -> Text:
    sign, state = ("+", "created") if new else ("~", "changed")
    return Text.assemble((f"{sign} {name}", f"bold {STYLES[sign]}"), f" ({state})")


def _lines(told: Sequence[Line], indent: int) -> Iterator[Text]:
    for line in told:
        yield Text(f"{' ' * indent}{line.sign} {line.words}", style=STYLES[line.sign])


def _only_there(shown: Plan) -> Iterator[Text]:
    names = [*shown.only_there.sources, *(f"variable {key}" for key in shown.only_there.variables)]
    for name in names:
        if shown.prune:
            goes = "archived" if name in shown.only_there.sources else "removed"
            yield Text.assemble((f"- {name}", f"bold {STYLES['-']}"), f" ({goes}: only on the server)")
        else:
            yield Text(f"  {name} (only on the server, left alone; --prune archives it)", style="dim")


def _summary(shown: Plan) -> str:
    if shown.is_empty:
        return f"Nothing to change; {shown.unchanged} unchanged."
    created = sum(each.new for each in shown.changes)
    gone = len(shown.only_there.sources) + len(shown.only_there.variables) if shown.prune else 0
    counts = {
        "created": created,
        "changed": len(shown.changes) - created,
        "archived": gone,
        "unchanged": shown.unchanged,
    }
    text = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    return f"{text}." if shown.differs else f"Nothing to change but, perhaps, secrets that cannot be compared: {text}."
