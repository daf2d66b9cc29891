"""`hookledger demo`: five sources, signed samples over HTTP, and the two logs as tables."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console

from interfaces.cli import demo_signing, demo_sources, demo_tables, servers
from interfaces.cli.demo_samples import Sender
from interfaces.cli.demo_server import DemoServer
from interfaces.cli.servers import Token

PIPED_WIDTH = 100


@click.command()
@servers.options
def demo(url: str | None, token: str | None) -> None:
    """See in a minute what Hookledger does, against a running server.

    Connects a Stripe, a Shopify, a Clerk, a custom and a legacy source in the environment development, sends them
    signed webhooks, good and bad ones, and shows the event log and the action log of these. Can be repeated.
    """
    place, found = servers.locate(url, token)
    with servers.reached(place, found) as server:
        entries = _play(DemoServer(server))
    _show(place, found, entries)


def _play(server: DemoServer) -> Sequence[Mapping[str, Any]]:
    """Connect the sources, send the samples, and wait until they are processed."""
    signing = {source.key: demo_signing.new_secret() for source in demo_sources.ALL}
    server.define_workflow()
    paths = {source.key: server.connect(source, signing[source.key]) for source in demo_sources.ALL}
    click.echo(f"Connected {len(paths)} sources in {demo_sources.ENVIRONMENT}: {', '.join(paths)}")
    samples = Sender(signing, secrets.token_hex(4)).samples()
    ids = [server.deliver(paths[sample.source.key], sample) for sample in samples]
    click.echo(f"Sent {len(ids)} webhooks, signed as the providers sign them\n")
    return server.settled(ids)


def _show(url: str, token: Token, entries: Sequence[Mapping[str, Any]]) -> None:
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(width=PIPED_WIDTH if piped else None, highlight=False)
    for table in (demo_tables.event_log(entries), demo_tables.action_log(entries)):
        console.print(table)
        console.print()
    click.echo(demo_tables.next_steps(url, token.file, entries), nl=False)


COMMANDS: list[click.Command] = [demo]
