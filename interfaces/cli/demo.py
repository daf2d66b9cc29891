"""`hookledger demo`: five sources, signed samples over HTTP, and the two logs as tables."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import click
import httpx
from rich.console import Console

from infrastructure import composition
from interfaces.cli import addresses, admin_tokens, demo_signing, demo_sources, demo_tables
from interfaces.cli.demo_samples import Sender
from interfaces.cli.demo_server import DemoFailed, DemoServer

PIPED_WIDTH = 100
SECONDS = 10.0
"""How long the server may take for one answer."""


@attrs.frozen
class _Token:
    """An admin token, and the file that it was found in."""

    value: str
    file: Path | None = None


def _address(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    if given is None:
        return None
    try:
        url = httpx.URL(given.rstrip("/"))
    except httpx.InvalidURL as error:
        raise click.BadParameter(str(error)) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise click.BadParameter(f"{given!r} is no address such as http://127.0.0.1:8400")
    return str(url)


@click.command()
@click.option("--url", callback=_address, help="Where the server is; by default where `serve` listens on this machine.")
@click.option("--token", help="An admin token; by default HOOKLEDGER_ADMIN_TOKEN, or the one that `serve` kept.")
def demo(url: str | None, token: str | None) -> None:
    """See in a minute what Hookledger does, against a running server.

    Connects a Stripe, a Shopify, a Clerk, a custom and a legacy source in the environment development, sends them
    signed webhooks, good and bad ones, and shows the event log and the action log of these. Can be repeated.
    """
    settings = composition.load_settings()
    place = url or addresses.local_url(settings.host, settings.port)
    found = _token(token, place, settings)
    headers = {b"authorization": f"Bearer {found.value}".encode()}
    with httpx.Client(base_url=place, headers=headers, timeout=SECONDS, trust_env=False) as client:
        entries = _play(DemoServer(place, client))
    _show(place, found, entries)


def _token(given: str | None, url: str, settings: composition.Settings) -> _Token:
    value = (given or settings.admin_token or "").strip()
    if value:
        return _Token(value)
    # What was kept is this machine's, and not for any other's ears.
    kept = admin_tokens.kept(settings.data_dir) if addresses.is_loopback(url) else None
    if kept is None:
        raise DemoFailed(
            "an admin token is needed: `hookledger serve` prints one on its first start and keeps it in "
            f"{admin_tokens.place(settings.data_dir)}; give it as --token hl_st_…, or set HOOKLEDGER_ADMIN_TOKEN "
            "to the one that the server was given"
        )
    return _Token(kept, admin_tokens.place(settings.data_dir))


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


def _show(url: str, token: _Token, entries: Sequence[Mapping[str, Any]]) -> None:
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(width=PIPED_WIDTH if piped else None, highlight=False)
    for table in (demo_tables.event_log(entries), demo_tables.action_log(entries)):
        console.print(table)
        console.print()
    click.echo(demo_tables.next_steps(url, token.file, entries), nl=False)


COMMANDS: list[click.Command] = [demo]
