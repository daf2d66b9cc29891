"""Documentation is part of the product: whatever one can set, call, run or read back stands in `docs/`."""

from pathlib import Path

import click
import pytest

from infrastructure import settings
from infrastructure.event_store import topics
from interfaces.cli.main import main
from interfaces.http import app

DOCS = Path("docs")


def _routes() -> list[str]:
    return [
        f"{method} {path}".replace(":str}", "}")
        for handler in app.HANDLERS
        for method in handler.http_methods
        for path in handler.paths
    ]


def _commands(command: click.Command, name: str) -> list[str]:
    if not isinstance(command, click.Group):
        return [name]
    return [each for word, inner in command.commands.items() for each in _commands(inner, f"{name} {word}")]


@pytest.mark.parametrize("route", sorted(set(_routes())))
def test_every_route_is_documented(route: str) -> None:
    assert f"`{route}`" in (DOCS / "api.md").read_text(), f"add a row for {route} to docs/api.md"


@pytest.mark.parametrize("event", sorted(topics.CLASSES))
def test_every_event_is_documented(event: str) -> None:
    assert f"`{event}`" in (DOCS / "events.md").read_text(), f"say in docs/events.md what {event} says"


@pytest.mark.parametrize("name", sorted(settings.READ))
def test_every_setting_is_documented(name: str) -> None:
    variable = f"{settings.PREFIX}{name.upper()}"
    assert f"`{variable}`" in (DOCS / "settings.md").read_text(), f"add a row for {variable} to docs/settings.md"


@pytest.mark.parametrize("command", _commands(main, "hookledger"))
def test_every_command_is_documented(command: str) -> None:
    assert f"`{command}" in (DOCS / "operating.md").read_text(), f"add {command} to docs/operating.md"


def test_decisions_are_short() -> None:
    long = [file.name for file in (DOCS / "decisions").glob("*.md") if len(file.read_text().splitlines()) > 40]
    assert not long, f"an ADR has at most 40 lines: {long}"
