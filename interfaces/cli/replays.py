"""`hookledger replay` and `release`: run a configuration over past webhooks, see what would change, carry it out."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from rich import box
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from interfaces.cli import consoles, drafts, servers
from interfaces.cli.drafts import since
from interfaces.cli.servers import Server

POLL = 0.1
MOST_SHOWN = 10
"""Webhooks whose changes are printed; the API has the rest."""

Command = TypeVar("Command", bound=Callable[..., Any])


def sliced(command: Command) -> Command:
    """Give a command the options that choose webhooks."""
    for option in (
        click.option("--source", help="The key of the source."),
        click.option("--environment", default="development", show_default=True, help="Where it received."),
        click.option("--since", "since_", help="Received in this time until now: 90m, 36h, 7d."),
        click.option("--event-type", "event_types", multiple=True, help="Of this type; may be given again."),
        click.option("--limit", type=int, help="A sample of so many."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@click.option("--what-if", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A draft.")
@click.option("--version", "version_", type=int, help="An older version instead of a draft.")
@click.option("--like", help="The configuration of another environment instead.")
@click.option("--mapping", "mappings", multiple=True, help="Only this mapping counts: its id.")
@click.option("--outcome", "outcomes", multiple=True, help="Only webhooks that ended so.")
@sliced
@servers.options
@click.pass_context
def replay(
    context: click.Context,
    /,
    file: Path | None,
    version_: int | None,
    like: str | None,
    mappings: tuple[str, ...],
    url: str | None,
    token: str | None,
    **chosen: Any,
) -> None:
    """Run a configuration over past webhooks without effects, and show what would change.

    Without --what-if, --version or --like it is the configuration in force.
    """
    if context.invoked_subcommand is not None:
        return
    if file:
        configuration: dict[str, Any] = {"draft": drafts.read(file, chosen["environment"])}
    else:
        configuration = {"version": version_} if version_ else {"environment": like} if like else {"current": True}
    with servers.reached(*servers.locate(url, token)) as server:
        body = {**_asked(chosen), "mode": "what_if", "configuration": configuration}
        ended = _follow(server, server.ask("POST", "/v1/replays", json={**body, "mappings": list(mappings) or None}))
        _show(server, ended)


@replay.command()
@click.argument("replay_id")
@click.option("--reason", required=True, help="Why; it goes on record.")
@click.option("--force", is_flag=True, help="Also what was carried out already.")
@click.option("--per-second", type=int, help="Webhooks evaluated anew in a second.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@servers.options
def apply(
    replay_id: str, reason: str, force: bool, per_second: int | None, yes: bool, url: str | None, token: str | None
) -> None:
    """Carry out what the replay REPLAY_ID has found, after showing what that comes to."""
    with servers.reached(*servers.locate(url, token)) as server:
        _apply(server, replay_id, {"reason": reason, "force": force, "per_second": per_second}, yes=yes)


@replay.command()
@click.argument("replay_id")
@servers.options
def cancel(replay_id: str, url: str | None, token: str | None) -> None:
    """Do no more of the replay REPLAY_ID; what was carried out stays."""
    with servers.reached(*servers.locate(url, token)) as server:
        click.echo(f"The replay is {server.ask('POST', f'/v1/replays/{replay_id}/cancel')['status']}.")


@click.command()
@click.option("--reason", required=True, help="Why; it goes on record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@sliced
@servers.options
def release(reason: str, yes: bool, url: str | None, token: str | None, **chosen: Any) -> None:
    """Verify rejected webhooks anew, as of their receipt, and let in those that are genuine after all."""
    with servers.reached(*servers.locate(url, token)) as server:
        body = {**_asked({**chosen, "outcomes": ("rejected",)}), "configuration": {"current": True}}
        ended = _follow(server, server.ask("POST", "/v1/replays", json=body))
        _show(server, ended)
        _apply(server, ended["id"], {"reason": reason}, yes=yes)


def _asked(chosen: Mapping[str, Any]) -> dict[str, Any]:
    if not chosen["source"]:
        raise click.UsageError("--source is missing; `GET /v1/sources` tells which there are")
    wanted = {
        "starting_at": since(chosen["since_"]) if chosen["since_"] else None,
        "event_types": list(chosen["event_types"]),
        "outcomes": list(chosen.get("outcomes", ())),
        "limit": chosen["limit"],
    }
    given = {name: value for name, value in wanted.items() if value}
    return {"source": chosen["source"], "environment": chosen["environment"], "slice": given}


def _apply(server: Server, replay_id: str, body: Mapping[str, Any], *, yes: bool) -> None:
    path = f"/v1/replays/{replay_id}/apply"
    given = {name: value for name, value in body.items() if value is not None}
    preview = server.ask("POST", path, json={**given, "preview": True})["preview"]
    actions = ", ".join(f"{count} {name}" for name, count in preview["actions"].items()) or "no actions"
    click.echo(f"{preview['webhooks']} webhooks to evaluate anew ({actions}), {preview['releases']} to release.")
    if preview["not_undone"]:
        click.echo(f"{preview['not_undone']} webhooks: {preview['message']}.")
    if not preview["webhooks"] and not preview["releases"]:
        return
    if not yes:
        click.confirm("Carry this out?", abort=True)
    ended = _follow(server, server.ask("POST", path, json=given))
    done = ended["apply"]
    click.echo(f"Carried out: {done['applied']} webhooks, {done['passed_over']} left as they are.")


def _follow(server: Server, replay: Mapping[str, Any]) -> Mapping[str, Any]:
    """Wait for the end of a replay behind a progress bar."""
    with Progress(transient=True) as progress:
        bar = progress.add_task("Replaying", total=None)
        while replay["status"] in ("queued", "running"):
            applying = replay["apply"]
            done = applying["applied"] + applying["passed_over"] if applying else replay["progress"]["processed"]
            progress.update(bar, completed=done, total=replay["progress"]["total"] or None)
            time.sleep(POLL)
            replay = server.ask("GET", f"/v1/replays/{replay['id']}")
    if replay["status"] != "completed":
        raise servers.ServerFailed(
            f"the replay {replay['id']} is {replay['status']}: {replay['error'] or 'by request'}"
        )
    return replay


def _show(server: Server, replay: Mapping[str, Any]) -> None:
    console = consoles.console()
    table = Table("Webhooks", "Number", box=box.SIMPLE)
    for name, count in replay["totals"].items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    console.print(table)
    page = server.ask("GET", f"/v1/replays/{replay['id']}/diff", params={"page_size": MOST_SHOWN})
    if page["entries"]:
        console.print(_differences(page["entries"]))
    if page["page_info"]["after"]:
        console.print(f"There is more: GET /v1/replays/{replay['id']}/diff")
    console.print(f"Replay {replay['id']}")


def _differences(entries: list[Mapping[str, Any]]) -> Table:
    table = Table("Webhook", "Change", "Action", "Field", "Before", "After", box=box.SIMPLE)
    for entry in entries:
        for change in entry["changes"]:
            before, after = (json.dumps(change[name], ensure_ascii=False) for name in ("before", "after"))
            about = change.get("action_type", ""), change.get("field", "")
            cells = (entry["event_log_id"], change["kind"], *about, before, after)
            table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


COMMANDS: list[click.Command] = [replay, release]
