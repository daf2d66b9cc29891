"""Workflows: defined by saying how they are to be, as often as one likes."""

import functools

import attrs
import pytest

from domain import slugs, workflows
from tests import examples

DEFINE = workflows.Define(
    environment=examples.ENVIRONMENT, key="payment-failed", name="Payment failed", active=True, at=examples.BEFORE
)
RENAMED = "Payment failed, first notice"


def workflow(*events: workflows.Event) -> workflows.Workflow | None:
    return functools.reduce(workflows.evolve, events, None)


DEFINED = workflow(examples.WORKFLOW_DEFINED)
INACTIVE = workflow(examples.WORKFLOW_DEFINED, examples.WORKFLOW_DEACTIVATED)


def test_a_workflow_is_defined() -> None:
    assert workflows.decide(None, DEFINE) == (examples.WORKFLOW_DEFINED,)


def test_a_workflow_defined_twice_is_defined_once() -> None:
    assert workflows.decide(DEFINED, attrs.evolve(DEFINE, at=examples.LATER)) == ()


def test_a_workflow_gets_another_name() -> None:
    wanted = attrs.evolve(DEFINE, name=RENAMED, at=examples.AT)
    assert workflows.decide(DEFINED, wanted) == (examples.WORKFLOW_CHANGED,)


def test_a_workflow_is_deactivated() -> None:
    wanted = attrs.evolve(DEFINE, active=False, at=examples.AT)
    assert workflows.decide(DEFINED, wanted) == (examples.WORKFLOW_DEACTIVATED,)


def test_a_workflow_is_activated_again() -> None:
    wanted = attrs.evolve(DEFINE, at=examples.LATER)
    assert workflows.decide(INACTIVE, wanted) == (examples.WORKFLOW_ACTIVATED,)


def test_name_and_activity_change_together() -> None:
    wanted = attrs.evolve(DEFINE, name=RENAMED, active=False, at=examples.AT)
    assert workflows.decide(DEFINED, wanted) == (examples.WORKFLOW_CHANGED, examples.WORKFLOW_DEACTIVATED)


def test_a_workflow_needs_a_name() -> None:
    with pytest.raises(workflows.NameMissing) as refusal:
        workflows.decide(None, attrs.evolve(DEFINE, name=" "))
    assert refusal.value.field == "workflow.name"


def test_a_workflow_needs_a_key_that_can_stand_in_an_address() -> None:
    with pytest.raises(slugs.SlugInvalid):
        workflows.decide(None, attrs.evolve(DEFINE, key="payment failed"))


def test_a_workflow_is_what_its_events_say() -> None:
    assert DEFINED is not None
    assert attrs.evolve(DEFINED, active=False, updated_at=examples.AT) == INACTIVE
    changed = workflow(examples.WORKFLOW_DEFINED, examples.WORKFLOW_CHANGED)
    assert changed == attrs.evolve(DEFINED, name=RENAMED, updated_at=examples.AT)
    again = workflow(examples.WORKFLOW_DEFINED, examples.WORKFLOW_DEACTIVATED, examples.WORKFLOW_ACTIVATED)
    assert again == attrs.evolve(DEFINED, updated_at=examples.LATER)
