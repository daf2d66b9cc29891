"""API keys: service tokens (`hl_st_…`, for the account) and secret keys (`sk_…`, which pin an environment).

Only a digest of a key is ever recorded.
"""

from datetime import datetime
from typing import Literal, assert_never

import attrs

from domain import errors, streams

Role = Literal["admin", "editor", "auditor", "environment"]
SERVICE_ROLES: tuple[Role, ...] = ("admin", "editor", "auditor")


def stream(key_id: str) -> str:
    """The stream of one key."""
    return streams.name("api_key", key_id)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class ApiKeyIssued:
    """A key exists from now on. `digest` is the SHA-256 of the key in hex, `hint` its last four characters."""

    key_id: str
    name: str
    role: Role
    environment: str | None
    digest: str
    hint: str
    issued_at: datetime


@attrs.frozen(kw_only=True)
class ApiKeyRevoked:
    """The key opens nothing from now on."""

    key_id: str
    revoked_at: datetime


Event = ApiKeyIssued | ApiKeyRevoked


@attrs.frozen(kw_only=True)
class ApiKey:
    """A key as it stands."""

    key_id: str
    name: str
    role: Role
    environment: str | None
    digest: str
    hint: str
    issued_at: datetime
    revoked_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Issue:
    """Issue a key: with an environment it is a secret key of that environment, without one a service token."""

    key_id: str
    name: str
    role: Role
    environment: str | None
    digest: str
    hint: str
    at: datetime


@attrs.frozen(kw_only=True)
class Revoke:
    """Revoke a key."""

    key_id: str
    at: datetime


Command = Issue | Revoke


class RoleInvalid(errors.Refused):
    """The role does not go with the kind of key."""


class KeyUnknown(errors.Refused):
    """No key has this id."""


def decide(state: ApiKey | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to."""
    match command:
        case Issue():
            return _issue(state, command)
        case Revoke():
            return _revoke(state, command)
        case _:
            assert_never(command)


def _issue(state: ApiKey | None, command: Issue) -> tuple[Event, ...]:
    if state is not None:
        return ()  # the same id again is the same request again
    if (command.role == "environment") != (command.environment is not None):
        raise RoleInvalid(
            f"role is {command.role!r}; a service token takes one of {', '.join(SERVICE_ROLES)}, "
            "a key of an environment takes no role",
            field="role",
        )
    fields = attrs.asdict(command, filter=lambda attribute, _: attribute.name != "at")
    return (ApiKeyIssued(**fields, issued_at=command.at),)


def _revoke(state: ApiKey | None, command: Revoke) -> tuple[Event, ...]:
    if state is None:
        raise KeyUnknown(f"no key has the id {command.key_id!r}; list the keys to find it", field="id")
    if state.revoked_at is not None:
        return ()  # revoked already: revoking again changes nothing
    return (ApiKeyRevoked(key_id=command.key_id, revoked_at=command.at),)


def evolve(state: ApiKey | None, event: Event) -> ApiKey | None:
    """The state after `event`."""
    match event:
        case ApiKeyIssued():
            return ApiKey(**attrs.asdict(event))
        case ApiKeyRevoked():
            return attrs.evolve(state, revoked_at=event.revoked_at) if state else None
        case _:
            assert_never(event)
