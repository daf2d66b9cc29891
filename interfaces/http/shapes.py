"""Sources, environments and the like in the shapes of Knock's management API."""

from collections.abc import Mapping, Sequence
from typing import Any

from application.catalogue import Snapshot
from application.gateway import Gateway
from application.templates import Template
from domain import configurations, environments
from domain.api_keys import ApiKey
from domain.audiences import Audience
from domain.configurations import Configuration, Secret
from domain.environments import Environment
from domain.mappings import Mapping as EventMapping
from domain.settings import Settings
from domain.sources import Source
from domain.workflows import Workflow


def source(
    gateway: Gateway, snapshot: Snapshot, shown: Source, environments: Sequence[str] | None = None
) -> dict[str, Any]:
    """A source with its configuration in each of `environments`, in all without a list."""
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
            slug: environment_settings(gateway, state)
            for slug in slugs
            if environments is None or slug in environments
            if (state := snapshot.state(configurations.stream(shown.key, slug))) is not None
        },
    }


def environment_settings(gateway: Gateway, shown: Configuration) -> dict[str, Any]:
    """Settings and mappings; of secrets only what does not give them away."""
    return {
        "settings": {
            "endpoint": gateway.endpoint_url(shown.token),
            **settings(shown.settings),
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
        "preprocess_script": None,
        "handle_identifies": shown.handle_identifies,
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
        "is_deleted": False,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
    }


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


def workflow(shown: Workflow) -> dict[str, Any]:
    """A workflow."""
    return {
        "key": shown.key,
        "name": shown.name,
        "active": shown.active,
        "environment": shown.environment,
        "created_at": shown.created_at,
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
    """A template in the shape of Knock's source providers, as lists show it."""
    about = shown.provider
    return {
        "key": shown.key,
        "version": shown.version,
        "provider": {"name": about.name, "description": about.description},
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
        "default_settings": _default_settings(shown.settings),
        "default_action_mappings": [
            {**wanted, "on": index in shown.mappings_on} for index, wanted in enumerate(shown.default_mappings)
        ],
        "example_payloads": shown.example_payloads,
        "static_fields": shown.static_fields,
        "setup": list(shown.setup),
    }


def _default_settings(shown: Settings) -> dict[str, Any]:
    named = {name: value for name, value in settings(shown).items() if name != "preprocess_script"}
    return {**named, "event_type_path": shown.event_type_path or "", "preprocessing_script": None}
