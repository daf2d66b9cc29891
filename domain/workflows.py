"""A workflow that mappings may trigger: in one environment, with a key, a name and steps, active or not."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

import attrs

from domain import conditions, errors, slugs, streams, workflow_steps
from domain.actions.outcomes import KnownWorkflow
from domain.conditions import Condition
from domain.json_values import Json, same
from domain.workflow_steps import Step


def stream(environment: str, key: str) -> str:
    """The stream of workflow `key` in `environment`."""
    return streams.name("workflow", environment, key)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class WorkflowDefined:
    """A workflow exists from now on."""

    environment: str
    key: str
    name: str
    active: bool
    defined_at: datetime


@attrs.frozen(kw_only=True)
class WorkflowChanged:
    """The workflow has another name."""

    environment: str
    key: str
    name: str
    changed_at: datetime


@attrs.frozen(kw_only=True)
class WorkflowActivated:
    """Triggers start runs from now on."""

    environment: str
    key: str
    activated_at: datetime


@attrs.frozen(kw_only=True)
class WorkflowDeactivated:
    """Triggers fail with `workflow_inactive` from now on."""

    environment: str
    key: str
    deactivated_at: datetime


@attrs.frozen(kw_only=True)
class WorkflowStepsChanged:
    """Runs that start from now on take these steps, if the conditions hold; triggers bring data of this JSON Schema."""

    environment: str
    key: str
    steps: tuple[Step, ...]
    conditions: tuple[Condition, ...]
    trigger_data_schema: Mapping[str, Json] | None
    changed_at: datetime


Event = WorkflowDefined | WorkflowChanged | WorkflowActivated | WorkflowDeactivated | WorkflowStepsChanged


@attrs.frozen(kw_only=True)
class Definition:
    """What a workflow does: its steps, the conditions of all of them, and the JSON Schema of the triggers' data."""

    steps: tuple[Step, ...] = ()
    conditions: tuple[Condition, ...] = ()
    trigger_data_schema: Mapping[str, Json] | None = None


@attrs.frozen(kw_only=True)
class Workflow:
    """A workflow as it stands. `version` is the number of its events, by which runs name what they go through."""

    environment: str
    key: str
    name: str
    active: bool
    definition: Definition = Definition()
    version: int = 1
    created_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class Define:
    """Say how a workflow is to be, whether it exists already or not. Without a definition it does what it did."""

    environment: str
    key: str
    name: str
    active: bool
    definition: Definition | None = None
    at: datetime


class NameMissing(errors.Refused):
    """A workflow needs a name that people can read."""


def decide(state: Workflow | None, command: Define) -> tuple[Event, ...]:
    """The events that `command` leads to; none when the workflow is so already."""
    slugs.check(command.key, field="key")
    if not command.name.strip():
        raise NameMissing("workflow.name is empty; give the workflow a name", field="workflow.name")
    if state is None:
        defined = WorkflowDefined(
            environment=command.environment,
            key=command.key,
            name=command.name,
            active=command.active,
            defined_at=command.at,
        )
        return (defined, *_told_otherwise(Definition(), command))
    # The steps come before the switch, so that no trigger finds a workflow active that is not yet what it is to be.
    return _renamed(state, command) + _told_otherwise(state.definition, command) + _switched(state, command)


def _told_otherwise(present: Definition, command: Define) -> tuple[Event, ...]:
    wanted = command.definition
    if wanted is None or same(as_json(wanted), as_json(present)):
        return ()
    return (
        WorkflowStepsChanged(
            environment=command.environment,
            key=command.key,
            steps=wanted.steps,
            conditions=wanted.conditions,
            trigger_data_schema=wanted.trigger_data_schema,
            changed_at=command.at,
        ),
    )


def _renamed(state: Workflow, command: Define) -> tuple[Event, ...]:
    if state.name == command.name:
        return ()
    return (WorkflowChanged(environment=state.environment, key=state.key, name=command.name, changed_at=command.at),)


def _switched(state: Workflow, command: Define) -> tuple[Event, ...]:
    if state.active == command.active:
        return ()
    if command.active:
        return (WorkflowActivated(environment=state.environment, key=state.key, activated_at=command.at),)
    return (WorkflowDeactivated(environment=state.environment, key=state.key, deactivated_at=command.at),)


def as_json(definition: Definition) -> dict[str, Json]:
    """A definition as people write it."""
    return {
        "trigger_data_schema": definition.trigger_data_schema,
        "conditions": [conditions.as_json(each) for each in definition.conditions],
        "steps": [workflow_steps.as_json(each) for each in definition.steps],
    }


def known_after(known: KnownWorkflow | None, event: Event, version: int) -> KnownWorkflow | None:
    """What triggers know of a workflow after `event`, the `version`-th of it; None of one that they do not know."""
    match event:
        case WorkflowDefined():
            return KnownWorkflow(active=event.active, version=version)
        case WorkflowActivated() | WorkflowDeactivated():
            return known and attrs.evolve(known, version=version, active=isinstance(event, WorkflowActivated))
        case WorkflowStepsChanged():
            return known and attrs.evolve(
                known, version=version, steps=bool(event.steps), schema=event.trigger_data_schema
            )
        case WorkflowChanged():
            return known and attrs.evolve(known, version=version)
        case _:
            assert_never(event)


def evolve(state: Workflow | None, event: Event) -> Workflow | None:
    """The state after `event`."""
    after = _evolve(state, event)
    return attrs.evolve(after, version=state.version + 1) if state and after else after


def _evolve(state: Workflow | None, event: Event) -> Workflow | None:
    match event:
        case WorkflowDefined():
            return Workflow(
                environment=event.environment,
                key=event.key,
                name=event.name,
                active=event.active,
                created_at=event.defined_at,
                updated_at=event.defined_at,
            )
        case WorkflowChanged():
            return state and attrs.evolve(state, name=event.name, updated_at=event.changed_at)
        case WorkflowActivated():
            return state and attrs.evolve(state, active=True, updated_at=event.activated_at)
        case WorkflowDeactivated():
            return state and attrs.evolve(state, active=False, updated_at=event.deactivated_at)
        case WorkflowStepsChanged():
            definition = Definition(
                steps=event.steps, conditions=event.conditions, trigger_data_schema=event.trigger_data_schema
            )
            return state and attrs.evolve(state, definition=definition, updated_at=event.changed_at)
        case _:
            assert_never(event)
