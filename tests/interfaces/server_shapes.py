"""Sources and variables in the API's shape, made up, for tests of the files that speak of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain import settings
from domain.json_values import Json
from domain.settings import Settings
from interfaces.cli.source_files import comparing
from interfaces.cli.source_files.server_state import ServerState
from interfaces.http import shapes

ENVIRONMENTS = ("development", "production")
TEMPLATES: Mapping[str, dict[str, Json]] = {
    "custom_http": {"event_type_path": "body.type", "verification": {"scheme": "shared_header"}},
    "stripe": {
        "event_type_path": "body.type",
        "idempotency_key_path": "body.id",
        "enforce_verification": True,
        "verification": {"scheme": "stripe"},
    },
}


def template_settings(template: str) -> dict[str, Json]:
    """The settings that a template gives."""
    return chosen_settings(TEMPLATES[template])


def chosen_settings(given: Mapping[str, Json]) -> dict[str, Json]:
    """All settings, those that are `given` and the others as nobody chose them."""
    return comparing.chosen(shapes.settings(settings.parse(given, base=Settings(), field="settings")))


def environment(
    given: Mapping[str, Json], mappings: Sequence[Mapping[str, Any]] = (), *, hint: str | None = None, version: int = 1
) -> dict[str, Any]:
    """A source in one environment; with a `hint` it has a signing secret."""
    secret = {"id": "s1", "name": "signing_secret", "hint": hint, "created_at": "", "expires_at": None}
    shown = {
        **chosen_settings(given),
        "endpoint": "http://127.0.0.1:8400/integrations/receive/the-token-of-this-source",
        "write_key": "wk_of_this_source",
        "something_new": {"that": "only is shown"},
        "secrets": [] if hint is None else [secret],
    }
    made = [{"id": f"m{index}", "created_at": "", "is_deleted": False, **each} for index, each in enumerate(mappings)]
    return {"settings": shown, "mappings": made, "version": version, "updated_at": ""}


def source(key: str, template: str = "custom_http", **environments: Mapping[str, Any]) -> dict[str, Any]:
    """A source, in the environments that are given."""
    return {
        "key": key,
        "name": f"Source {key}",
        "description": None,
        "custom_image_url": None,
        "preconfigured_provider": template,
        "environment_settings": environments,
    }


def mapping(event_type: str, action_type: str, *, active: bool = True, **parameters: Any) -> dict[str, Any]:
    """A mapping."""
    return {
        "event_type": event_type,
        "action_type": action_type,
        "action_parameters": parameters,
        "active": active,
    }


def variable(key: str, value: str | None, *, secret: bool = False, **environments: str | None) -> dict[str, Any]:
    """A variable."""
    return {
        "key": key,
        "type": "secret" if secret else "public",
        "value": value,
        "environment_values": environments,
        "description": None,
        "updated_at": "then",
    }


def state(*sources: Mapping[str, Any], variables: Sequence[Mapping[str, Any]] | None = ()) -> ServerState:
    """A server that has these and the templates."""
    return ServerState(
        sources={each["key"]: each for each in sources},
        environments=ENVIRONMENTS,
        templates=tuple(TEMPLATES),
        settings_of={key: template_settings(key) for key in TEMPLATES},
        variables=None if variables is None else {each["key"]: each for each in variables},
    )
