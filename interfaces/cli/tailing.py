"""`hookledger tail`: webhooks of a running server as they are settled, line by line."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

import attrs
import click
from rich.console import Console
from rich.text import Text

from interfaces.cli import servers
from interfaces.cli.servers import Server, ServerAway

SILENCE = 30.0
"""Seconds without even a heartbeat after which the connection is taken for broken."""

PAUSE = 1.0
"""Seconds before it is tried again."""

STYLES = {"executed": "green", "partially_executed": "yellow", "failed": "bold red", "rejected": "red"}


@click.command()
@click.option("--source", help="Only webhooks of this source.")
@click.option("--environment", help="Only those of this environment.")
@click.option("--event-type", help="Only those of this type.")
@click.option("--outcome", help="Only those that ended so, such as failed.")
@click.option("--text", help="Only those with these words in their payload, where payloads are searched.")
@click.option("--count", type=click.IntRange(1), help="End after so many.")
@click.option("--json", "as_json", is_flag=True, help="Print entries of the event log, one a line.")
@servers.options
def tail(url: str | None, token: str | None, count: int | None, as_json: bool, **filters: str | None) -> None:
    """Show webhooks as they are settled, from now on, until Ctrl-C. A connection that breaks is taken up again."""
    wanted = {name: text for name, text in filters.items() if text is not None}
    console = Console(highlight=False, soft_wrap=True)
    with servers.reached(*servers.locate(url, token)) as server:
        for entry in islice(_Tail(server, wanted).entries(), count):
            console.print(Text(json.dumps(entry, ensure_ascii=False)) if as_json else _line(entry))


@attrs.define
class _Tail:
    """A tail that goes on where it broke."""

    server: Server
    wanted: Mapping[str, str]
    last: str | None = None

    def entries(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                yield from self._connected()
            except ServerAway as away:
                if self.last is None:
                    raise
                click.echo(f"hookledger: {away} Trying again.", err=True)
            time.sleep(PAUSE)

    def _connected(self) -> Iterator[dict[str, Any]]:
        headers = {} if self.last is None else {"last-event-id": self.last}
        with self.server.streamed(
            "/v1/event_logs/tail", seconds=SILENCE, params=self.wanted, headers=headers
        ) as answer:
            for event in _events(answer.iter_bytes()):
                self.last = event["id"]
                if "data" in event:
                    yield json.loads(event["data"])


def _events(chunks: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """The fields of each event that has arrived whole. Lines end with a line feed alone, whatever texts hold."""
    rest = b""
    for chunk in chunks:
        *events, rest = (rest + chunk).split(b"\n\n")
        for event in events:
            yield dict(line.split(": ", 1) for line in event.decode().split("\n") if not line.startswith(":"))


def _line(entry: Mapping[str, Any]) -> Text:
    at = datetime.fromisoformat(entry["received_at"]).astimezone().strftime("%H:%M:%S")
    outcome = entry["outcome"]
    line = Text(f"{at}  {entry['environment']}  {entry['source']}  {entry['event_type'] or '-'}  ")
    line.append(outcome, style=STYLES.get(outcome, ""))
    return line.append(f"  {entry['verification_status'] or '-'}  {entry['id']}")


COMMANDS = [tail]
