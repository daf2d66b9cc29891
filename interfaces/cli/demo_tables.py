"""The two logs as tables, fit for 100 columns, and what to try after them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from interfaces.cli.demo_sources import ENVIRONMENT

STYLES = {
    "executed": "green",
    "success": "green",
    "duplicate": "cyan",
    "replayed": "cyan",
    "unmapped": "yellow",
    "partially_executed": "yellow",
    "skipped": "yellow",
    "failed": "red",
    "error": "red",
    "rejected": "red",
}
NOTHING = "-"

Entry = Mapping[str, Any]


def event_log(entries: Sequence[Entry]) -> RenderableType:
    """One line for each webhook."""
    headings = ("Received", "Source", "Event type", "Outcome", "Idempotency", "Verification", "Actions")
    table = _table("Event log", headings)
    for entry in entries:
        cells = (entry["source"], entry["event_type"], entry["outcome"], entry["idempotency"]["outcome"])
        actions = Text(str(entry["actions_count"]), justify="right")
        table.add_row(_time(entry["received_at"]), *map(_cell, cells), _verdict(entry), actions)
    return table


def action_log(entries: Sequence[Entry]) -> RenderableType:
    """One line for each action, with what it did or why it did nothing."""
    table = _table("Action log", ("Source", "Event type", "Action", "Status", "What"))
    for action in (action for entry in entries for action in entry["actions"]):
        names = ("source", "event_type", "action_type", "action_status")
        table.add_row(*(_cell(action[name]) for name in names), Text(_what(action)))
    return table


def next_steps(url: str, token_file: Path | None, entries: Sequence[Entry]) -> str:
    """Commands with the ids of this run; the token itself is not shown."""
    token = f"$(cat '{token_file}')" if token_file else "<your token>"
    skipped = _first(entries, lambda entry: any(each["action_status"] == "skipped" for each in entry["actions"]))
    duplicate = _first(entries, lambda entry: entry["outcome"] == "duplicate")
    return f"""\
Try next:
  AUTH="Authorization: Bearer {token}"
Why was an action skipped, decision by decision?
  curl -sH "$AUTH" {url}/v1/event_logs/{skipped}/explain
And what arrived?
  curl -sH "$AUTH" {url}/v1/event_logs/{skipped}
Every event that is stored about the duplicate:
  curl -sH "$AUTH" {url}/v1/event_logs/{duplicate}/history
Who is known by now:
  curl -sH "$AUTH" '{url}/v1/users?environment={ENVIRONMENT}'
"""


def _first(entries: Sequence[Entry], meant: Callable[[Entry], bool]) -> str:
    return next(str(entry["id"]) for entry in entries if meant(entry))


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False)
    table.padding, table.pad_edge = (0, 1, 0, 0), False  # leaves room for what the lines say
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _cell(value: str | None) -> Text:
    return Text(value or NOTHING, style=STYLES.get(value or "", ""))


def _verdict(entry: Entry) -> Text:
    """Of `enforced:verified` what became of it; whether that is enforced is no news here."""
    return _cell((entry["verification_status"] or "").rpartition(":")[2])


def _time(text: str) -> Text:
    return Text(datetime.fromisoformat(text).strftime("%H:%M:%S"))


def _what(action: Entry) -> str:
    if action["error"]:
        return str(action["error"]["message"])
    payload, result = action["action_payload"], action["action_result"]
    if "key" in payload:
        return f"{payload['key']} for {', '.join(str(each['id']) for each in result['recipients'])}"
    name = payload.get("name") or payload["properties"].get("subject")
    place = f"{payload['collection']}/{payload['id']}" if "collection" in payload else str(payload["id"])
    return f"{place} ({name})" if name else place
