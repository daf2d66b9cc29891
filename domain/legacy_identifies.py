"""The toggle of legacy sources that turns every identify call into a user: one built-in mapping, on no list."""

from collections.abc import Mapping as ReadOnly
from datetime import UTC, datetime

from domain.json_values import Json
from domain.mappings import Mapping, compile_parameters
from domain.settings import Settings

MAPPING_ID = "handle_identifies"
"""What the action log shows as the mapping of such an action."""

CALL = "identify"
ACTION = "users_identify"
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # it is as old as the toggle, and nobody made it

PARAMETERS: ReadOnly[str, Json] = {
    "id": "body.userId",
    "name": "preprocess.traits.name",
    "email": "preprocess.traits.email",
    "phone_number": "preprocess.traits.phone",
    "avatar": "preprocess.traits.avatar",
    "locale": "preprocess.traits.locale",
    "timezone": "preprocess.traits.timezone",
    "properties": "preprocess.properties",
}

_MAPPING = Mapping(
    id=MAPPING_ID,
    number=0,
    event_type=CALL,
    action_type=ACTION,
    parameters=compile_parameters(ACTION, PARAMETERS),
    configured=PARAMETERS,
    active=True,
    created_at=_ALWAYS,
    updated_at=_ALWAYS,
)


def mappings(settings: Settings) -> tuple[Mapping, ...]:
    """The built-in mapping where the toggle is on, and none otherwise."""
    return (_MAPPING,) if settings.handle_identifies and settings.dialect == "legacy_cdp" else ()


def meant(mapping: Mapping, body: ReadOnly[str, Json]) -> bool:
    """Whether a mapping is meant for this body: the built-in one is not for a track call that is named identify."""
    return mapping.id != MAPPING_ID or body.get("type") == CALL
