"""`hookledger explain`: why a webhook came to what it came to, asked of a running server."""

import json

import click
from rich.console import Console
from rich.text import Text

from interfaces.cli import servers


@click.command()
@click.argument("event_log_id")
@click.option("--json", "as_json", is_flag=True, help="The whole trace as JSON, for other programs.")
@servers.options
def explain(event_log_id: str, as_json: bool, url: str | None, token: str | None) -> None:
    """Show every decision about a webhook, by its id in the event log, with what each decision read."""
    with servers.reached(*servers.locate(url, token)) as server:
        told = server.ask("GET", f"/v1/event_logs/{servers.segment(event_log_id)}/explain")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    console = Console(soft_wrap=True)
    for line in told["words"]:
        console.print(Text(line))


COMMANDS = [explain]
