"""`hookledger export`: the logs of a running server into files, piece by piece, to be taken up wherever they ended."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from domain.errors import Refused
from interfaces.cli import servers
from interfaces.cli.export_files import DESTINATIONS, Destination, State
from interfaces.cli.servers import Server, ServerAway

PIECE = 20_000
"""Entries that are asked for at once."""

PATIENCE = 60.0
"""Seconds of silence that a server is allowed while it exports."""

Command = TypeVar("Command", bound=Callable[..., Any])


class ExportBroken(Refused):
    """The server went away in the middle of it."""


@click.group()
def export() -> None:
    """Write event logs, action logs or the log itself into files. Interrupted, they go on with --resume."""


def _options(formats: list[str]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in (
            click.option("--resume", is_flag=True, help="Go on where an earlier export into this file ended or broke."),
            click.option("--limit", type=click.IntRange(1), help="End after so many entries, to go on with --resume."),
            click.option(
                "--output",
                required=True,
                type=click.Path(path_type=Path),
                help="The file; for parquet a directory, into which each piece goes as a file.",
            ),
            click.option("--format", "format_", type=click.Choice(formats), default="ndjson", show_default=True),
        ):
            command = option(command)
        return servers.options(command)

    return decorate


def _filters(names: str) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for name in reversed(names.split()):
            command = click.option(f"--{name.replace('_', '-')}", help=f"Only entries with this {name}.")(command)
        return command

    return decorate


FILTERS = "environment source event_type entity starting_at ending_at"
TABLES = ["ndjson", "csv", "parquet"]


@export.command(name="event-logs")
@_filters(f"{FILTERS} outcome verification_status idempotency_key text")
@_options(TABLES)
def event_logs(**asked: Any) -> None:
    """Webhooks, the oldest first, without payloads."""
    _export("/v1/event_logs/export", **asked)


@export.command(name="action-logs")
@_filters(f"{FILTERS} action_type action_status event_log_id")
@_options(TABLES)
def action_logs(**asked: Any) -> None:
    """Actions, in the order in which they were recorded."""
    _export("/v1/action_logs/export", **asked)


@export.command()
@_options(["ndjson"])
def events(**asked: Any) -> None:
    """The log itself, every event from the first."""
    _export("/v1/audit/events/export", **asked)


def _export(
    path: str,
    *,
    url: str | None,
    token: str | None,
    format_: str,
    output: Path,
    limit: int | None,
    resume: bool,
    **filters: str | None,
) -> None:
    asked = {"path": path, "format": format_, **{name: text for name, text in filters.items() if text is not None}}
    destination = DESTINATIONS[format_](output)
    state = destination.resumed(asked) if resume else destination.begun(asked)
    with servers.reached(*servers.locate(url, token)) as server, _progress() as progress:
        task = progress.add_task(output.name, total=1.0, state=state)
        for reached, done in _pieces(server, destination, state, limit):
            progress.update(task, completed=done, state=reached)
            state = reached
    click.echo(f"Written to {output}; {state}.")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[state]}"))
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))


def _pieces(server: Server, destination: Destination, state: State, limit: int | None) -> Iterator[tuple[State, float]]:
    """The state after each piece, which is on disk by then, and how far the export has come."""
    more, left = True, limit or sys.maxsize
    while more and left > 0:
        size = min(PIECE, left)
        try:
            with server.streamed(state.asked["path"], seconds=PATIENCE, params=_params(state, size)) as answer:
                after = answer.headers.get("hookledger-after")
                if after != state.after or not state.pieces:
                    state = destination.take(state, answer.iter_bytes(), after)
                more, done = answer.headers["hookledger-more"] == "true", float(answer.headers["hookledger-progress"])
        except ServerAway as away:
            raise ExportBroken(f"{away} {destination.output} is as far as {state}; go on with --resume") from away
        left -= size
        yield state, done


def _params(state: State, size: int) -> dict[str, str]:
    wanted = {name: text for name, text in state.asked.items() if name != "path"}
    place = {} if state.after is None else {"after": state.after}
    return {**wanted, **place, "limit": str(size)}


COMMANDS: list[click.Command] = [export]
