"""Forwarding: the Knock account in which whatever is executed in an environment is carried out as well."""

import re
from datetime import datetime
from typing import Final, assert_never

import attrs

from domain import errors, streams

DEFAULT_BASE_URL: Final = "https://api.knock.app"
_KEY: Final = re.compile(r"sk_[!-~]{1,512}")


def stream(environment: str) -> str:
    """The stream of an environment's forwarding."""
    return streams.name("forwarding", environment)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class ForwardingSet:
    """From now on everything is forwarded to this account. `sealed` is its API key, `hint` the key's end."""

    environment: str
    base_url: str
    sealed: str
    hint: str
    set_at: datetime


@attrs.frozen(kw_only=True)
class ForwardingRemoved:
    """Nothing is forwarded any more, and what has not been carried out yet never will be."""

    environment: str
    removed_at: datetime


Event = ForwardingSet | ForwardingRemoved


@attrs.frozen(kw_only=True)
class Forwarding:
    """Where an environment forwards to."""

    environment: str
    base_url: str
    sealed: str = attrs.field(repr=False)
    hint: str
    created_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class Account:
    """A Knock account, ready to be called."""

    base_url: str
    api_key: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Put:
    """Forward to an account, or to another one, or with another key."""

    environment: str
    base_url: str
    sealed: str = attrs.field(repr=False)
    hint: str
    at: datetime


@attrs.frozen(kw_only=True)
class Remove:
    """Forward no more."""

    environment: str
    at: datetime


Command = Put | Remove


class ApiKeyInvalid(errors.Refused):
    """The text can be no secret key of a Knock account."""


def check_key(api_key: str, *, field: str) -> None:
    """Refuse what can be no secret key, without repeating it."""
    if not _KEY.fullmatch(api_key):
        raise ApiKeyInvalid(f"{field} must be a secret key of a Knock account, such as sk_test_…", field=field)


def decide(state: Forwarding | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to."""
    match command:
        case Put():
            if state is not None and (state.base_url, state.sealed) == (command.base_url, command.sealed):
                return ()  # it forwards there already, with this key
            return (
                ForwardingSet(
                    environment=command.environment,
                    base_url=command.base_url,
                    sealed=command.sealed,
                    hint=command.hint,
                    set_at=command.at,
                ),
            )
        case Remove():
            # Removed twice is removed once.
            return () if state is None else (ForwardingRemoved(environment=command.environment, removed_at=command.at),)
        case _:
            assert_never(command)


def evolve(state: Forwarding | None, event: Event) -> Forwarding | None:
    """The state after `event`; None while nothing is forwarded."""
    match event:
        case ForwardingSet():
            return Forwarding(
                environment=event.environment,
                base_url=event.base_url,
                sealed=event.sealed,
                hint=event.hint,
                created_at=state.created_at if state else event.set_at,
                updated_at=event.set_at,
            )
        case ForwardingRemoved():
            return None
        case _:
            assert_never(event)
