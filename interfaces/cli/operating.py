"""The commands of operators: doctor, and rebuilding projections."""

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from infrastructure import composition
from interfaces.cli.databases import reachable

MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "problem": "[bold red]problem[/]"}


@click.command()
def doctor() -> None:
    """Look at the database's settings, the worker's lag, parked events, disk and clock.

    Exits with 1 when there is a problem. Refuses a database with fsync off, which can lose acknowledged webhooks.
    """
    table = Table("", "What", "Finding", box=None)
    with reachable() as shared:
        findings = list(composition.examine(shared))
    for finding in findings:
        table.add_row(MARKS[finding.grade], finding.subject, finding.words)
    Console().print(table)
    if any(finding.grade == "problem" for finding in findings):
        raise SystemExit(1)


@click.group()
def projections() -> None:
    """Look after the read models."""


@projections.command(name="list")
def list_names() -> None:
    """The names of the projections."""
    for name in composition.projection_names():
        click.echo(name)


@projections.command()
@click.argument("names", nargs=-1)
def rebuild(names: tuple[str, ...]) -> None:
    """Rebuild read models from the log, all or those NAMED, while the gateway goes on.

    The old tables serve until the new ones take over in one moment; interrupted, nothing has changed.
    """
    with reachable() as shared, Progress() as progress:
        task = progress.add_task(", ".join(names) or "all projections", total=None)
        composition.rebuild(
            shared, names, lambda done, total: progress.update(task, completed=done, total=max(total, 1))
        )
    click.echo("Rebuilt.")


COMMANDS = [doctor, projections]
