"""The commands of operators: doctor, and rebuilding projections."""

import click
from rich.progress import Progress
from rich.table import Table

from infrastructure import composition
from interfaces.cli import consoles, moments, progressing
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
    consoles.console().print(table)
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
        composition.rebuild(shared, names, progressing.reporter(progress, ", ".join(names) or "all projections"))
    click.echo("Rebuilt.")


@projections.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Compare read models, all or those NAMED, with what the log alone makes of them. Changes nothing.

    Exits with 1 when any differs; `projections rebuild` then mends it.
    """
    with reachable() as shared, Progress() as progress:
        report = progressing.reporter(progress, ", ".join(names) or "all projections")
        compared = composition.compare_projections(shared, names, report)
    table = Table("Table", "Rows", "Checksum", "From the log", "", box=None)
    for each in compared:
        mark = MARKS["ok"] if each.equal else "[bold red]differs[/]"
        table.add_row(each.table, str(each.live.rows), each.live.digest, each.rebuilt.digest, mark)
    consoles.console().print(table)
    if not all(each.equal for each in compared):
        raise SystemExit(1)


@projections.command(name="as-of")
@click.argument("moment")
@click.argument("names", nargs=-1)
def as_of(moment: str, names: tuple[str, ...]) -> None:
    """Make the read models as of a MOMENT, a position in the log or a time, in a schema of their own.

    The schema stays until it is dropped, or something is erased, for whoever asks it in SQL; the read models in force
    are not touched.
    """
    with reachable() as shared, Progress() as progress:
        report = progressing.reporter(progress, f"as of {moment}")
        schema = composition.projections_as_of(shared, moments.read(moment), names, report)
    click.echo(f"Made in the schema {schema}; drop it with DROP SCHEMA {schema} CASCADE.")


COMMANDS = [doctor, projections]
