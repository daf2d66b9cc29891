"""Given a configuration, a webhook and what came before: short ways to write what an evaluation needs.

Everything is real and nothing is random. A body is of the type `order.placed`, read at `body.type`, unless it says
otherwise; a mapping serves that type, and its id is its action type unless it is named.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from domain import configurations, directory, evaluation, idempotency, webhooks
from domain.actions import catalogue
from domain.actions.outcomes import Done, Facts, KnownWorkflow, Prepared, Problem, Reference, Unfit
from domain.configurations import Configuration, MappingAdded
from domain.evaluation import Preceding
from domain.json_values import Json
from domain.settings import Settings
from domain.verification import Verdict
from domain.webhooks import ActionOutcome, Decision, Webhook, WebhookReceived
from tests import examples

TYPE = "order.placed"
SETTINGS = Settings(event_type_path="body.type", idempotency_key_path="body.key")
VERDICT = Verdict(scheme="none", status="unverified", reason="no_verification", message="nothing is verified")

D = TypeVar("D")


def mapping(
    action_type: str, parameters: Mapping[str, Json], *, id: str = "", event_type: str = TYPE, active: bool = True
) -> MappingAdded:
    """A mapping as it is added."""
    return MappingAdded(
        mapping_id=id or action_type,
        event_type=event_type,
        action_type=action_type,
        parameters=parameters,
        active=active,
        added_at=examples.BEFORE,
    )


def configuration(*events: configurations.Event, settings: Settings = SETTINGS) -> Configuration:
    """The configuration of the source in the examples' environment after these events."""
    created = configurations.ConfigurationCreated(
        source=examples.SOURCE,
        environment=examples.ENVIRONMENT,
        token=examples.TOKEN,
        settings=settings,
        created_at=examples.BEFORE,
    )
    state = functools.reduce(configurations.evolve, events, configurations.evolve(None, created))
    assert state is not None
    return state


def received(
    body: Mapping[str, Json], *, at: datetime = examples.AT, headers: Mapping[str, str] | None = None, version: int = 1
) -> WebhookReceived:
    """A request that was accepted."""
    return WebhookReceived(
        source=examples.SOURCE,
        environment=examples.ENVIRONMENT,
        configuration_version=version,
        received_at=at,
        method="POST",
        query="",
        remote_address=None,
        headers=headers or {},
        body=json.dumps({"type": TYPE, **body}).encode(),
        verdict=VERDICT,
        verification_status="not_enforced:unverified",
    )


def webhook(
    body: Mapping[str, Json], *, id: str = "1", at: datetime = examples.AT, headers: Mapping[str, str] | None = None
) -> Webhook:
    """A webhook in its first evaluation."""
    return Webhook(id=id, received=received(body, at=at, headers=headers), body={"type": TYPE, **body})


def knowing(*references: Reference, **workflows: bool) -> dict[Reference, object]:
    """Facts: these exist, and these workflows, active or not."""
    known: dict[Reference, object] = dict.fromkeys(references, True)
    return known | {("workflow", key): KnownWorkflow(active=active) for key, active in workflows.items()}


def evaluate(
    webhook: Webhook, configuration: Configuration, *, facts: Facts | None = None, after: Sequence[Decision] = ()
) -> tuple[Decision, ...]:
    """Every decision, knowing `facts`, after the decisions about a webhook `0` with the same key, received at AT."""
    precedent = idempotency.precedent_of("0", examples.AT, after) if after else None
    return evaluation.evaluate(webhook, configuration, Preceding(precedent=precedent, facts=facts or {}))


def actions(decisions: Sequence[Decision]) -> list[ActionOutcome]:
    """What became of the mappings."""
    return [each for each in decisions if isinstance(each, ActionOutcome)]


def only(kind: type[D], decisions: Sequence[Decision]) -> D:
    """The one decision of a kind."""
    (found,) = (each for each in decisions if isinstance(each, kind))
    return found


def outcome(decisions: Sequence[Decision]) -> webhooks.Outcome:
    """What the evaluation as a whole came to."""
    return only(webhooks.WebhookProcessed, decisions).outcome


def prepare(action_type: str, **given: Json) -> Prepared:
    """The prepared values of an action. Raises Unfit."""
    return catalogue.ACTIONS[action_type].prepare(given)


def payload(action_type: str, **given: Json) -> Mapping[str, Any]:
    """The payload that these values make."""
    return prepare(action_type, **given).payload


def perform(action_type: str, facts: Facts, **given: Json) -> Done | Problem:
    """What comes of an action with these values, knowing `facts`."""
    return catalogue.ACTIONS[action_type].perform(payload(action_type, **given), facts)


def unfit(action_type: str, **given: Json) -> tuple[str, str | None]:
    """The code and the field of the problem that these values have; ("", None) when they have none."""
    try:
        prepare(action_type, **given)
    except Unfit as problem:
        return problem.problem.code, problem.problem.field
    return "", None


def effects(action_type: str, facts: Facts, **given: Json) -> tuple[directory.Effect, ...]:
    """What the action makes of the directory."""
    done = perform(action_type, facts, **given)
    assert isinstance(done, Done)
    return directory.effects(action_type, payload(action_type, **given), done.result)
