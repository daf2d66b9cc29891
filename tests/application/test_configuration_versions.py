"""Configurations through time: each version with who made it, when and why."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from application.configuration_versions import ConfigurationVersions, VersionUnknown
from domain.json_values import Json
from tests import examples
from tests.application.in_memory import ACTOR, SOURCE, InMemory

HOUR = timedelta(hours=1)


def edit(path: str) -> Mapping[str, Json]:
    """What makes the event type be read at a path."""
    settings = {"settings": {"event_type_path": path}}
    return {"source": {"name": "Shop", "environment_settings": {"development": settings}}}


@pytest.fixture
def gateway() -> InMemory:
    """A source whose event type path was edited an hour after it was made, and again an hour later."""
    gateway = InMemory()
    gateway.put(settings={"event_type_path": "body.type"})
    for path, reason in (("body.kind", "they renamed it"), ("body.event", None)):
        gateway.clock.advance(hours=1)
        gateway.managing.put_source(key=SOURCE, body=edit(path), actor=ACTOR, reason=reason)
    return gateway


def versions(gateway: InMemory) -> ConfigurationVersions:
    return ConfigurationVersions(store=gateway.ledger)


def test_each_version_says_who_made_it_when_and_why(gateway: InMemory) -> None:
    edits = [each.edit for each in versions(gateway).versions(SOURCE, "development")]
    kind, event = edits[-2:]
    assert (kind.change, kind.at, kind.actor, kind.reason) == (
        "SettingsChanged",
        examples.AT + HOUR,
        ACTOR,
        "they renamed it",
    )
    assert (event.at, event.reason) == (examples.AT + 2 * HOUR, None)


def test_a_time_names_the_version_in_force_then(gateway: InMemory) -> None:
    found = versions(gateway)
    at = examples.AT + HOUR
    assert found.version(SOURCE, "development", at).configuration.settings.event_type_path == "body.kind"
    before = at - timedelta(microseconds=1)
    assert found.version(SOURCE, "development", before).configuration.settings.event_type_path == "body.type"


def test_two_versions_are_compared_with_the_edits_between_them(gateway: InMemory) -> None:
    compared = versions(gateway).comparison(SOURCE, "development", examples.AT, None)
    assert [(each.path, each.before, each.after) for each in compared.differences] == [
        ("settings.event_type_path", "body.type", "body.event")
    ]
    assert [each.edit.reason for each in compared.edits] == ["they renamed it", None]


@pytest.mark.parametrize("which", [0, 99, examples.AT - HOUR])
def test_a_version_that_never_was_is_refused_by_name(gateway: InMemory, which: object) -> None:
    with pytest.raises(VersionUnknown, match="from is"):
        versions(gateway).comparison(SOURCE, "development", which, None)  # type: ignore[arg-type]


def test_what_does_not_exist_has_no_versions(gateway: InMemory) -> None:
    assert list(versions(gateway).versions("nobody", "development")) == []
    with pytest.raises(VersionUnknown):
        versions(gateway).version("nobody", "development", 1)
