"""`hookledger why`: where the fields of a user, object or tenant come from, asked of a running server."""

import json
from collections.abc import Mapping
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from interfaces.cli import consoles, servers

Cause = Mapping[str, Any]


@click.command()
@click.argument("kind", type=click.Choice(["users", "tenants", "objects"]))
@click.argument("entity")
@click.option("--environment", default="development", show_default=True, help="Where it lives.")
@click.option("--collection", help="That of an object.")
@click.option("--as-of", help="A time, or a position in the log, as of which to look.")
@servers.options
def why(
    kind: str,
    entity: str,
    environment: str,
    collection: str | None,
    as_of: str | None,
    url: str | None,
    token: str | None,
) -> None:
    """Show what set each field of a user, tenant or object: which webhook or call, by which mapping, from where."""
    asked = {"environment": environment, "collection": collection, "as_of": as_of}
    with servers.reached(*servers.locate(url, token)) as server:
        path = f"/v1/audit/entities/{kind}/{servers.segment(entity)}"
        told = server.ask("GET", path, params={name: text for name, text in asked.items() if text is not None})
    console = consoles.console()
    for line in _headings(told, entity):
        console.print(Text(line))
    if told["fields"]:
        console.print(_table(told["fields"]))


def _headings(told: Mapping[str, Any], entity: str) -> list[str]:
    by, lines = told["deleted_by"], []
    if by:
        lines.append(f"{entity} was deleted at {by['at']} by {_who(by)}, {by['mapping_id']}")
    elif told["entity"] is None:
        lines.append(f"{entity} does not exist; there are only subscriptions or memberships")
    elif not told["fields"]:
        lines.append(f"{entity} exists and has no fields")
    if told["truncated"]:
        lines.append("Only the latest changes are told of; --as-of leads to those before them.")
    return lines


def _table(fields: Mapping[str, Any]) -> Table:
    table = Table("Field", "Value", "Set at", "By", "Mapping", "From", box=box.SIMPLE)
    for name, field in fields.items():
        value = json.dumps(field["value"], ensure_ascii=False)
        cells = (name, value, field["at"], _who(field), field["mapping_id"], _origin(field["origin"]))
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


def _who(cause: Cause) -> str:
    """The source, or the key of a call, and the webhook."""
    key = cause["api_key_id"]
    return f"{cause['source']}{f' (key {key})' if key else ''} {cause['event_log_id']}"


def _origin(origin: Mapping[str, Any]) -> str:
    if origin.get("constant") is True:
        return "a constant"
    return str(origin.get("path") or origin.get("template") or origin["parameter"])


COMMANDS = [why]
