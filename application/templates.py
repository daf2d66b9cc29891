"""A source template: everything known about a provider before anybody connects it. Data, versioned, never code."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from domain import errors
from domain.json_values import Json
from domain.settings import Settings


@attrs.frozen(kw_only=True)
class Provider:
    """How people know the provider."""

    name: str
    description: str
    categories: tuple[str, ...]
    website_url: str | None
    webhook_docs_url: str
    tutorial_url: str | None = None
    webhook_config_deep_link: str | None = None


@attrs.frozen(kw_only=True)
class Template:
    """A template, checked. `default_mappings` and `example_payloads` are in the API's shapes.

    `mappings_on` are the positions of those default mappings which a new source has from the start.
    `static_fields` is a JSON Schema of what a configuration needs, such as its signing secret.
    `receives` is false for a provider that calls the API instead: no source can be made from its template.
    `setup` are the steps to take in order, `checklist` is what to look at when nothing arrives.
    `uncovered` are those of event_type and idempotency_key that no signature of the provider vouches for.
    `example_secret` signs the example payloads, their bodies written without spaces; everybody knows it.
    `preprocessing_script` is a script to begin from, None where there is none; no source has it from the start.
    """

    key: str
    version: str
    provider: Provider
    settings: Settings
    default_mappings: tuple[Mapping[str, Json], ...]
    mappings_on: tuple[int, ...]
    example_payloads: Mapping[str, Sequence[Mapping[str, Json]]]
    static_fields: Mapping[str, Json]
    setup: tuple[str, ...]
    checklist: tuple[str, ...]
    receives: bool = True
    uncovered: tuple[str, ...] = ()
    example_secret: str | None = None
    preprocessing_script: str | None = None


class TemplateUnknown(errors.Refused):
    """No template has this key."""


class NothingReceived(errors.Refused):
    """The template is of a provider that calls the API, so that no source can be made from it."""


class Templates(Protocol):
    """The catalogue of templates."""

    def get(self, key: str) -> Template:
        """The template called `key`; TemplateUnknown otherwise."""

    def all(self) -> Sequence[Template]:
        """Every template, by name of provider."""
