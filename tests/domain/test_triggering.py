"""Triggering: a run for each recipient whom a trigger reached, with ids that follow from what caused them."""

import uuid
from collections.abc import Mapping

import attrs
import pytest

from domain import run_ids, triggering
from domain.json_values import Json
from domain.webhooks import ActionExecuted
from tests import examples

PEOPLE: list[Json] = [{"collection": "$users", "id": "u-1"}, {"collection": "teams", "id": "u-1"}]


def executed(action_type: str, payload: Mapping[str, Json], result: Mapping[str, Json]) -> ActionExecuted:
    return attrs.evolve(examples.ACTION_EXECUTED, action_type=action_type, payload=payload, result=result)


def test_a_trigger_starts_a_run_for_its_recipient() -> None:
    assert triggering.begun_by(examples.ACTION_EXECUTED, examples.WEBHOOK_ID) == (examples.RUN_STARTED,)


def test_a_trigger_starts_a_run_for_each_recipient_and_all_share_one_id() -> None:
    first, second = triggering.begun_by(
        executed("workflows_trigger", {"key": "welcome"}, {"recipients": PEOPLE}), examples.WEBHOOK_ID
    )
    assert [first.recipient, second.recipient] == PEOPLE
    assert first.run_id != second.run_id
    assert first.workflow_run_id == second.workflow_run_id == examples.RUN_STARTED.workflow_run_id


def test_a_run_knows_its_actor_and_its_tenant() -> None:
    payload: dict[str, Json] = {"key": "welcome", "actor": PEOPLE[0], "tenant": "t-1"}
    (run,) = triggering.begun_by(
        executed("workflows_trigger", payload, {"recipients": PEOPLE[1:]}), examples.WEBHOOK_ID
    )
    assert (run.actor, run.tenant, run.cancellation_key) == (PEOPLE[0], "t-1", None)


def test_a_trigger_that_reached_nobody_starts_nothing() -> None:
    assert triggering.begun_by(executed("workflows_trigger", {"key": "welcome"}, {"recipients": []}), "1") == ()


def test_the_same_trigger_never_starts_a_second_run() -> None:
    again = triggering.begun_by(examples.ACTION_EXECUTED, examples.WEBHOOK_ID)
    assert [run.run_id for run in again] == [examples.RUN_STARTED.run_id]


@pytest.mark.parametrize(
    ("webhook_id", "mapping_id", "evaluation"), [("2", "m-1", 1), ("1", "m-2", 1), ("1", "m-1", 2)]
)
def test_another_webhook_mapping_or_evaluation_is_another_trigger(
    webhook_id: str, mapping_id: str, evaluation: int
) -> None:
    assert run_ids.of_trigger(webhook_id, mapping_id, evaluation) != run_ids.of_trigger("1", "m-1", 1)


def test_ids_of_runs_are_uuids_of_the_kind_that_is_derived() -> None:
    for run_id in (examples.RUN_STARTED.run_id, examples.RUN_STARTED.workflow_run_id):
        assert (uuid.UUID(run_id).version, str(uuid.UUID(run_id))) == (8, run_id)


def test_a_cancellation_names_each_run_that_it_found_open() -> None:
    cancel = executed("workflows_cancel", {"key": "welcome"}, {"enqueued": True, "cancelled": ["run-1", "run-2"]})
    assert triggering.cancelled_by(cancel) == ("run-1", "run-2")


def test_a_run_keeps_to_the_version_of_its_workflow_and_says_where_it_came_from() -> None:
    (run,) = triggering.begun_by(examples.ACTION_EXECUTED, "1", workflow_version=4, trigger_source="api")
    assert (run.workflow_version, run.trigger_source) == (4, "api")


def test_what_a_step_delivers_has_one_id_and_another_step_another() -> None:
    assert run_ids.of_delivery("run-1", "tell") == run_ids.of_delivery("run-1", "tell")
    ids = {run_ids.of_delivery(run, step) for run in ("run-1", "run-2") for step in ("tell", "ask")}
    assert len(ids) == 4


@pytest.mark.parametrize("action_type", ["users_identify", "workflows_cancel"])
def test_only_triggers_start_runs(action_type: str) -> None:
    assert triggering.begun_by(executed(action_type, {}, {"cancelled": []}), "1") == ()


@pytest.mark.parametrize("action_type", ["users_identify", "workflows_trigger"])
def test_only_cancellations_cancel_runs(action_type: str) -> None:
    assert triggering.cancelled_by(executed(action_type, {}, {"recipients": PEOPLE})) == ()


def test_who_was_reached_through_a_subscription_has_a_run_that_says_so() -> None:
    team: dict[str, Json] = {"collection": "teams", "id": "7"}
    result: dict[str, Json] = {
        "recipients": [team],
        "subscribers": [{"subscribed_to": team, "recipients": PEOPLE[:1]}],
    }
    named, reached = triggering.begun_by(executed("workflows_trigger", {"key": "welcome"}, result), "1")
    assert (named.recipient, named.subscribed_to) == (team, None)
    assert (reached.recipient, reached.subscribed_to) == (PEOPLE[0], team)
    assert named.run_id != reached.run_id
