"""An environment: an isolated data plane with its own keys, URLs, settings, directory and logs."""

from datetime import datetime
from typing import assert_never

import attrs

from domain import errors, slugs, streams

DEFAULT_ENVIRONMENTS = (("development", "Development"), ("production", "Production"))
REHEARSAL_FORBIDDEN = "production"
MOST_DAYS = 36_500


def stream(slug: str) -> str:
    """The stream of the environment called `slug`."""
    return streams.name("environment", slug)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class EnvironmentCreated:
    """An environment exists from now on."""

    slug: str
    name: str
    order: int
    created_at: datetime


@attrs.frozen(kw_only=True)
class RetentionChanged:
    """What is received is kept readable for so many days; for ever where `payload_days` is None."""

    slug: str
    payload_days: int | None
    changed_at: datetime


Event = EnvironmentCreated | RetentionChanged


@attrs.frozen(kw_only=True)
class Environment:
    """What later decisions read of an environment. `payload_days` is how long payloads are kept, None for ever."""

    slug: str
    name: str
    order: int
    created_at: datetime
    payload_days: int | None = None


@attrs.frozen(kw_only=True)
class Create:
    """Create an environment. `order` is its place in lists, counted from 0."""

    slug: str
    name: str
    order: int
    at: datetime


@attrs.frozen(kw_only=True)
class ChangeRetention:
    """Keep payloads for so many days, or for ever."""

    payload_days: int | None
    at: datetime


Command = Create | ChangeRetention


class EnvironmentNameTaken(errors.Refused):
    """The slug names another environment already."""


class RetentionInvalid(errors.Refused):
    """So many days are no time for which payloads can be kept."""


def decide(state: Environment | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to. A retention can only be changed of an environment that exists."""
    match command:
        case Create():
            return _create(state, command)
        case ChangeRetention():
            return _change_retention(state, command)
        case _:
            assert_never(command)


def _change_retention(state: Environment | None, command: ChangeRetention) -> tuple[Event, ...]:
    days = command.payload_days
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise RetentionInvalid(
            f"payload_days is {days}; it must be 1 to {MOST_DAYS:,}, or null to keep payloads for ever",
            field="payload_days",
        )
    if state is None or state.payload_days == days:
        return ()  # it is kept for so long already
    return (RetentionChanged(slug=state.slug, payload_days=days, changed_at=command.at),)


def _create(state: Environment | None, command: Create) -> tuple[Event, ...]:
    slugs.check(command.slug, field="slug")
    if state is None:
        return (EnvironmentCreated(slug=command.slug, name=command.name, order=command.order, created_at=command.at),)
    if state.name == command.name:
        return ()  # the same request twice creates one environment
    raise EnvironmentNameTaken(
        f"environment {command.slug!r} exists with the name {state.name!r}; choose another slug", field="slug"
    )


def evolve(state: Environment | None, event: Event) -> Environment | None:
    """The state after `event`."""
    match event:
        case RetentionChanged():
            return state and attrs.evolve(state, payload_days=event.payload_days)
        case EnvironmentCreated():
            return Environment(slug=event.slug, name=event.name, order=event.order, created_at=event.created_at)
        case _:
            assert_never(event)
