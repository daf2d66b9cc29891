"""The sources of the demo: what each is made from, and which of its events lead to which actions."""

from collections.abc import Mapping
from typing import Any

import attrs

ENVIRONMENT = "development"
WORKFLOW = "demo-welcome"

Body = dict[str, Any]


@attrs.frozen(kw_only=True)
class DemoSource:
    """A source by its key, the template that it is made from, its mappings, and settings beyond the template's."""

    key: str
    template: str
    mappings: tuple[Body, ...]
    settings: Mapping[str, Any] = attrs.Factory(dict)

    @property
    def signed(self) -> bool:
        """Whether its sender has a secret."""
        return self.template != "http_legacy"


def mapping(event_type: str, action_type: str, **parameters: Any) -> Body:
    """A mapping in the shape of the API."""
    return {"event_type": event_type, "action_type": action_type, "action_parameters": parameters}


def trigger(event_type: str, recipients: str, data: str) -> Body:
    """A mapping that starts the workflow of the demo."""
    return mapping(event_type, "workflows_trigger", key=WORKFLOW, recipients=recipients, data=data)


STRIPE = DemoSource(
    key="demo-stripe",
    template="stripe",
    mappings=(
        mapping(
            "customer.created",
            "users_identify",
            id="body.data.object.id",
            name="body.data.object.name",
            email="body.data.object.email",
        ),
        trigger("invoice.paid", recipients="body.data.object.customer", data="body.data.object"),
    ),
)
SHOPIFY = DemoSource(
    key="demo-shopify",
    template="shopify",
    mappings=(
        mapping(
            "customers/create",
            "users_identify",
            id="body.id",
            name={"template": "{{ body.first_name }} {{ body.last_name }}"},
            email="body.email",
        ),
        trigger("orders/create", recipients="body.customer.id", data="body"),
    ),
)
CLERK = DemoSource(
    key="demo-clerk",
    template="clerk",
    mappings=(
        mapping("user.created", "users_identify", id="body.data.id", name="preprocess.name", email="preprocess.email"),
        mapping("organization.created", "tenants_set", id="body.data.id", name="body.data.name"),
    ),
)
CUSTOM = DemoSource(
    key="demo-custom",
    template="custom_http",
    settings={"idempotency_key_path": "body.id", "enforce_verification": True},
    mappings=(
        mapping("user.identified", "users_identify", id="body.user_id", name="body.name", email="body.email"),
        mapping(
            "ticket.opened",
            "objects_set",
            collection={"value": "tickets"},
            id="body.ticket.id",
            properties={"subject": "body.ticket.subject"},
        ),
        trigger("ticket.opened", recipients="body.ticket.owner", data="body.ticket"),
    ),
)
LEGACY = DemoSource(
    key="demo-legacy",
    template="http_legacy",
    mappings=(trigger("document-shared", recipients="data.recipients", data="data"),),
)

ALL = (STRIPE, SHOPIFY, CLERK, CUSTOM, LEGACY)


def as_body(source: DemoSource, secret: str) -> Body:
    """The body of PUT /v1/sources/{key} that connects `source` with `secret`."""
    settings = {**source.settings, **({"secrets": {"signing_secret": secret}} if source.signed else {})}
    return {
        "source": {
            "name": f"Demo: {source.template}",
            "description": "Made by `hookledger demo`",
            "preconfigured_provider": source.template,
            "environment_settings": {ENVIRONMENT: {"settings": settings, "mappings": list(source.mappings)}},
        }
    }
