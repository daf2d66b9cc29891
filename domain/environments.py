"""An environment: an isolated data plane with its own keys, URLs, settings, directory and logs."""

from datetime import datetime
from typing import assert_never

import attrs

from domain import errors, slugs, streams

DEFAULT_ENVIRONMENTS = (("development", "Development"), ("production", "Production"))
REHEARSAL_FORBIDDEN = "production"


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
class Environment:
    """What later decisions read of an environment."""

    slug: str
    name: str
    order: int
    created_at: datetime


@attrs.frozen(kw_only=True)
class Create:
    """Create an environment. `order` is its place in lists, counted from 0."""

    slug: str
    name: str
    order: int
    at: datetime


class EnvironmentNameTaken(errors.Refused):
    """The slug names another environment already."""


def decide(state: Environment | None, command: Create) -> tuple[EnvironmentCreated, ...]:
    """The events that `command` leads to."""
    slugs.check(command.slug, field="slug")
    if state is None:
        return (EnvironmentCreated(slug=command.slug, name=command.name, order=command.order, created_at=command.at),)
    if state.name == command.name:
        return ()  # the same request twice creates one environment
    raise EnvironmentNameTaken(
        f"environment {command.slug!r} exists with the name {state.name!r}; choose another slug", field="slug"
    )


def evolve(state: Environment | None, event: EnvironmentCreated) -> Environment:
    """The state after `event`."""
    match event:
        case EnvironmentCreated():
            return Environment(slug=event.slug, name=event.name, order=event.order, created_at=event.created_at)
        case _:
            assert_never(event)
