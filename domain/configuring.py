"""What may be decided about a configuration: commands, and the events that they lead to."""

from datetime import datetime
from typing import assert_never

import attrs

from domain import errors, mapping_edits, mappings
from domain.configurations import (
    Configuration,
    ConfigurationCreated,
    Event,
    Secret,
    SecretAdded,
    SecretRetired,
    SettingsChanged,
    TokenRotated,
)
from domain.settings import Settings


@attrs.frozen(kw_only=True)
class Create:
    """Create the configuration with its first settings; `token` is the secret end of its address."""

    source: str
    environment: str
    token: str
    settings: Settings
    at: datetime


@attrs.frozen(kw_only=True)
class ChangeSettings:
    """Put these settings in force."""

    settings: Settings
    at: datetime


@attrs.frozen(kw_only=True)
class PutMappings:
    """Make these the mappings, and no others. `new_ids` are ids for those that have none, enough of them."""

    wanted: tuple[mappings.Wanted, ...]
    new_ids: tuple[str, ...]
    at: datetime


@attrs.frozen(kw_only=True)
class ToggleMapping:
    """Let a mapping run, or pass it over, from now on."""

    mapping_id: str
    active: bool
    at: datetime


@attrs.frozen(kw_only=True)
class AddSecret:
    """Add a sealed secret; those of the same name before it expire at `others_expire_at`, if not sooner."""

    secret_id: str
    name: str
    sealed: str = attrs.field(repr=False)
    hint: str
    others_expire_at: datetime
    at: datetime


@attrs.frozen(kw_only=True)
class RetireSecret:
    """Let a secret expire at once."""

    secret_id: str
    at: datetime


@attrs.frozen(kw_only=True)
class RotateToken:
    """Give the configuration another address."""

    token: str
    at: datetime


Command = Create | ChangeSettings | PutMappings | ToggleMapping | AddSecret | RetireSecret | RotateToken


class ConfigurationUnknown(errors.Refused):
    """The source has no configuration in that environment."""


class SecretUnknown(errors.Refused):
    """The configuration has no secret with this id."""


def decide(state: Configuration | None, command: Command) -> tuple[Event, ...]:
    """The events that `command` leads to; none when everything is so already."""
    if isinstance(command, Create):
        return _create(state, command)
    if state is None:
        raise ConfigurationUnknown("the source has no configuration in this environment", field="environment")
    match command:
        case ChangeSettings():
            same = state.settings == command.settings
            return () if same else (SettingsChanged(settings=command.settings, changed_at=command.at),)
        case PutMappings():
            return mapping_edits.put(state.mappings, command.wanted, command.new_ids, command.at)
        case ToggleMapping():
            return mapping_edits.toggle(state.mappings, command.mapping_id, command.active, command.at)
        case AddSecret():
            return _add_secret(state, command)
        case RetireSecret():
            return _retire_secret(state, command)
        case RotateToken():
            return (TokenRotated(token=command.token, rotated_at=command.at),)
        case _:
            assert_never(command)


def _create(state: Configuration | None, command: Create) -> tuple[Event, ...]:
    if state is not None:
        return ()  # it exists: creating it again changes neither its address nor its settings
    return (
        ConfigurationCreated(
            source=command.source,
            environment=command.environment,
            token=command.token,
            settings=command.settings,
            created_at=command.at,
        ),
    )


def _add_secret(state: Configuration, command: AddSecret) -> tuple[Event, ...]:
    retired = tuple(
        SecretRetired(secret_id=secret.id, expires_at=command.others_expire_at, retired_at=command.at)
        for secret in state.secrets
        if secret.name == command.name and _outlives(secret, command.others_expire_at)
    )
    added = SecretAdded(
        secret_id=command.secret_id,
        name=command.name,
        sealed=command.sealed,
        hint=command.hint,
        added_at=command.at,
    )
    return (*retired, added)


def _outlives(secret: Secret, at: datetime) -> bool:
    return secret.expires_at is None or secret.expires_at > at


def _retire_secret(state: Configuration, command: RetireSecret) -> tuple[Event, ...]:
    secret = next((each for each in state.secrets if each.id == command.secret_id), None)
    if secret is None:
        raise SecretUnknown(
            f"no secret has the id {command.secret_id!r:.100} here; settings.secrets of the source lists them",
            field="secret_id",
        )
    if not _outlives(secret, command.at):
        return ()  # it has expired already: retiring it again changes nothing
    return (SecretRetired(secret_id=secret.id, expires_at=command.at, retired_at=command.at),)
