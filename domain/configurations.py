"""A configuration: one source in one environment. Every edit is an event; its version is the number of its events.

What may be decided about it stands in `domain.configuring`.
"""

from collections.abc import Mapping as ReadOnly
from datetime import datetime
from typing import Any, assert_never

import attrs

from domain import legacy_identifies, streams
from domain.actions import catalogue
from domain.json_values import Json
from domain.mappings import Mapping, compile_parameters
from domain.settings import Settings


def stream(source: str, environment: str) -> str:
    """The stream of the configuration of `source` in `environment`."""
    return streams.name("configuration", source, environment)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class ConfigurationCreated:
    """The source can receive in this environment, under the address that ends in `token`."""

    source: str
    environment: str
    token: str
    settings: Settings
    created_at: datetime


@attrs.frozen(kw_only=True)
class SettingsChanged:
    """The settings are these from now on, all of them."""

    settings: Settings
    changed_at: datetime


@attrs.frozen(kw_only=True)
class SecretAdded:
    """A secret is valid from now on. `sealed` is its ciphertext, `hint` its last characters."""

    secret_id: str
    name: str
    sealed: str
    hint: str
    added_at: datetime


@attrs.frozen(kw_only=True)
class SecretRetired:
    """The secret is valid until `expires_at` and no longer."""

    secret_id: str
    expires_at: datetime
    retired_at: datetime


@attrs.frozen(kw_only=True)
class MappingAdded:
    """A mapping exists from now on; `parameters` as in the API, `only_newer` for events that are not stale."""

    mapping_id: str
    event_type: str
    action_type: str
    parameters: ReadOnly[str, Json]
    active: bool
    added_at: datetime
    only_newer: bool = False


@attrs.frozen(kw_only=True)
class MappingChanged:
    """The mapping reads other values, or serves another event type, from now on."""

    mapping_id: str
    event_type: str
    action_type: str
    parameters: ReadOnly[str, Json]
    changed_at: datetime
    only_newer: bool = False


@attrs.frozen(kw_only=True)
class MappingActivated:
    """The mapping runs from now on."""

    mapping_id: str
    activated_at: datetime


@attrs.frozen(kw_only=True)
class MappingDeactivated:
    """The mapping is passed over from now on."""

    mapping_id: str
    deactivated_at: datetime


@attrs.frozen(kw_only=True)
class MappingRemoved:
    """The mapping is gone; what it did stays on record."""

    mapping_id: str
    removed_at: datetime


@attrs.frozen(kw_only=True)
class TokenRotated:
    """The address ends in another token; the old one is unknown from now on."""

    token: str
    rotated_at: datetime


Event = (
    ConfigurationCreated
    | SettingsChanged
    | SecretAdded
    | SecretRetired
    | MappingAdded
    | MappingChanged
    | MappingActivated
    | MappingDeactivated
    | MappingRemoved
    | TokenRotated
)


@attrs.frozen(kw_only=True)
class Secret:
    """A secret as it is kept: sealed. `expires_at` is None while it is in force without end."""

    id: str
    name: str
    sealed: str = attrs.field(repr=False)
    hint: str
    added_at: datetime
    expires_at: datetime | None = None


def _by_event_type(configuration: "Configuration") -> ReadOnly[str, tuple[Mapping, ...]]:
    grouped: dict[str, list[Mapping]] = {}
    for mapping in (*configuration.mappings, *legacy_identifies.mappings(configuration.settings)):
        grouped.setdefault(mapping.event_type, []).append(mapping)
    return {event_type: tuple(sorted(group, key=_turn)) for event_type, group in grouped.items()}


def _turn(mapping: Mapping) -> tuple[int, int]:
    return catalogue.ACTIONS[mapping.action_type].order, mapping.number


@attrs.frozen(kw_only=True)
class Configuration:
    """A configuration at one version. `by_event_type` lists the mappings of a type in the order of execution."""

    source: str
    environment: str
    token: str
    version: int
    settings: Settings
    created_at: datetime
    updated_at: datetime
    mappings: tuple[Mapping, ...] = ()
    secrets: tuple[Secret, ...] = ()
    numbered: int = 0
    by_event_type: ReadOnly[str, tuple[Mapping, ...]] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_by_event_type, takes_self=True)
    )


def evolve(state: Configuration | None, event: Event) -> Configuration | None:
    """The state after `event`, one version on."""
    if isinstance(event, ConfigurationCreated):
        return Configuration(
            source=event.source,
            environment=event.environment,
            token=event.token,
            version=1,
            settings=event.settings,
            created_at=event.created_at,
            updated_at=event.created_at,
        )
    return state and _evolve(attrs.evolve(state, version=state.version + 1), event)


def _evolve(state: Configuration, event: Event) -> Configuration:
    match event:
        case SettingsChanged():
            return attrs.evolve(state, settings=event.settings, updated_at=event.changed_at)
        case SecretAdded():
            return attrs.evolve(state, secrets=(*state.secrets, _secret(event)), updated_at=event.added_at)
        case SecretRetired():
            return attrs.evolve(state, secrets=_retired(state, event), updated_at=event.retired_at)
        case MappingAdded():
            return _with_mapping(state, event)
        case MappingChanged():
            change = {
                "event_type": event.event_type,
                "action_type": event.action_type,
                "parameters": compile_parameters(event.action_type, event.parameters),
                "configured": event.parameters,
                "only_newer": event.only_newer,
            }
            return _edited(state, event.mapping_id, event.changed_at, change)
        case MappingActivated():
            return _edited(state, event.mapping_id, event.activated_at, {"active": True})
        case MappingDeactivated():
            return _edited(state, event.mapping_id, event.deactivated_at, {"active": False})
        case MappingRemoved():
            left = tuple(mapping for mapping in state.mappings if mapping.id != event.mapping_id)
            return attrs.evolve(state, mappings=left, updated_at=event.removed_at)
        case TokenRotated():
            return attrs.evolve(state, token=event.token, updated_at=event.rotated_at)
        case ConfigurationCreated():
            return state
        case _:
            assert_never(event)


def _secret(event: SecretAdded) -> Secret:
    return Secret(id=event.secret_id, name=event.name, sealed=event.sealed, hint=event.hint, added_at=event.added_at)


def _retired(state: Configuration, event: SecretRetired) -> tuple[Secret, ...]:
    return tuple(
        attrs.evolve(secret, expires_at=event.expires_at) if secret.id == event.secret_id else secret
        for secret in state.secrets
    )


def _with_mapping(state: Configuration, event: MappingAdded) -> Configuration:
    mapping = Mapping(
        id=event.mapping_id,
        number=state.numbered + 1,
        event_type=event.event_type,
        action_type=event.action_type,
        parameters=compile_parameters(event.action_type, event.parameters),
        configured=event.parameters,
        active=event.active,
        only_newer=event.only_newer,
        created_at=event.added_at,
        updated_at=event.added_at,
    )
    return attrs.evolve(
        state,
        mappings=(*state.mappings, mapping),
        numbered=state.numbered + 1,
        updated_at=event.added_at,
    )


def _edited(state: Configuration, mapping_id: str, at: datetime, change: ReadOnly[str, Any]) -> Configuration:
    edited = tuple(
        attrs.evolve(mapping, updated_at=at, **change) if mapping.id == mapping_id else mapping
        for mapping in state.mappings
    )
    return attrs.evolve(state, mappings=edited, updated_at=at)
