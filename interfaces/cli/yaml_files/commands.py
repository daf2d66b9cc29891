"""What the commands `pull`, `push` and `diff` do alike, whatever the files speak of."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from domain.errors import Refused
from interfaces.cli.yaml_files import folders

TROUBLE = 2
"""The exit code of `diff` for anything but equal (0) and different (1)."""

to_write = click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
existing = click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
yes = click.option("--yes", is_flag=True, help="Do not ask.")
dry_run = click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")


def write(directory: Path, wanted: Mapping[str, str], present: Mapping[str, str]) -> None:
    """Write the files that differ, and say which those are and which speak of nothing."""
    changed = folders.write(directory, wanted, present)
    for name in changed:
        click.echo(f"Wrote {directory / name}")
    for name in sorted(present.keys() - wanted.keys()):
        click.echo(f"{directory / name} speaks of nothing on the server; it is left as it is")
    click.echo(f"{len(changed)} of {len(wanted)} files differed.")


def read(directory: Path, puller: str) -> dict[str, str]:
    """The files, of which there must be some; `puller` is the command that writes them."""
    files = folders.read(directory)
    if not any(name.endswith(folders.ENDING) for name in files):
        raise click.UsageError(f"{directory} holds no {folders.ENDING} file; `{puller}` writes them")
    return files


def show(plan: Iterable[Text]) -> None:
    """Print the lines of a plan."""
    console = Console(highlight=False, soft_wrap=True)
    for line in plan:
        console.print(line)


def push(done: Iterator[str], *, agreed: bool) -> None:
    """Ask unless it is agreed, then push one thing after the other."""
    if not agreed:
        click.confirm("Push this?", abort=True)
    for each in done:
        click.echo(f"Pushed {each}")


@contextmanager
def in_trouble() -> Iterator[None]:
    """What is refused within ends the program with TROUBLE, in one line."""
    try:
        yield
    except Refused as refused:
        click.echo(f"hookledger: {refused}", err=True)
        sys.exit(TROUBLE)
