"""`hookledger erase`: forget a user, object or tenant, asked of a running server; the certificate comes as JSON."""

import json
from collections.abc import Sequence
from typing import Any

import click

from domain.errors import Refused
from infrastructure import composition
from interfaces.cli import databases, servers

PATIENCE = 3_600.0
"""Seconds: a search reads everything that is on record in the environment."""


class EraseIncomplete(Refused):
    """The command does not say what to erase, or why."""


@click.command()
@click.argument("kind", type=click.Choice(["user", "object", "tenant"]), required=False)
@click.argument("entity", required=False)
@click.option("--environment", default="development", show_default=True, help="Where it lives.")
@click.option("--collection", help="That of an object.")
@click.option("--reason", help="Why, without naming the subject: it is kept for ever.")
@click.option("--search", multiple=True, metavar="TEXT", help="Erase whatever holds this text too, such as an e-mail.")
@click.option("--webhook", multiple=True, metavar="ID", help="Erase this webhook too.")
@click.option("--preview", is_flag=True, help="Only say how much would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--again", is_flag=True, help="Erase again what is on record as erased, in the database itself.")
@servers.options
def erase(
    kind: str | None,
    entity: str | None,
    environment: str,
    collection: str | None,
    reason: str | None,
    search: Sequence[str],
    webhook: Sequence[str],
    preview: bool,
    yes: bool,
    again: bool,
    url: str | None,
    token: str | None,
) -> None:
    """Make everything on record about a user, object or tenant unreadable for good, by destroying its keys.

    Shows first how much that would be, and asks.
    """
    if again:
        _again()
        return
    subject = _subject(kind, entity, collection)
    if reason is None and not preview:
        raise EraseIncomplete("--reason is missing; say why, without naming the subject")
    more = {"search": list(search), "webhooks": list(webhook)}
    asked = {"environment": environment, "subject": subject, "reason": reason or "", **more}
    with servers.reached(*servers.locate(url, token)) as server:
        if preview or not yes:
            _show(server.ask("POST", "/v1/erasures", json={**asked, "preview": True}, timeout=PATIENCE))
        if preview:
            return
        if not yes:
            click.confirm("Make this unreadable, for good?", abort=True)
        _show(server.ask("POST", "/v1/erasures", json={**asked, "preview": False}, timeout=PATIENCE))


def _show(told: Any) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


def _subject(kind: str | None, entity: str | None, collection: str | None) -> dict[str, str]:
    if kind is None or entity is None:
        raise EraseIncomplete("name what to erase, such as: hookledger erase user ID --reason 'request 17'")
    return {"kind": kind, "id": entity, "collection": collection or ""}


def _again() -> None:
    with databases.reachable() as shared:
        count = composition.erase_again(shared)
    click.echo(f"{count} keys were destroyed again." if count else "Everything that was erased still is.")


COMMANDS = [erase]
