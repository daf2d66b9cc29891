"""Sources, environments and the like in the shapes of Knock's management API."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from application.catalogue import Endpoint, Snapshot
from application.gateway import Gateway
from application.templates import Template
from domain import configurations, directory, environments, preprocessing, recipients
from domain.api_keys import ApiKey
from domain.audiences import Audience
from domain.configurations import Configuration, Secret
from domain.environments import Environment
from domain.mappings import Mapping as EventMapping
from domain.settings import Settings
from domain.sources import Source
from domain.variables import Variable


def source(
    gateway: Gateway,
    snapshot: Snapshot,
    shown: Source,
    environments: Sequence[str] | None = None,
    *,
    write_keys: bool = False,
) -> dict[str, Any]:
    """A source with its configuration in each of `environments`, in all without a list; write keys only if told to."""
    slugs = [environment.slug for environment in snapshot.environments()]
    return {
        "key": shown.key,
        "name": shown.name,
        "description": shown.description,
        "custom_image_url": shown.custom_image_url,
        "preconfigured_provider": shown.template,
        "provider_version": shown.template_version,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "environment_settings": {
            slug: environment_settings(gateway, state, snapshot.endpoints.get(state.token), write_key=write_keys)
            for slug in slugs
            if environments is None or slug in environments
            if (state := snapshot.state(configurations.stream(shown.key, slug))) is not None
        },
    }


def environment_settings(
    gateway: Gateway, shown: Configuration, endpoint: Endpoint | None, *, write_key: bool = False
) -> dict[str, Any]:
    """Settings and mappings; of secrets only what does not give them away, and the write key only if told to."""
    return {
        "settings": {
            "endpoint": gateway.endpoint_url(shown.token),
            "write_key": endpoint.write_key if endpoint and write_key else None,
            **settings(shown.settings),
            "not_covered_by_signature": list(endpoint.uncovered) if endpoint else None,
            "secrets": [secret(each) for each in shown.secrets],
        },
        "mappings": [mapping(each) for each in shown.mappings],
        "version": shown.version,
        "updated_at": shown.updated_at,
    }


def settings(shown: Settings) -> dict[str, Any]:
    """Settings as they can be sent back."""
    return {
        "enabled": shown.enabled,
        "event_type_path": shown.event_type_path,
        "timestamp_path": shown.timestamp_path,
        "idempotency_key_path": shown.idempotency_key_path,
        "enforce_idempotency": shown.enforce_idempotency,
        "idempotency_window_seconds": shown.idempotency_window_seconds,
        "enforce_verification": shown.enforce_verification,
        "verification": {"scheme": shown.verification.scheme, **shown.verification.options},
        "preprocessor": shown.preprocessor,
        "preprocess_script": attrs.asdict(shown.preprocess_script) if shown.preprocess_script else None,
        "batch_path": shown.batch_path,
        "handle_identifies": shown.handle_identifies,
        "search_payloads": shown.search_payloads,
    }


def secret(shown: Secret) -> dict[str, Any]:
    """A secret without its value."""
    return {
        "id": shown.id,
        "name": shown.name,
        "hint": shown.hint,
        "created_at": shown.added_at,
        "expires_at": shown.expires_at,
    }


def mapping(shown: EventMapping) -> dict[str, Any]:
    """A mapping."""
    return {
        "id": shown.id,
        "event_type": shown.event_type,
        "action_type": shown.action_type,
        "action_parameters": shown.configured,
        "active": shown.active,
        "only_newer": shown.only_newer,
        "is_deleted": False,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
    }


def effect(shown: directory.Effect) -> dict[str, Any]:
    """What an action did to the directory: `{effect, …}`, entities by collection and id."""
    told = {name: _place(value) for name, value in attrs.asdict(shown, recurse=False).items()}
    return {"effect": type(shown).__name__, **told}


def _place(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return dict(zip(("collection", "id"), recipients.place(value), strict=True))


def environment(shown: Environment) -> dict[str, Any]:
    """An environment; `owner` says whether it came with the gateway."""
    own = shown.slug in dict(environments.DEFAULT_ENVIRONMENTS)
    return {
        "slug": shown.slug,
        "name": shown.name,
        "order": shown.order,
        "owner": "system" if own else "user",
        "created_at": shown.created_at,
        "updated_at": shown.created_at,
        "deleted_at": None,
        "hide_pii_data": False,
        "retention": {"payload_days": shown.payload_days},
        "label_color": None,
        "last_commit_at": None,
    }


def api_key(shown: ApiKey) -> dict[str, Any]:
    """An API key, without the key."""
    return {
        "id": shown.key_id,
        "name": shown.name,
        "environment": shown.environment,
        "role": shown.role,
        "hint": shown.hint,
        "created_at": shown.issued_at,
        "revoked_at": shown.revoked_at,
    }


def variable(shown: Variable, environment: str | None = None) -> dict[str, Any]:
    """A variable, with the value that `environment` has of its own, or all have; those of secrets are null."""
    values = {slug: value.text for slug, value in shown.overrides.items() if environment in (None, slug)}
    return {
        "key": shown.key,
        "type": shown.type,
        "value": shown.value.text if shown.value else None,
        "environment_values": values,
        "description": shown.description,
        "inserted_at": shown.created_at,
        "updated_at": shown.updated_at,
    }


def audience(shown: Audience | Mapping[str, Any]) -> dict[str, Any]:
    """A static audience, defined or made by an action."""
    read = shown.get if isinstance(shown, Mapping) else lambda name: getattr(shown, name)
    return {
        "key": read("key"),
        "type": "static",
        "name": read("name"),
        "description": read("description"),
        "environment": read("environment"),
        "sha": None,
        "created_at": read("created_at"),
        "updated_at": read("updated_at"),
    }


def provider(shown: Template) -> dict[str, Any]:
    """A template in the shape of Knock's source providers, as lists show it; `receives` says if it makes sources."""
    about = shown.provider
    return {
        "key": shown.key,
        "version": shown.version,
        "provider": {"name": about.name, "description": about.description},
        "receives": shown.receives,
    }


def whole_provider(shown: Template) -> dict[str, Any]:
    """A template with all that it has."""
    listed, about = provider(shown), shown.provider
    return {
        **listed,
        "provider": {
            **listed["provider"],
            "categories": list(about.categories),
            "website_url": about.website_url,
            "webhook_docs_url": about.webhook_docs_url,
            "knock_tutorial_url": about.tutorial_url,
            "webhook_config_deep_link": about.webhook_config_deep_link,
            "branding": None,
        },
        "default_settings": _default_settings(shown),
        "preprocessing": _preprocessing(shown.settings.preprocessor),
        "not_covered_by_signature": list(shown.uncovered),
        "default_action_mappings": [
            {**wanted, "on": index in shown.mappings_on} for index, wanted in enumerate(shown.default_mappings)
        ],
        "example_payloads": shown.example_payloads,
        "example_secret": shown.example_secret,
        "static_fields": shown.static_fields,
        "setup": list(shown.setup),
        "checklist": list(shown.checklist),
    }


def _default_settings(shown: Template) -> dict[str, Any]:
    """Those of a new source; `preprocessing_script` is one to begin from, which no new source has."""
    named = {name: value for name, value in settings(shown.settings).items() if name != "preprocess_script"}
    script = shown.preprocessing_script
    return {
        **named,
        "event_type_path": shown.settings.event_type_path or "",
        "preprocessing_script": {"language": "javascript", "source": script} if script else None,
    }


def _preprocessing(name: str | None) -> dict[str, Any] | None:
    """What native preprocessing puts under `preprocess`, each output in words."""
    return {"name": name, "outputs": preprocessing.PREPROCESSORS[name].outputs} if name else None
