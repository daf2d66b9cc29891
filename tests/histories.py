"""A history with everything in it: all twelve actions, whatever can become of a webhook, and edits in between.

A webhook of event type `users_identify` is mapped to the action of that name, whose parameters it carries in `data`;
so with the other actions. Time stands a second later for each step.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import attrs

from application.ports import EventStore
from application.records import Change
from domain import audiences, configurations, disabled_targets, forwarding, webhooks, workflows
from domain.actions import catalogue
from domain.json_values import Json
from domain.settings import Settings
from infrastructure.event_store.codec import dumps
from tests import examples

SOURCE, ENVIRONMENT = "shop", "production"
WELCOME, SLEEPY = "welcome", "sleepy"

SETTINGS = Settings(event_type_path="body.type", idempotency_key_path="body.key", timestamp_path="body.at")


def mapped(event_type: str, action_type: str, **literals: Json) -> configurations.MappingAdded:
    """A mapping that takes every parameter of an action from the webhook's `data`, but for `literals`."""
    parameters = {name: f"body.data.{name}" for name in catalogue.ACTIONS[action_type].parameters}
    return configurations.MappingAdded(
        mapping_id=f"{event_type}/{action_type}",
        event_type=event_type,
        action_type=action_type,
        parameters={**parameters, **literals},
        active=True,
        added_at=examples.BEFORE,
    )


def literals_of(action_type: str) -> dict[str, Json]:
    """The key of a workflow, which a mapping names literally."""
    return {"key": WELCOME} if action_type.startswith("workflows_") else {}


CREATED = configurations.ConfigurationCreated(
    source=SOURCE, environment=ENVIRONMENT, token=examples.TOKEN, settings=SETTINGS, created_at=examples.BEFORE
)
CONFIGURED = (
    CREATED,
    *(mapped(action_type, action_type, **literals_of(action_type)) for action_type in catalogue.ACTIONS),
    mapped("order", "users_identify"),
    mapped("order", "workflows_trigger", key=SLEEPY),
    attrs.evolve(mapped("renamed", "users_identify"), only_newer=True),
)

Edit = configurations.Event | workflows.Event | audiences.Event | disabled_targets.Event | forwarding.Event
Step = tuple[str, dict[str, Any]] | Edit | webhooks.Receipt

INVITED = {"key": "beta", "members": ["ann", {"user": {"id": "cleo", "plan": "free"}, "tenant": "acme"}]}
ORDER = {"id": "ann", "properties": {"orders": [1, 2]}, "recipients": ["ann", "ben"]}


def defined(key: str, *, active: bool) -> workflows.WorkflowDefined:
    """A workflow's definition."""
    return workflows.WorkflowDefined(
        environment=ENVIRONMENT, key=key, name=key.title(), active=active, defined_at=examples.BEFORE
    )


# Each step by the name under which tests speak of it: a webhook as (event type, data), or an event as it is.
STEPS: dict[str, Step] = {
    "welcome-defined": defined(WELCOME, active=True),
    "sleepy-defined": defined(SLEEPY, active=False),
    "welcome-steps": attrs.evolve(
        examples.WORKFLOW_STEPS_CHANGED, environment=ENVIRONMENT, key=WELCOME, trigger_data_schema={"type": "object"}
    ),
    "forwarding": examples.FORWARDING_SET,
    "ann": ("users_identify", {"id": "ann", "name": "Ann", "properties": {"plan": "team", "seen": 1, "a": {"b": [1]}}}),
    "ann-again": ("users_identify", {"id": "ann", "properties": {"seen": True, "a": {"c": None}}}),
    "ann-the-same": ("users_identify", {"id": "ann", "name": "Ann", "properties": {"plan": "team"}}),
    "ben": ("users_identify", {"id": "ben", "email": "ben@example.com"}),
    "project": ("objects_set", {"collection": "projects", "id": "p1", "name": "Ærø", "properties": {"size": 1.5}}),
    "acme": ("tenants_set", {"id": "acme", "name": "Acme", "properties": {"big": 2**80}}),
    "initech": ("tenants_set", {"id": "initech"}),
    "follow": (
        "objects_subscribe",
        {
            "collection": "projects",
            "object_id": "p1",
            "recipients": ["ann", {"id": "dan"}],
            "properties": {"role": "x"},
        },
    ),
    "follow-again": (
        "objects_subscribe",
        {"collection": "projects", "object_id": "p1", "recipients": ["ann"], "properties": {"role": "owner"}},
    ),
    "follow-new": ("objects_subscribe", {"collection": "projects", "object_id": "p2", "recipients": ["ben", "ann"]}),
    "unfollow": ("objects_unsubscribe", {"collection": "projects", "object_id": "p1", "recipients": ["dan"]}),
    "trigger": (
        "workflows_trigger",
        {
            "recipients": ["ann", "ben", "nobody"],
            "data": {"n": 1},
            "tenant": "acme",
            "actor": "ann",
            "cancellation_key": "c",
        },
    ),
    "trigger-followers": (
        "workflows_trigger",
        {"recipients": [{"collection": "projects", "id": "p1"}], "data": {}, "cancellation_key": "f"},
    ),
    "cancel": ("workflows_cancel", {"cancellation_key": "c", "recipients": ["ben"]}),
    "cancel-nothing": ("workflows_cancel", {"cancellation_key": "other"}),
    "invite": ("audiences_add_member", INVITED),
    "beta-defined": audiences.AudienceDefined(
        environment=ENVIRONMENT, key="beta", name="Beta testers", description=None, defined_at=examples.AT
    ),
    "invite-more": ("audiences_add_member", {"key": "beta", "members": ["ben", "ann"]}),
    "uninvite": ("audiences_remove_member", {"key": "beta", "members": ["ben"]}),
    "forwarding-removed": examples.FORWARDING_REMOVED,
    "vip-defined": audiences.AudienceDefined(
        environment=ENVIRONMENT, key="vip", name="VIP", description="The best", defined_at=examples.AT
    ),
    "vip-described": audiences.AudienceDescribed(
        environment=ENVIRONMENT, key="vip", name="Very important", description=None, described_at=examples.LATER
    ),
    "order-fails": ("order", ORDER),
    "sleepy-awake": workflows.WorkflowActivated(environment=ENVIRONMENT, key=SLEEPY, activated_at=examples.AT),
    "no-user": ("users_delete", {"ids": ["ann"]}),
    "ben-gone": ("users_delete", {"id": "ben"}),
    "project-gone": ("objects_delete", {"collection": "projects", "id": "p2"}),
    "tenant-gone": ("tenants_delete", {"id": "initech"}),
    "forwarding-again": examples.FORWARDING_SET,
    "ben-back": ("users_identify", {"id": "ben", "name": "Ben"}),
    "forwarding-ended": examples.FORWARDING_REMOVED,
    "renamed": ("renamed", {"id": "ann", "name": "Ann"}),
    "unmapped": ("nothing.of.note", {}),
    "billing-gone": examples.TARGET_DISABLED,
    "shop-gone": attrs.evolve(examples.TARGET_DISABLED, url="https://shop.example.com/", environment=ENVIRONMENT),
    "billing-back": examples.TARGET_ENABLED,
    "rejected": attrs.evolve(examples.WEBHOOK_REJECTED, source=SOURCE),
}

AGAIN = {"trigger": "trigger-repeated", "order-fails": "order-repeated", "unmapped": "unmapped-repeated"}
"""Deliveries that come again at the end, under the same key."""


def body(name: str, step: tuple[str, dict[str, Any]]) -> bytes:
    """What a sender would post. Its key is the name of the step."""
    return dumps({"key": name, "type": step[0], "at": "2026-01-15T11:59:58Z", "data": step[1]})


def received(sent: bytes, second: int, *, version: int = len(CONFIGURED)) -> webhooks.WebhookReceived:
    """The receipt of a body, so many seconds into the history."""
    return attrs.evolve(
        examples.WEBHOOK_RECEIVED,
        source=SOURCE,
        configuration_version=version,
        received_at=at(second),
        body=sent,
        verdict=attrs.evolve(examples.WEBHOOK_RECEIVED.verdict, scheme="none", status="unverified", secret_id=None),
        verification_status="none",
        searched=True,
    )


def at(second: int) -> Any:
    """A time within the history."""
    return examples.AT + timedelta(seconds=second)


def stream(name: str) -> str:
    """The stream of the webhook of a step."""
    return webhooks.stream(name)


def configured() -> Change:
    """The configuration, which comes before everything else."""
    return Change(stream=configurations.stream(SOURCE, ENVIRONMENT), version=0, events=CONFIGURED)


def everything() -> list[Change]:
    """The whole history, one change per step, in order; the configuration first."""
    sent = [(name, body(name, step)) for name, step in STEPS.items() if isinstance(step, tuple)]
    bodies = {**dict(sent), **{repeated: dict(sent)[name] for name, repeated in AGAIN.items()}}
    steps: dict[str, Any] = {**STEPS, **dict.fromkeys(AGAIN.values())}
    changes = [configured()]
    versions: dict[str, int] = {}
    for second, (name, step) in enumerate(steps.items()):
        event = received(bodies[name], second) if name in bodies else step
        where = stream_of(name, event)
        changes.append(Change(stream=where, version=versions.get(where, 0), events=(event,)))
        versions[where] = versions.get(where, 0) + 1
    return [*changes, *_unreadable(len(steps))]


def remap(ledger: EventStore) -> webhooks.Pin:
    """Map more than before, and let one more be rejected; the configuration as it stands then."""
    edits = (mapped("order", "tenants_set"), mapped("unmapped", "tenants_set"), mapped("tenants_set", "users_identify"))
    stream = configurations.stream(SOURCE, ENVIRONMENT)
    ledger.append(Change(stream=stream, version=len(CONFIGURED), events=edits))
    sent = body("late", ("order", ORDER))
    rejected = attrs.evolve(
        examples.WEBHOOK_REJECTED, source=SOURCE, body=sent, body_bytes=len(sent), received_at=at(0), verdict=None
    )
    ledger.append(Change(stream=webhooks.stream("rejected-late"), version=0, events=(rejected,)))
    return webhooks.Pin(environment=ENVIRONMENT, version=len(CONFIGURED) + len(edits))


def deliveries(number: int, *, repeating: int | None = None) -> list[Change]:
    """The webhooks of the history once more, with ids of their own; their keys are new too, or those of a number."""
    keys = number if repeating is None else repeating
    return [
        Change(stream=stream(f"{name}.{number}"), version=0, events=(received(body(f"{name}.{keys}", step), number),))
        for name, step in STEPS.items()
        if isinstance(step, tuple)
    ]


def _unreadable(second: int) -> Iterator[Change]:
    """Webhooks that nothing can be made of: without a type, and under a configuration that is not there."""
    untyped, unjudged = received(b'{"typ":"users_identify"}', second), received(b"{}", second + 1, version=99)
    yield Change(stream=stream("unclassified"), version=0, events=(untyped,))
    yield Change(stream=stream("broken"), version=0, events=(unjudged,))


def stream_of(name: str, event: object) -> str:
    """Where an event of the history belongs."""
    if isinstance(event, workflows.Event):
        return workflows.stream(event.environment, event.key)
    if isinstance(event, audiences.Event):
        return audiences.stream(event.environment, event.key)
    if isinstance(event, disabled_targets.Event):
        return disabled_targets.stream(event.environment, disabled_targets.id_of(event.url))
    if isinstance(event, forwarding.Event):
        return forwarding.stream(event.environment)
    return stream(name)
