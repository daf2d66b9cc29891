"""A source: an account-level integration made from a template, configured once per environment."""

from datetime import datetime
from typing import assert_never

import attrs

from domain import errors, slugs, streams


def stream(key: str) -> str:
    """The stream of the source called `key`."""
    return streams.name("source", key)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class SourceConnected:
    """A source exists from now on, made from version `template_version` of `template`."""

    key: str
    name: str
    description: str | None
    custom_image_url: str | None
    template: str
    template_version: str
    connected_at: datetime


@attrs.frozen(kw_only=True)
class SourceDescribed:
    """Name, description or image changed; the event carries all three as they are now."""

    key: str
    name: str
    description: str | None
    custom_image_url: str | None
    described_at: datetime


@attrs.frozen(kw_only=True)
class SourceArchived:
    """The source receives nothing any more; its history stays."""

    key: str
    archived_at: datetime


Event = SourceConnected | SourceDescribed | SourceArchived


@attrs.frozen(kw_only=True)
class Source:
    """A source as it stands."""

    key: str
    name: str
    description: str | None
    custom_image_url: str | None
    template: str
    template_version: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Connect:
    """Connect a source, or describe a connected one anew; `template` counts at creation only."""

    key: str
    name: str
    description: str | None
    custom_image_url: str | None
    template: str
    template_version: str
    at: datetime


@attrs.frozen(kw_only=True)
class Archive:
    """Archive a source."""

    key: str
    at: datetime


Command = Connect | Archive


class SourceUnknown(errors.Refused):
    """No source has this key."""


class SourceArchivedAlready(errors.Refused):
    """The key belongs to an archived source, whose history it names."""


class NameMissing(errors.Refused):
    """A source needs a name that people can read."""


def decide(state: Source | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to."""
    match command:
        case Connect():
            return _connect(state, command)
        case Archive():
            return _archive(state, command)
        case _:
            assert_never(command)


def _connect(state: Source | None, command: Connect) -> tuple[Event, ...]:
    slugs.check(command.key, field="key")
    if not command.name.strip():
        raise NameMissing("source.name is empty; give the source a name", field="source.name")
    if state is None:
        fields = attrs.asdict(command, filter=lambda attribute, _: attribute.name != "at")
        return (SourceConnected(**fields, connected_at=command.at),)
    if state.archived_at is not None:
        raise SourceArchivedAlready(
            f"source {command.key!r} was archived at {state.archived_at.isoformat()}; choose another key",
            field="key",
        )
    described = (command.name, command.description, command.custom_image_url)
    if described == (state.name, state.description, state.custom_image_url):
        return ()  # nothing about the source itself has changed
    return (
        SourceDescribed(
            key=command.key,
            name=command.name,
            description=command.description,
            custom_image_url=command.custom_image_url,
            described_at=command.at,
        ),
    )


def _archive(state: Source | None, command: Archive) -> tuple[Event, ...]:
    if state is None:
        raise SourceUnknown(f"no source has the key {command.key!r}; list the sources to find it", field="key")
    if state.archived_at is not None:
        return ()  # archived already: archiving again changes nothing
    return (SourceArchived(key=command.key, archived_at=command.at),)


def evolve(state: Source | None, event: Event) -> Source | None:
    """The state after `event`."""
    match event:
        case SourceConnected():
            fields = attrs.asdict(event, filter=lambda attribute, _: attribute.name != "connected_at")
            return Source(**fields, created_at=event.connected_at, updated_at=event.connected_at)
        case SourceDescribed():
            return state and attrs.evolve(
                state,
                name=event.name,
                description=event.description,
                custom_image_url=event.custom_image_url,
                updated_at=event.described_at,
            )
        case SourceArchived():
            return state and attrs.evolve(state, archived_at=event.archived_at)
        case _:
            assert_never(event)
