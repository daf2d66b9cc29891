"""The heart: from a webhook, its configuration and what came before, to everything that was decided. Pure.

`evaluate` is `conclude` after `plan`. The two are separate so that a caller can look up, between them, the facts
that the plan refers to, for many webhooks at once. Nothing else may classify, deduplicate or map.
"""

from collections.abc import Mapping

import attrs

from domain import classification, contexts, idempotency, legacy_identifies, mapping_steps
from domain.actions.outcomes import Facts, Reference
from domain.configurations import Configuration
from domain.mappings import Mapping as EventMapping
from domain.webhooks import (
    ActionExecuted,
    ActionOutcome,
    ActionSkipped,
    ClassificationFailed,
    Decision,
    IdempotencyDecided,
    Outcome,
    Webhook,
    WebhookClassified,
    WebhookProcessed,
)


@attrs.frozen(kw_only=True)
class Preceding:
    """What came before: an earlier delivery with the same key, and what is known of the plan's references."""

    precedent: idempotency.Precedent | None = None
    facts: Facts = attrs.Factory(dict)


@attrs.frozen(kw_only=True)
class Plan:
    """A webhook, classified and mapped, before anything is compared with what came before.

    `scope` is None where there is no key to compare; `references` is what `conclude` wants to know of.
    """

    webhook: Webhook
    configuration: Configuration
    classified: WebhookClassified | ClassificationFailed
    key: idempotency.Key
    body_digest: str | None
    scope: idempotency.Scope | None
    steps: tuple[mapping_steps.Step, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """Everything that the steps refer to."""
        return tuple(reference for step in self.steps for reference in step.references)


def evaluate(webhook: Webhook, configuration: Configuration, preceding: Preceding) -> tuple[Decision, ...]:
    """Every decision about `webhook` under `configuration`, in order, ending with WebhookProcessed."""
    return conclude(plan(webhook, configuration), preceding)


def plan(webhook: Webhook, configuration: Configuration) -> Plan:
    """Classify the webhook, read its key and resolve the parameters of its mappings."""
    settings, source = configuration.settings, webhook.received
    script = source.script
    context = contexts.build(webhook.body, source.headers, settings, script.output if script else None)
    classified = classification.classify(context, settings, webhook.evaluation, script.error if script else None)
    key = idempotency.key_of(context, settings)
    scope: idempotency.Scope | None = None
    steps: tuple[mapping_steps.Step, ...] = ()
    if isinstance(classified, WebhookClassified):
        mapped = configuration.by_event_type.get(classified.event_type, ())
        meant = (each for each in mapped if _meant(each, webhook))
        steps = tuple(mapping_steps.prepare(mapping, context) for mapping in meant)
        if key.value is not None:
            scope = (source.source, source.environment, classified.event_type, key.value)
    return Plan(
        webhook=webhook,
        configuration=configuration,
        classified=classified,
        key=key,
        body_digest=idempotency.digest(source.body) if scope else None,
        scope=scope,
        steps=steps,
    )


def _meant(mapping: EventMapping, webhook: Webhook) -> bool:
    wanted = webhook.again is None or webhook.again.wants(mapping.id)
    return wanted and mapping.active and legacy_identifies.meant(mapping, webhook.body)


def conclude(plan: Plan, preceding: Preceding) -> tuple[Decision, ...]:
    """Decide whether the webhook repeats an earlier one and, if not, carry out its mappings in order."""
    if isinstance(plan.classified, ClassificationFailed):
        return (plan.classified, _processed(plan, "unclassified", ()))
    decided = _idempotency(plan, preceding.precedent)
    if decided.outcome == "replayed":
        return (plan.classified, decided, _processed(plan, "duplicate", ()))
    actions = _perform(plan, decided, preceding.facts)
    return (plan.classified, decided, *actions, _processed(plan, _outcome(actions, decided), actions))


def _idempotency(plan: Plan, precedent: idempotency.Precedent | None) -> IdempotencyDecided:
    webhook, settings = plan.webhook, plan.configuration.settings
    if webhook.again is None:
        return idempotency.decide(
            plan.key,
            precedent=precedent,
            settings=settings,
            received_at=webhook.received.received_at,
            evaluation=webhook.evaluation,
            body_digest=plan.body_digest,
        )
    return idempotency.decide_again(
        plan.key,
        webhook.again,
        webhook_id=webhook.id,
        precedent=precedent,
        settings=settings,
        evaluation=webhook.evaluation,
        body_digest=plan.body_digest,
    )


def _perform(plan: Plan, decided: IdempotencyDecided, facts: Mapping[Reference, object]) -> tuple[ActionOutcome, ...]:
    assert isinstance(plan.classified, WebhookClassified)
    about = mapping_steps.About(
        webhook=plan.webhook, event_type=plan.classified.event_type, occurred_at=plan.classified.occurred_at
    )
    outcomes: list[ActionOutcome] = []
    done = () if plan.webhook.again else decided.done
    for step in plan.steps:
        if step.mapping.id in done:
            continue  # an earlier delivery of the same key carried it out
        outcome = mapping_steps.perform(step, about, facts)
        if isinstance(outcome, ActionExecuted) and len(plan.steps) > 1:
            facts = mapping_steps.facts_after(facts, outcome)
        outcomes.append(outcome)
    return tuple(outcomes)


def _outcome(actions: tuple[ActionOutcome, ...], decided: IdempotencyDecided) -> Outcome:
    if not actions:
        return "executed" if decided.done else "unmapped"
    executed = sum(isinstance(action, ActionExecuted) for action in actions)
    if executed == len(actions):
        return "executed"
    if executed or all(isinstance(action, ActionSkipped) for action in actions):
        return "partially_executed"
    return "failed"


def _processed(plan: Plan, outcome: Outcome, actions: tuple[ActionOutcome, ...]) -> WebhookProcessed:
    received, classified = plan.webhook.received, plan.classified
    return WebhookProcessed(
        evaluation=plan.webhook.evaluation,
        source=received.source,
        environment=received.environment,
        event_type=classified.event_type if isinstance(classified, WebhookClassified) else None,
        received_at=received.received_at,
        outcome=outcome,
        actions_count=len(actions),
    )
