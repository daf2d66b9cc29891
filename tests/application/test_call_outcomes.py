"""What a call came to: an action, or the reason why there is none."""

import pytest

from application import call_outcomes
from application.call_outcomes import AudienceMissing, CallFailed, WorkflowInactive, WorkflowMissing
from application.calling import Called
from domain.json_values import Json
from tests.application.in_memory import InMemory
from tests.application.test_calling import call

TRIGGER: dict[str, Json] = {"operation": "workflows.trigger", "key": "welcome", "recipients": ["u-1"]}


def test_what_was_executed_is_told() -> None:
    [done] = call_outcomes.all_executed(call(InMemory(), {"operation": "users.delete", "id": "u-1"}))
    assert done.action_type == "users_delete"


def test_a_workflow_that_is_missing_or_inactive_is_told_apart() -> None:
    with pytest.raises(WorkflowMissing, match="'welcome'"):
        call_outcomes.all_executed(call(InMemory(), TRIGGER))
    it = InMemory()
    it.workflow("welcome", active=False)
    with pytest.raises(WorkflowInactive, match="'welcome'"):
        call_outcomes.all_executed(call(it, TRIGGER))


def test_an_audience_that_is_missing_is_told() -> None:
    join: dict[str, Json] = {"operation": "audiences.add_members", "key": "vips", "members": ["u-1"]}
    with pytest.raises(AudienceMissing):
        call_outcomes.all_executed(call(InMemory(), {**join, "create_audience": False}))


def test_whatever_else_goes_wrong_names_its_field() -> None:
    with pytest.raises(CallFailed) as failure:
        call_outcomes.all_executed(call(InMemory(), {"operation": "users.update", "id": "u-1", "name": []}))
    assert (type(failure.value), failure.value.field) == (CallFailed, "name")


def test_an_evaluation_that_broke_is_no_fault_of_the_caller() -> None:
    with pytest.raises(RuntimeError, match="w-1"):
        call_outcomes.executed(Called(webhook_id="w-1", outcome="failed"))
