"""Differences for people: what comes is green, what goes red, what changes yellow. Shows no secret."""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from interfaces.cli.yaml_files.lines import Line

STYLES = {"+": "green", "-": "red", "~": "yellow", "?": "cyan", " ": "dim"}


def change(
    name: str, lines: Sequence[Line], sections: Iterable[tuple[str, Sequence[Line]]] = (), *, new: bool
) -> Iterator[Text]:
    """One thing that is made or changed: its lines, then those of each section that has any."""
    sign, state = ("+", "created") if new else ("~", "changed")
    yield Text.assemble((f"{sign} {name}", f"bold {STYLES[sign]}"), f" ({state})")
    yield from _lines(lines, 4)
    for title, told in sections:
        if told:
            yield Text(f"    {title}")
            yield from _lines(told, 6)


def _lines(told: Sequence[Line], indent: int) -> Iterator[Text]:
    for line in told:
        yield Text(f"{' ' * indent}{line.sign} {line.words}", style=STYLES[line.sign])


def left_alone(name: str, more: str = "") -> Text:
    """Something that only the server has."""
    return Text(f"  {name} (only on the server, left alone{more})", style="dim")


def summary(**counts: int) -> str:
    """How much is created, changed and so on, without what does not happen."""
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number)
