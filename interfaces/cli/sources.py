"""`hookledger sources`: the sources of a server as files, and back."""

import os
import sys
from pathlib import Path

import click

from infrastructure import composition
from interfaces.cli import servers
from interfaces.cli.servers import Server
from interfaces.cli.source_files import planning, pushing, reading, rendering, resolving, server_state, writing
from interfaces.cli.source_files.planning import Plan
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.source_planning import SourcePlanning
from interfaces.cli.yaml_files import commands, folders

prune = click.option("--prune", is_flag=True, help="Archive sources, and remove variables, that no file speaks of.")


@click.group()
def sources() -> None:
    """Keep sources as files: pull them from a server, look at differences, push them back."""


@sources.command()
@commands.to_write
@servers.options
def pull(directory: Path, url: str | None, token: str | None) -> None:
    """Write one YAML file for each source into DIRECTORY, scripts beside it, and a file of the variables.

    Files that are there are replaced; references to secrets stay as they are. No file ever holds a secret.
    """
    folders.make(directory)
    present = folders.read(directory)
    with servers.reached(*servers.locate(url, token)) as server:
        wanted = writing.files(server_state.fetch(server), present)
    commands.write(directory, wanted, present)


@sources.command()
@commands.existing
@servers.options
@prune
@commands.yes
@commands.dry_run
def push(directory: Path, url: str | None, token: str | None, prune: bool, yes: bool, dry_run: bool) -> None:
    """Make a server's sources what the files in DIRECTORY say, after showing what would change.

    Secrets are read from the environment variables and files that the references name.
    """
    with servers.reached(*servers.locate(url, token)) as server:
        plan, secrets = _plan(server, directory, prune=prune, needs_secrets=True)
        if not (plan.is_empty or dry_run):
            commands.push(pushing.Pushing(server, secrets).push(plan), agreed=yes)


@sources.command()
@commands.existing
@servers.options
@prune
def diff(directory: Path, url: str | None, token: str | None, prune: bool) -> None:
    """Show what a push of DIRECTORY would change. Needs no secrets.

    Exits with 0 if nothing would, with 1 if something would, and with 2 if that cannot be told.
    """
    with commands.in_trouble(), servers.reached(*servers.locate(url, token)) as server:
        plan, _ = _plan(server, directory, prune=prune, needs_secrets=False)
    sys.exit(1 if plan.differs else 0)


def _plan(server: Server, directory: Path, *, prune: bool, needs_secrets: bool) -> tuple[Plan, dict[Reference, str]]:
    """The plan, which is shown, and the secrets that it sends."""
    files = commands.read(directory, "hookledger sources pull")
    schemes = composition.schemes
    wanted = reading.read(files, schemes.check_options)
    secrets = resolving.resolve(wanted, os.environ, directory, all_of_them=needs_secrets)
    state = server_state.fetch(server, [each.template for each in wanted.sources.values()])
    maker = SourcePlanning(state=state, secrets=secrets, check_secret=schemes.check_secret)
    plan = planning.plan(wanted, state, maker, prune=prune)
    commands.show(rendering.plan(plan))
    return plan, secrets


COMMANDS: list[click.Command] = [sources]
