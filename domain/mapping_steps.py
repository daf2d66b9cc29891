"""One mapping applied to one webhook: its parameters resolved and checked, then its action carried out."""

from collections.abc import Mapping
from datetime import datetime

import attrs

from domain import directory, parameters, paths, run_ids, staleness, templating
from domain.actions import catalogue, workflows
from domain.actions.outcomes import Done, Facts, Prepared, Problem, Reference, Unfit
from domain.json_values import Json, type_name
from domain.mappings import Mapping as EventMapping
from domain.webhooks import (
    ActionError,
    ActionExecuted,
    ActionFailed,
    ActionOutcome,
    ActionSkipped,
    Webhook,
)


@attrs.frozen(kw_only=True)
class Step:
    """A mapping with its values: either a payload that can be performed or an error."""

    mapping: EventMapping
    payload: Mapping[str, Json]
    origins: Mapping[str, Json]
    references: tuple[Reference, ...] = ()
    error: ActionError | None = None
    skipped: bool = False


@attrs.frozen(kw_only=True)
class About:
    """Which webhook, of which type and of when, the outcomes are about."""

    webhook: Webhook
    event_type: str
    occurred_at: datetime | None = None


def prepare(mapping: EventMapping, context: Mapping[str, Json]) -> Step:
    """Resolve every parameter; a required one that leads to nothing or to null makes the step a skipped one."""
    action = catalogue.ACTIONS[mapping.action_type]
    given: dict[str, Json] = {}
    origins: dict[str, Json] = {}
    for name, parameter in mapping.parameters.items():
        resolution = parameters.resolve(parameter, context)
        if resolution.value is paths.UNRESOLVED or (resolution.value is None and action.parameters[name].required):
            if action.parameters[name].required:
                return _without(mapping, given, origins, _missing(name, parameter, context))
            continue  # an optional value that is not there is left out, so that it wipes nothing
        given[name], origins[name] = resolution.value, resolution.origin
    return _checked(mapping, action, given, origins)


def _checked(
    mapping: EventMapping, action: catalogue.Action, given: Mapping[str, Json], origins: Mapping[str, Json]
) -> Step:
    try:
        prepared: Prepared = action.prepare(given)
    except Unfit as unfit:
        origin = origins.get((unfit.problem.field or "").partition("[")[0].partition(".")[0])
        path = origin.get("path") if isinstance(origin, Mapping) else None
        error = _error(unfit.problem, str(path) if path else None)
        return Step(mapping=mapping, payload=given, origins=origins, error=error)
    references = prepared.references
    if mapping.only_newer:
        references = (*references, staleness.last_applied(mapping.action_type, prepared.payload))
    return Step(mapping=mapping, payload=prepared.payload, origins=origins, references=references)


def _without(mapping: EventMapping, given: Mapping[str, Json], origins: Mapping[str, Json], error: ActionError) -> Step:
    return Step(mapping=mapping, payload=given, origins=origins, error=error, skipped=True)


def _missing(name: str, parameter: parameters.Parameter, context: Mapping[str, Json]) -> ActionError:
    tried = _at_fault(parameter, context)
    path = tried[0] if tried else None
    value = paths.resolve(path, context) if path else None
    nearest = paths.nearest(path, context) if path and value is paths.UNRESOLVED else None
    where = " or ".join(each.text for each in tried) or "a constant"
    hint = f"; the nearest that exists is {nearest}" if nearest else ""
    return ActionError(
        code="required_field_missing",
        message=f"{name} is required, but {where} {_found(value)}{hint}",
        field=name,
        path=path.text if path else None,
        nearest=nearest,
    )


def _at_fault(parameter: parameters.Parameter, context: Mapping[str, Json]) -> tuple[paths.Path, ...]:
    """The paths that gave no value: of a template the hole that nothing fills, otherwise all."""
    if isinstance(parameter, parameters.FromTemplate):
        hole = templating.unfilled(parameter.template, context)
        return (hole,) if hole else ()
    return parameters.paths_of(parameter)


def _found(value: Json | paths.Unresolved) -> str:
    if value is paths.UNRESOLVED:
        return "leads to nothing in this webhook"
    return "is null" if value is None else f"is of type {type_name(value)}, which no template can hold"


def perform(step: Step, about: About, facts: Facts) -> ActionOutcome:
    """Carry the step out: an event either way."""
    if step.error is not None:
        return _unsuccessful(step, about, step.error)
    if step.mapping.only_newer and about.occurred_at is not None:
        stale = staleness.problem(step.mapping.action_type, step.payload, facts, about.occurred_at)
        if stale is not None:
            return _unsuccessful(attrs.evolve(step, skipped=True), about, stale)
    done = catalogue.ACTIONS[step.mapping.action_type].perform(step.payload, facts)
    if isinstance(done, Problem):
        return _unsuccessful(step, about, _error(done, None))
    return _executed(step, about, done)


def facts_after(facts: Facts, executed: ActionExecuted) -> Facts:
    """What is known once the action is done, so that the next one sees its effects."""
    known = dict(facts)
    directory.note(known, directory.effects(executed.action_type, executed.payload, executed.result))
    if executed.action_type == "workflows_cancel":
        workflows.note_cancelled(known, executed.payload, executed.result)
    return known


def _executed(step: Step, about: About, done: Done) -> ActionExecuted:
    received = about.webhook.received
    result, guarded = done.result, step.mapping.only_newer
    if step.mapping.action_type == "workflows_trigger":
        run_id = run_ids.of_trigger(about.webhook.id, step.mapping.id, about.webhook.evaluation)
        result = {"id": run_id, **result}
    return ActionExecuted(
        evaluation=about.webhook.evaluation,
        mapping_id=step.mapping.id,
        source=received.source,
        environment=received.environment,
        event_type=about.event_type,
        action_type=step.mapping.action_type,
        parameters=step.mapping.configured,
        payload=step.payload,
        origins=step.origins,
        result=result,
        executed_at=about.webhook.at,
        warnings=(*done.warnings, staleness.UNDATED) if guarded and about.occurred_at is None else done.warnings,
        occurred_at=about.occurred_at if guarded else None,
    )


def _unsuccessful(step: Step, about: About, error: ActionError) -> ActionSkipped | ActionFailed:
    received = about.webhook.received
    kind = ActionSkipped if step.skipped else ActionFailed
    return kind(
        evaluation=about.webhook.evaluation,
        mapping_id=step.mapping.id,
        source=received.source,
        environment=received.environment,
        event_type=about.event_type,
        action_type=step.mapping.action_type,
        parameters=step.mapping.configured,
        payload=step.payload,
        origins=step.origins,
        error=error,
    )


def _error(problem: Problem, path: str | None) -> ActionError:
    return ActionError(code=problem.code, message=problem.message, field=problem.field, path=path)
