"""What may be decided about a configuration: commands, and the events that they lead to."""

from datetime import datetime
from typing import assert_never

import attrs

from domain import errors, mappings
from domain.configurations import (
    Configuration,
    ConfigurationCreated,
    Event,
    MappingActivated,
    MappingAdded,
    MappingChanged,
    MappingDeactivated,
    MappingRemoved,
    Secret,
    SecretAdded,
    SecretRetired,
    SettingsChanged,
    TokenRotated,
)
from domain.json_values import same
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


Command = Create | ChangeSettings | PutMappings | AddSecret | RetireSecret | RotateToken


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
            return _put_mappings(state, command)
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


def _put_mappings(state: Configuration, command: PutMappings) -> tuple[Event, ...]:
    meant = _meant(state.mappings, command.wanted)
    ids = iter(command.new_ids)
    events: list[Event] = []
    for wanted, present in zip(command.wanted, meant, strict=True):
        if present is None:
            events.append(_added(wanted, next(ids), command.at))
        else:
            events.extend(_changes(present, wanted, command.at))
    kept = {mapping.id for mapping in meant if mapping is not None}
    gone = (mapping.id for mapping in state.mappings if mapping.id not in kept)
    return (*(MappingRemoved(mapping_id=mapping_id, removed_at=command.at) for mapping_id in gone), *events)


def _meant(present: tuple[mappings.Mapping, ...], wanted: tuple[mappings.Wanted, ...]) -> list[mappings.Mapping | None]:
    """Which mapping each of `wanted` means, each at most once: the one of its id, else an equal, else one alike.

    An id from elsewhere, such as another environment's, means nothing here.
    """
    left = list(present)
    meant: list[mappings.Mapping | None] = [None] * len(wanted)
    for means in (_same_id, _equal, _alike):
        for index, each in enumerate(wanted):
            found = None if meant[index] else next((mapping for mapping in left if means(mapping, each)), None)
            if found is not None:
                meant[index] = found
                left.remove(found)
    return meant


def _same_id(present: mappings.Mapping, wanted: mappings.Wanted) -> bool:
    return present.id == wanted.id


def _equal(present: mappings.Mapping, wanted: mappings.Wanted) -> bool:
    return _alike(present, wanted) and same(present.configured, wanted.configured)


def _alike(present: mappings.Mapping, wanted: mappings.Wanted) -> bool:
    kind = mappings.identity(present.event_type, present.action_type, present.configured)
    return kind == mappings.identity(wanted.event_type, wanted.action_type, wanted.configured)


def _added(wanted: mappings.Wanted, mapping_id: str, at: datetime) -> MappingAdded:
    return MappingAdded(
        mapping_id=mapping_id,
        event_type=wanted.event_type,
        action_type=wanted.action_type,
        parameters=wanted.configured,
        active=wanted.active,
        added_at=at,
    )


def _changes(present: mappings.Mapping, wanted: mappings.Wanted, at: datetime) -> list[Event]:
    events: list[Event] = []
    before = (present.event_type, present.action_type)
    if before != (wanted.event_type, wanted.action_type) or not same(present.configured, wanted.configured):
        events.append(
            MappingChanged(
                mapping_id=present.id,
                event_type=wanted.event_type,
                action_type=wanted.action_type,
                parameters=wanted.configured,
                changed_at=at,
            )
        )
    if wanted.active and not present.active:
        events.append(MappingActivated(mapping_id=present.id, activated_at=at))
    if present.active and not wanted.active:
        events.append(MappingDeactivated(mapping_id=present.id, deactivated_at=at))
    return events
