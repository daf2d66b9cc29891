"""What differs between what files want and what a server shows: of settings and secrets, as values."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from domain import settings
from domain.json_values import Json
from domain.settings import Settings
from interfaces.cli.source_files.source_reading import SETTINGS
from interfaces.http import shapes

Shown = Mapping[str, Any]
"""Something in the API's shape."""


def defaults(provider: Shown) -> dict[str, Json]:
    """The settings of a template, as they are shown of a source that has just been made from it."""
    named = {name: value for name, value in provider["default_settings"].items() if name in SETTINGS}
    return chosen(shapes.settings(settings.parse(named, base=Settings(), field="default_settings")))


def chosen(shown: Shown) -> dict[str, Json]:
    """Of the settings that are shown those that can be chosen."""
    return {name: shown[name] for name in SETTINGS if name in shown}


def whole(given: Mapping[str, Json], template: Mapping[str, Json], field: str) -> dict[str, Json]:
    """The settings of the template with those that are `given`. Raises SettingInvalid if they do not go together."""
    base = settings.parse(template, base=Settings(), field=field)
    return chosen(shapes.settings(settings.parse(given, base=base, field=field)))


def beyond(present: Mapping[str, Json], before: Mapping[str, Json]) -> dict[str, Json]:
    """What is otherwise than `before`."""
    return {name: value for name, value in present.items() if not same(value, before.get(name))}


def same(one: Json, other: Json) -> bool:
    """Whether they are the same JSON; 1, 1.0 and true are three values."""
    return _canonical(one) == _canonical(other)


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def in_force(secrets: Sequence[Shown] | None) -> list[str]:
    """The names of the secrets that are valid without end."""
    return sorted({each["name"] for each in secrets or () if each["expires_at"] is None})
