"""Calls of the directory's API, which are webhooks like any other: a built-in source with one mapping for each call.

A call's body is `{"operation": "users.update", …}` with what the operation takes beside it, as `OPERATIONS` reads it.
"""

from collections.abc import Mapping as ReadOnly
from datetime import UTC, datetime
from functools import lru_cache

import attrs

from domain import configurations, parameters
from domain.actions import catalogue
from domain.configurations import Configuration, ConfigurationCreated
from domain.json_values import Json
from domain.mappings import Mapping
from domain.settings import DAY, Settings
from domain.verification import Verification

SOURCE = "$api"
"""The built-in source. No slug begins with a dollar sign, so that nobody's own source can have this key."""

SCHEME = "api_key"
VERSION = 1
"""Of the built-in configuration: another one whenever `OPERATIONS` reads a call differently."""

SETTINGS = Settings(
    event_type_path="body.operation",
    idempotency_key_path="body.idempotency_key",
    idempotency_window_seconds=DAY,
    enforce_verification=True,
    verification=Verification(SCHEME),
)

USER = ("id", "name", "email", "phone_number", "avatar", "locale", "timezone", "created_at")
USER_MAPS = ("properties", "channel_data", "preferences")
OBJECT = ("collection", "id", "name", "locale", "timezone")
SUBSCRIPTION = ("collection", "object_id", "recipients")
MEMBERSHIP = ("key", "members")

OPERATIONS: ReadOnly[str, tuple[str, tuple[str, ...]]] = {
    "users.update": ("users_identify", (*USER, *USER_MAPS)),
    "users.delete": ("users_delete", ("id",)),
    "objects.set": ("objects_set", (*OBJECT, *USER_MAPS)),
    "objects.delete": ("objects_delete", ("collection", "id")),
    "objects.add_subscriptions": ("objects_subscribe", (*SUBSCRIPTION, "properties")),
    "objects.delete_subscriptions": ("objects_unsubscribe", SUBSCRIPTION),
    "tenants.set": ("tenants_set", ("id", "name", "properties", "settings", "channel_data")),
    "tenants.delete": ("tenants_delete", ("id",)),
    "audiences.add_members": ("audiences_add_member", (*MEMBERSHIP, "create_audience")),
    "audiences.remove_members": ("audiences_remove_member", MEMBERSHIP),
    "workflows.trigger": ("workflows_trigger", ("key", *("recipients", "data", "tenant", "actor", "cancellation_key"))),
    "workflows.cancel": ("workflows_cancel", ("key", "cancellation_key", "recipients")),
}
"""By operation: its action, and the members of the body that are the action's parameters, under the same names."""

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache
def configuration(environment: str) -> Configuration:
    """The built-in configuration, the same in each environment."""
    created = ConfigurationCreated(
        source=SOURCE, environment=environment, token=SOURCE, settings=SETTINGS, created_at=_ALWAYS
    )
    state = configurations.evolve(None, created)
    assert state is not None
    mapped = tuple(_mapping(operation, number) for number, operation in enumerate(OPERATIONS, start=1))
    return attrs.evolve(state, version=VERSION, mappings=mapped)


def _mapping(operation: str, number: int) -> Mapping:
    action_type, members = OPERATIONS[operation]
    assert catalogue.ACTIONS[action_type].parameters.keys() >= set(members)
    configured: ReadOnly[str, Json] = {member: f"body.{member}" for member in members}
    return Mapping(
        id=operation,
        number=number,
        event_type=operation,
        action_type=action_type,
        parameters={member: parameters.parse(path, field=member) for member, path in configured.items()},
        configured=configured,
        active=True,
        created_at=_ALWAYS,
        updated_at=_ALWAYS,
    )
