"""An audience: a static list of members in one environment. Its members are data, kept in the directory."""

from datetime import datetime
from typing import assert_never

import attrs

from domain import errors, slugs, streams


def stream(environment: str, key: str) -> str:
    """The stream of audience `key` in `environment`."""
    return streams.name("audience", environment, key)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class AudienceDefined:
    """A static audience exists from now on."""

    environment: str
    key: str
    name: str
    description: str | None
    defined_at: datetime


@attrs.frozen(kw_only=True)
class AudienceDescribed:
    """The audience has another name or description."""

    environment: str
    key: str
    name: str
    description: str | None
    described_at: datetime


Event = AudienceDefined | AudienceDescribed


@attrs.frozen(kw_only=True)
class Audience:
    """An audience as it stands."""

    environment: str
    key: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class Define:
    """Say how a static audience is to be, whether it exists already or not."""

    environment: str
    key: str
    name: str
    description: str | None
    at: datetime


class NameMissing(errors.Refused):
    """An audience needs a name that people can read."""


def decide(state: Audience | None, command: Define) -> tuple[Event, ...]:
    """The events that `command` leads to; none when the audience is so already."""
    slugs.check(command.key, field="key")
    if not command.name.strip():
        raise NameMissing("audience.name is empty; give the audience a name", field="audience.name")
    fields = attrs.asdict(command, filter=lambda attribute, _: attribute.name != "at")
    if state is None:
        return (AudienceDefined(**fields, defined_at=command.at),)
    if (command.name, command.description) == (state.name, state.description):
        return ()  # it is so already
    return (AudienceDescribed(**fields, described_at=command.at),)


def evolve(state: Audience | None, event: Event) -> Audience | None:
    """The state after `event`."""
    match event:
        case AudienceDefined():
            return Audience(
                environment=event.environment,
                key=event.key,
                name=event.name,
                description=event.description,
                created_at=event.defined_at,
                updated_at=event.defined_at,
            )
        case AudienceDescribed():
            return state and attrs.evolve(
                state, name=event.name, description=event.description, updated_at=event.described_at
            )
        case _:
            assert_never(event)
