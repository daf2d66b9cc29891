"""`hookledger`: the command line. Exit codes: 0 all is well, 1 something is wrong, 2 the command was not understood."""

import sys
from typing import Any

import click

from application.errors import Unavailable
from domain.errors import Refused
from infrastructure import composition
from interfaces.cli import (
    audit,
    demo,
    erasing,
    explain,
    exporting,
    history,
    operating,
    processes,
    replays,
    sources,
    tailing,
    why,
    workflows,
)

HELP = """Hookledger: an event-sourced gateway for incoming webhooks.

    \b
    hookledger serve      everything in one command
    hookledger demo       see in a minute what it does, against a running server
    hookledger doctor     is all well with database, worker, disk and clock?

Settings come from the environment: DATABASE_URL and HOOKLEDGER_…; see docs/settings.md.
"""


class Commands(click.Group):
    """A group whose refusals are one line on standard error, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """See click."""
        try:
            return super().invoke(ctx)
        except (Refused, Unavailable, *composition.Unreachable) as problem:
            click.echo(f"hookledger: {str(problem).strip()}", err=True)
            sys.exit(1)


@click.group(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hookledger")
def main() -> None:
    """See HELP."""


MODULES = (
    processes,
    operating,
    audit,
    sources,
    workflows,
    history,
    explain,
    why,
    replays,
    erasing,
    exporting,
    tailing,
    demo,
)

for module in MODULES:
    for command in module.COMMANDS:
        main.add_command(command)

if __name__ == "__main__":
    main(prog_name="hookledger")
