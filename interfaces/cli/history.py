"""`hookledger history`: who edited the configuration of a source, when and why, and what is different since."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from interfaces.cli import consoles, servers


@click.command()
@click.argument("source")
@click.option("--environment", default="development", show_default=True, help="Whose configuration.")
@click.option("--from", "first", help="A version or a time: show what is different since then.")
@click.option("--to", "last", help="A version or a time; by default the present.")
@servers.options
def history(
    source: str, environment: str, first: str | None, last: str | None, url: str | None, token: str | None
) -> None:
    """Show the edits of a source's configuration in an environment; with --from, what they changed."""
    place = f"/v1/sources/{servers.segment(source)}"
    asked = {"environment": environment, "from": first, "to": last}
    params = {name: text for name, text in asked.items() if text is not None}
    with servers.reached(*servers.locate(url, token)) as server:
        told = server.ask("GET", f"{place}/{'diff' if first else 'versions'}", params=params)
    console = consoles.console()
    console.print(_edits(told["edits"] if first else told["entries"]))
    if first:
        console.print(_differences(told["differences"]))


def _edits(edits: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("Version", "Edit", "At", "By", "Why", box=box.SIMPLE)
    for each in edits:
        cells = (each["version"], each["change"], each["edited_at"], each["edited_by"], each["reason"])
        table.add_row(*(Text("" if cell is None else str(cell), overflow="fold") for cell in cells))
    return table


def _differences(differences: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("Where", "", "Before", "After", box=box.SIMPLE)
    for each in differences:
        cells = (each["path"], each["kind"], _shown(each, "before", "added"), _shown(each, "after", "removed"))
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


def _shown(difference: Mapping[str, Any], side: str, nothing: str) -> str:
    if difference["kind"] == nothing or difference["path"] == "token":
        return ""
    return json.dumps(difference[side], ensure_ascii=False)


COMMANDS = [history]
