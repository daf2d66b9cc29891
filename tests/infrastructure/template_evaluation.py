"""What becomes of an example payload in a source that was made from its template, with every toggle on."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from itertools import count, islice
from typing import Any

import attrs
import pytest

from application.templates import Template
from domain import batches, configurations, configuring, evaluation, mappings
from domain.actions.outcomes import Facts, KnownWorkflow
from domain.json_values import Json
from domain.verification import Verdict
from domain.webhooks import (
    ActionExecuted,
    ActionFailed,
    ActionSkipped,
    Decision,
    Webhook,
    WebhookReceived,
)
from infrastructure.templates.loading import YamlTemplates
from tests.infrastructure import example_signing

TEMPLATES = YamlTemplates()
RECEIVING = [template for template in TEMPLATES.all() if template.receives]
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
AT = datetime(2024, 6, 1, 12, tzinfo=UTC)

Example = Mapping[str, Any]
"""`{headers, body}`."""

each_receiving = pytest.mark.parametrize("template", [pytest.param(each, id=each.key) for each in RECEIVING])
each_example = pytest.mark.parametrize(
    ("template", "event_type", "example"),
    [
        pytest.param(template, event_type, example, id=f"{template.key}-{event_type}-{number}")
        for template in RECEIVING
        for event_type, examples in template.example_payloads.items()
        for number, example in enumerate(examples)
    ],
)


def configuration(template: Template) -> configurations.Configuration:
    """A configuration made as a source makes it, with every default mapping and the legacy toggle, if there is one."""
    wanted = tuple(mappings.parse(raw, field="default_mappings") for raw in template.default_mappings)
    ids = tuple(islice(map("mapping-{}".format, count(1)), len(wanted)))
    toggle = template.settings.handle_identifies
    settings = attrs.evolve(template.settings, handle_identifies=None if toggle is None else True)
    state: configurations.Configuration | None = None
    for command in (
        configuring.Create(source=template.key, environment="test", token="t", settings=settings, at=AT),
        configuring.PutMappings(wanted=wanted, new_ids=ids, at=AT),
    ):
        state = reduce(configurations.evolve, configuring.decide(state, command), state)
    assert state is not None
    return state


def webhooks_of(template: Template, example: Example) -> Sequence[Webhook]:
    """The webhook that the example shows, or each of those that its batch holds."""
    path = template.settings.batch_path
    bodies = batches.split(example["body"], path) if path else [example["body"]]
    return [_webhook(template, example["headers"], body) for body in bodies]


def _webhook(template: Template, headers: Mapping[str, str], body: Mapping[str, Json]) -> Webhook:
    received = WebhookReceived(
        source=template.key,
        environment="test",
        configuration_version=2,
        received_at=AT,
        method="POST",
        query="",
        remote_address=None,
        headers=headers,
        body=example_signing.written(body),
        verdict=Verdict("none", "unverified"),
        verification_status="not_enforced:unverified",
    )
    return Webhook(id=f"webhook-of-{template.key}", received=received, body=body)


def decisions(template: Template, webhook: Webhook, facts: Facts | None = None) -> Sequence[Decision]:
    """What is decided about the webhook where everything exists that its actions refer to, or where `facts` hold."""
    plan = evaluation.plan(webhook, configuration(template))
    everything = {each: KnownWorkflow(active=True) if each[0] == "workflow" else True for each in plan.references}
    known = everything if facts is None else facts
    return evaluation.conclude(plan, evaluation.Preceding(facts=known))


def actions(decided: Sequence[Decision]) -> list[ActionExecuted | ActionSkipped | ActionFailed]:
    """What became of the actions."""
    return [each for each in decided if isinstance(each, ActionExecuted | ActionSkipped | ActionFailed)]
