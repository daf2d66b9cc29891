"""`hookledger demo`: five sources, signed samples over HTTP, and the two logs as tables."""

import click

COMMANDS: list[click.Command] = []
