"""Explanations: what was decided about a webhook, told together with what each decision read. Pure.

Nothing is decided here. The events say what came out; what went in is read again with `evaluation.plan`, the same
function that decided, under the configuration that the evaluation was made with.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import attrs

from domain import contexts, directory, evaluation, legacy_identifies, parameters, paths, triggering, webhooks
from domain.actions import catalogue
from domain.configurations import Configuration
from domain.json_values import UNRESOLVED, Json, Unresolved, type_name
from domain.mappings import Mapping as EventMapping
from domain.webhooks import (
    ActionExecuted,
    ActionOutcome,
    ClassificationFailed,
    Decision,
    EvaluationFailed,
    EvaluationRequested,
    IdempotencyDecided,
    Pin,
    Webhook,
    WebhookClassified,
    WebhookProcessed,
    WebhookReceived,
    WebhookReleased,
)

Standing = Literal["success", "skipped", "error", "inactive", "not_meant", "done_before", "duplicate", "not_reached"]
"""What became of a mapping of the event type. The first three ran. `done_before`: an earlier delivery of the same key
carried it out; `duplicate`: the webhook repeats one; `not_meant`: the built-in mapping, for another kind of call."""

OUTCOMES: Mapping[str, Standing] = {"ActionExecuted": "success", "ActionSkipped": "skipped", "ActionFailed": "error"}
NO_TYPE = "missing"
MOST_OTHERS = 50
"""How many event types with mappings are named where the webhook's own has none."""


@attrs.frozen(kw_only=True)
class ReadValue:
    """A value that was looked for at `path`; `type` is JSON's word for it, `missing` where there is nothing."""

    path: str | None
    value: Json
    type: str


@attrs.frozen(kw_only=True)
class ExplainedParameter:
    """A parameter of an action: as configured, where its value came from, and the value as it was found."""

    name: str
    required: bool
    configured: Json
    origin: Json
    value: Json
    type: str


@attrs.frozen(kw_only=True)
class ExplainedMapping:
    """A mapping in its turn: what it read, what became of it, and what it did. `runs` are the ids that it started."""

    mapping: EventMapping
    standing: Standing
    parameters: tuple[ExplainedParameter, ...]
    action: ActionOutcome | None = None
    effects: tuple[directory.Effect, ...] = ()
    runs: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Explained:
    """One evaluation: each decision with what it read. `mapped_types` are those with mappings, where this one has none.

    `pin` names its configuration. `requested` is what asked for it, None for the first of what was received.
    Decisions that were not made, or not yet, are None.
    """

    number: int
    pin: Pin
    requested: WebhookReleased | EvaluationRequested | None
    configuration: Configuration
    classified: WebhookClassified | ClassificationFailed | None
    event_type: ReadValue
    idempotency: IdempotencyDecided | None
    key: ReadValue
    mappings: tuple[ExplainedMapping, ...]
    mapped_types: tuple[str, ...]
    broken: EvaluationFailed | None
    processed: WebhookProcessed | None


def explain(
    webhook_id: str,
    received: WebhookReceived,
    body: Mapping[str, Json],
    events: Sequence[object],
    configuration_of: Callable[[Pin], Configuration],
) -> tuple[Explained, ...]:
    """Every evaluation that there was or was asked for, in order; those to which the worker has not come have none.

    `events` are all of the webhook's, and `configuration_of` gives the configuration that a pin names.
    """
    decisions = [each for each in events if isinstance(each, webhooks.Decision)]
    requests = {number: each for each in events for number, each in _requested(each)}
    numbers = sorted({1, *requests, *(each.evaluation for each in decisions)})
    return tuple(
        _explained(
            Webhook(id=webhook_id, received=received, body=body, evaluation=number),
            requests.get(number),
            requests[number].pin if number in requests else webhooks.pin_of(events),
            configuration_of,
            [each for each in decisions if each.evaluation == number],
        )
        for number in numbers
    )


def _requested(event: object) -> Iterator[tuple[int, WebhookReleased | EvaluationRequested]]:
    if isinstance(event, EvaluationRequested):
        yield event.evaluation, event
    elif isinstance(event, WebhookReleased):
        yield 1, event


def _explained(
    webhook: Webhook,
    requested: WebhookReleased | EvaluationRequested | None,
    pin: Pin,
    configuration_of: Callable[[Pin], Configuration],
    decisions: Sequence[Decision],
) -> Explained:
    configuration = configuration_of(pin)
    settings, script = configuration.settings, webhook.received.script
    context = contexts.build(webhook.body, webhook.received.headers, settings, script.output if script else None)
    decided = _Decided.of(decisions)
    mappings = _mappings(webhook, configuration, context, decided)
    return Explained(
        number=webhook.evaluation,
        pin=pin,
        requested=requested,
        configuration=configuration,
        classified=decided.classified,
        event_type=read(settings.event_type_path, context),
        idempotency=decided.idempotency,
        key=read(settings.idempotency_key_path if settings.deduplicates else None, context),
        mappings=mappings,
        mapped_types=() if mappings else _mapped_types(configuration),
        broken=decided.broken,
        processed=decided.processed,
    )


@attrs.frozen(kw_only=True)
class _Decided:
    """The decisions of an evaluation by their kind."""

    classified: WebhookClassified | ClassificationFailed | None = None
    idempotency: IdempotencyDecided | None = None
    broken: EvaluationFailed | None = None
    processed: WebhookProcessed | None = None
    actions: Mapping[str, ActionOutcome] = attrs.Factory(dict)

    @classmethod
    def of(cls, decisions: Sequence[Decision]) -> "_Decided":
        kinds = (
            ("classified", WebhookClassified | ClassificationFailed),
            ("idempotency", IdempotencyDecided),
            ("broken", EvaluationFailed),
            ("processed", WebhookProcessed),
        )
        found = {name: each for name, kind in kinds for each in decisions if isinstance(each, kind)}
        actions = {each.mapping_id: each for each in decisions if isinstance(each, ActionOutcome)}
        return cls(**found, actions=actions)  # type: ignore[arg-type]

    def standing(self, mapping: EventMapping, webhook: Webhook) -> Standing:
        """What became of a mapping."""
        action = self.actions.get(mapping.id)
        if action is not None:
            return OUTCOMES[type(action).__name__]
        if not mapping.active:
            return "inactive"
        if not legacy_identifies.meant(mapping, webhook.body):
            return "not_meant"
        if self.idempotency is not None and mapping.id in self.idempotency.done:
            return "done_before"
        return "duplicate" if self.idempotency and self.idempotency.outcome == "replayed" else "not_reached"


def _mappings(
    webhook: Webhook, configuration: Configuration, context: Mapping[str, Json], decided: _Decided
) -> tuple[ExplainedMapping, ...]:
    planned = evaluation.plan(webhook, configuration).classified
    if not isinstance(planned, WebhookClassified):
        return ()
    return tuple(
        _mapping(webhook.id, mapping, context, decided.standing(mapping, webhook), decided.actions.get(mapping.id))
        for mapping in configuration.by_event_type.get(planned.event_type, ())
    )


def _mapping(
    webhook_id: str,
    mapping: EventMapping,
    context: Mapping[str, Json],
    standing: Standing,
    action: ActionOutcome | None,
) -> ExplainedMapping:
    rules = catalogue.ACTIONS[mapping.action_type].parameters
    read = tuple(
        _parameter(name, rules[name].required, mapping.configured.get(name), parameters.resolve(parameter, context))
        for name, parameter in mapping.parameters.items()
    )
    if not isinstance(action, ActionExecuted):
        return ExplainedMapping(mapping=mapping, standing=standing, parameters=read, action=action)
    return ExplainedMapping(
        mapping=mapping,
        standing=standing,
        parameters=read,
        action=action,
        effects=directory.effects(action.action_type, action.payload, action.result),
        runs=tuple(each.run_id for each in triggering.begun_by(action, webhook_id)),
    )


def _parameter(name: str, required: bool, configured: Json, found: parameters.Resolution) -> ExplainedParameter:
    return ExplainedParameter(
        name=name,
        required=required,
        configured=configured,
        origin=found.origin,
        value=None if isinstance(found.value, Unresolved) else found.value,
        type=NO_TYPE if isinstance(found.value, Unresolved) else type_name(found.value),
    )


def read(path: str | None, context: Mapping[str, Json]) -> ReadValue:
    """What there is at a configured path; nothing at none."""
    value = UNRESOLVED if path is None else paths.resolve(paths.parse(path), context)
    if isinstance(value, Unresolved):
        return ReadValue(path=path, value=None, type=NO_TYPE)
    return ReadValue(path=path, value=value, type=type_name(value))


def _mapped_types(configuration: Configuration) -> tuple[str, ...]:
    return tuple(sorted(configuration.by_event_type)[:MOST_OTHERS])
