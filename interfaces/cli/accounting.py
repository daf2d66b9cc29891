"""`hookledger audit accounting`: what every source received and what became of it, from projection and log."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from infrastructure import composition
from interfaces.cli import consoles, progressing
from interfaces.cli.databases import reachable

OUTCOMES = (
    "rejected",
    "duplicate",
    "executed",
    "partially_executed",
    "failed",
    "unmapped",
    "unclassified",
    "pending",
)


@click.command()
@click.option("--recount", is_flag=True, help="Count from the log as well, and compare. Reads all of it.")
def accounting(recount: bool) -> None:
    """Show per source and environment: received = rejected + duplicate + executed + … + pending.

    With --recount, exits with 1 when projection and log do not agree.
    """
    with reachable() as shared:
        if not recount:
            consoles.console().print(_table(composition.accounting(shared)))
            return
        with Progress() as progress:
            recounted = composition.recount(shared, progressing.reporter(progress, "counting the log"))
    consoles.console().print(_table([_row(each) for each in recounted.lines]))
    if recounted.unreadable:
        number = f"{recounted.unreadable} of {recounted.events} events cannot be read"
        click.echo(f"{number}; `hookledger audit verify` says whether any was altered")
    for each in recounted.wrong:
        click.echo(
            f"{each.source} in {each.environment}: {each.received} received; the log says {dict(each.recounted)}, "
            f"the projection {dict(each.counted)}; `hookledger projections rebuild accounting` counts anew"
        )
    if recounted.wrong:
        raise SystemExit(1)
    click.echo("The projection agrees with the log.")


def _row(line: composition.Line) -> Mapping[str, Any]:
    return {
        "source": line.source,
        "environment": line.environment,
        "received": line.received,
        **line.recounted,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("Source", "Environment", "Received", "Of which", box=box.SIMPLE)
    for row in rows:
        became = [f"{row[name]} {name.replace('_', ' ')}" for name in OUTCOMES if row.get(name)]
        cells = (row["source"], row["environment"], row["received"], ", ".join(became))
        table.add_row(*(Text(str(cell), overflow="fold") for cell in cells))
    return table
