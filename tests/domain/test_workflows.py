"""Workflows: defined by saying how they are to be, as often as one likes."""

import functools

import attrs
import pytest

from domain import slugs, workflows
from domain.actions.outcomes import KnownWorkflow
from domain.workflow_steps import Step
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
    assert attrs.evolve(DEFINED, active=False, version=2, updated_at=examples.AT) == INACTIVE
    changed = workflow(examples.WORKFLOW_DEFINED, examples.WORKFLOW_CHANGED)
    assert changed == attrs.evolve(DEFINED, name=RENAMED, version=2, updated_at=examples.AT)
    again = workflow(examples.WORKFLOW_DEFINED, examples.WORKFLOW_DEACTIVATED, examples.WORKFLOW_ACTIVATED)
    assert again == attrs.evolve(DEFINED, version=3, updated_at=examples.LATER)


DEFINITION = workflows.Definition(
    steps=examples.WORKFLOW_STEPS_CHANGED.steps,
    conditions=examples.WORKFLOW_STEPS_CHANGED.conditions,
    trigger_data_schema=examples.WORKFLOW_STEPS_CHANGED.trigger_data_schema,
)


def test_a_workflow_gets_steps() -> None:
    wanted = attrs.evolve(DEFINE, definition=DEFINITION, at=examples.AT)
    assert workflows.decide(DEFINED, wanted) == (examples.WORKFLOW_STEPS_CHANGED,)
    assert workflows.decide(None, attrs.evolve(DEFINE, definition=DEFINITION))[0] == examples.WORKFLOW_DEFINED


def test_the_same_steps_given_twice_change_nothing_and_none_given_leave_them() -> None:
    stepping = workflow(examples.WORKFLOW_DEFINED, examples.WORKFLOW_STEPS_CHANGED)
    assert workflows.decide(stepping, attrs.evolve(DEFINE, definition=DEFINITION)) == ()
    assert workflows.decide(stepping, DEFINE) == ()
    assert workflows.decide(None, attrs.evolve(DEFINE, definition=workflows.Definition())) == (
        examples.WORKFLOW_DEFINED,
    )


def test_true_is_another_body_than_1() -> None:
    one, true = (
        attrs.evolve(DEFINITION, steps=(Step(ref="a", type="webhook", settings={"url": "u", "body": body}),))
        for body in (1, True)
    )
    state = workflows.evolve(DEFINED, workflows.decide(DEFINED, attrs.evolve(DEFINE, definition=one))[0])
    assert len(workflows.decide(state, attrs.evolve(DEFINE, definition=true))) == 1


def test_steps_are_there_before_a_workflow_is_active() -> None:
    wanted = attrs.evolve(DEFINE, definition=DEFINITION, at=examples.LATER)
    assert [type(each).__name__ for each in workflows.decide(INACTIVE, wanted)] == [
        "WorkflowStepsChanged",
        "WorkflowActivated",
    ]


def test_a_version_is_the_number_of_events() -> None:
    told = workflow(examples.WORKFLOW_DEFINED, examples.WORKFLOW_STEPS_CHANGED, examples.WORKFLOW_CHANGED)
    assert told is not None
    assert (told.version, told.definition) == (3, DEFINITION)


def test_triggers_know_of_a_workflow_what_its_events_say() -> None:
    known = None
    told: tuple[workflows.Event, ...] = (
        examples.WORKFLOW_DEFINED,
        examples.WORKFLOW_STEPS_CHANGED,
        examples.WORKFLOW_DEACTIVATED,
    )
    for version, event in enumerate(told, start=1):
        known = workflows.known_after(known, event, version)
    assert known == KnownWorkflow(active=False, version=3, steps=True, schema=DEFINITION.trigger_data_schema)
    assert workflows.known_after(None, examples.WORKFLOW_ACTIVATED, 2) is None
