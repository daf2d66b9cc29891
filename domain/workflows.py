"""A workflow that mappings may trigger: in one environment, with a key and a name, active or not."""

from datetime import datetime
from typing import assert_never

import attrs

from domain import errors, slugs, streams


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


Event = WorkflowDefined | WorkflowChanged | WorkflowActivated | WorkflowDeactivated


@attrs.frozen(kw_only=True)
class Workflow:
    """A workflow as it stands."""

    environment: str
    key: str
    name: str
    active: bool
    created_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class Define:
    """Say how a workflow is to be, whether it exists already or not."""

    environment: str
    key: str
    name: str
    active: bool
    at: datetime


class NameMissing(errors.Refused):
    """A workflow needs a name that people can read."""


def decide(state: Workflow | None, command: Define) -> tuple[Event, ...]:
    """The events that `command` leads to; none when the workflow is so already."""
    slugs.check(command.key, field="key")
    if not command.name.strip():
        raise NameMissing("workflow.name is empty; give the workflow a name", field="workflow.name")
    if state is None:
        return (
            WorkflowDefined(
                environment=command.environment,
                key=command.key,
                name=command.name,
                active=command.active,
                defined_at=command.at,
            ),
        )
    return _renamed(state, command) + _switched(state, command)


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


def evolve(state: Workflow | None, event: Event) -> Workflow | None:
    """The state after `event`."""
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
        case _:
            assert_never(event)
