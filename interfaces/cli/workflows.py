"""`hookledger workflows`: the workflows of a server as files, and back."""

import sys
from pathlib import Path

import click

from infrastructure import composition
from interfaces.cli import servers
from interfaces.cli.servers import Server
from interfaces.cli.workflow_files import planning, pushing, reading, rendering, server_state, writing
from interfaces.cli.workflow_files.planning import Plan
from interfaces.cli.yaml_files import commands, folders


@click.group()
def workflows() -> None:
    """Keep workflows as files: pull them from a server, look at differences, push them back."""


@workflows.command()
@commands.to_write
@servers.options
def pull(directory: Path, url: str | None, token: str | None) -> None:
    """Write one YAML file for each workflow into DIRECTORY. Files that are there are replaced."""
    folders.make(directory)
    present = folders.read(directory)
    with servers.reached(*servers.locate(url, token)) as server:
        wanted = writing.files(server_state.fetch(server))
    commands.write(directory, wanted, present)


@workflows.command()
@commands.existing
@servers.options
@commands.yes
@commands.dry_run
def push(directory: Path, url: str | None, token: str | None, yes: bool, dry_run: bool) -> None:
    """Make a server's workflows what the files in DIRECTORY say, after showing what would change."""
    with servers.reached(*servers.locate(url, token)) as server:
        plan = _plan(server, directory)
        if not (plan.is_empty or dry_run):
            commands.push(pushing.push(server, plan), agreed=yes)


@workflows.command()
@commands.existing
@servers.options
def diff(directory: Path, url: str | None, token: str | None) -> None:
    """Show what a push of DIRECTORY would change.

    Exits with 0 if nothing would, with 1 if something would, and with 2 if that cannot be told.
    """
    with commands.in_trouble(), servers.reached(*servers.locate(url, token)) as server:
        plan = _plan(server, directory)
    sys.exit(0 if plan.is_empty else 1)


def _plan(server: Server, directory: Path) -> Plan:
    """The plan, which is shown."""
    files = commands.read(directory, "hookledger workflows pull")
    wanted = reading.read(files, composition.workflow_checks())
    plan = planning.plan(wanted, server_state.fetch(server))
    commands.show(rendering.plan(plan))
    return plan


COMMANDS: list[click.Command] = [workflows]
