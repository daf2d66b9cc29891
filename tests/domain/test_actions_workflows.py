"""Triggers and cancellations: who gets a run, who gets none and why, and which runs are cancelled."""

from collections.abc import Mapping

import pytest

from domain.actions import workflows
from domain.actions.outcomes import Done, KnownWorkflow, OpenRun, Problem
from domain.json_values import Json
from tests import scenario

WELCOME = scenario.knowing(("user", "u-1"), ("user", "u-2"), welcome=True)
TRIGGER: dict[str, Json] = {"key": "welcome", "recipients": "u-1"}
CANCEL: dict[str, Json] = {"key": "welcome", "cancellation_key": "order-7"}


def user(user_id: str) -> dict[str, Json]:
    return {"collection": "$users", "id": user_id}


def test_a_trigger_says_who_gets_what() -> None:
    given: dict[str, Json] = {
        **TRIGGER,
        "data": {"total": 5},
        "actor": "u-2",
        "tenant": "t-1",
        "cancellation_key": "order-7",
    }
    assert scenario.payload("workflows_trigger", **given) == {
        "key": "welcome",
        "recipients": [user("u-1")],
        "data": {"total": 5},
        "actor": user("u-2"),
        "tenant": "t-1",
        "cancellation_key": "order-7",
        "identify": [{"collection": "$tenants", "id": "t-1", "properties": {}}],
    }


@pytest.mark.parametrize("name", ["data", "actor", "tenant", "cancellation_key"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_a_trigger_does_not_have_is_left_out(name: str, value: Json) -> None:
    given: dict[str, Json] = {**TRIGGER, name: {} if name == "data" else value}
    assert scenario.payload("workflows_trigger", **given) == {"key": "welcome", "recipients": [user("u-1")]}


def test_a_known_recipient_gets_a_run() -> None:
    assert scenario.perform("workflows_trigger", WELCOME, **TRIGGER) == Done(result={"recipients": [user("u-1")]})


def test_an_unknown_recipient_gets_no_run_and_a_warning() -> None:
    done = scenario.perform("workflows_trigger", WELCOME, key="welcome", recipients=["u-1", "u-9", "u-2"])
    assert isinstance(done, Done)
    assert done.result == {"recipients": [user("u-1"), user("u-2")]}
    (warning,) = done.warnings
    assert "recipient 'u-9' of '$users' is not known, so it got no run" in warning


@pytest.mark.parametrize(
    ("recipient", "reached"),
    [
        ({"id": "u-9"}, user("u-9")),
        ({"id": "u-9", "name": "Noor"}, user("u-9")),
        ({"collection": "teams", "id": "7", "name": "Red"}, {"collection": "teams", "id": "7"}),
    ],
)
def test_a_recipient_described_inline_is_identified_and_gets_a_run(recipient: Json, reached: Json) -> None:
    done = scenario.perform("workflows_trigger", WELCOME, key="welcome", recipients=recipient)
    assert done == Done(result={"recipients": [reached]})


def test_a_reference_to_an_unknown_object_gets_no_run() -> None:
    given: dict[str, Json] = {"collection": "teams", "id": "7"}
    done = scenario.perform("workflows_trigger", WELCOME, key="welcome", recipients=given)
    assert isinstance(done, Done)
    assert (done.result, len(done.warnings)) == ({"recipients": []}, 1)


def test_a_thousand_recipients_are_the_most() -> None:
    thousand: list[Json] = [f"u-{number}" for number in range(1_000)]
    assert len(scenario.payload("workflows_trigger", key="welcome", recipients=thousand)["recipients"]) == 1_000
    more: list[Json] = [*thousand, "u-0"]
    assert scenario.unfit("workflows_trigger", key="welcome", recipients=more) == ("too_many_recipients", "recipients")
    assert scenario.unfit("workflows_cancel", **CANCEL, recipients=more) == ("too_many_recipients", "recipients")


@pytest.mark.parametrize(
    "recipients",
    [
        [{"id": "u-1", "$trigger_data": {"seat": 4}}, "u-2"],
        [{"collection": "$users", "id": "u-1", "$trigger_data": {"seat": 4}}, "u-2", "u-1"],
    ],
)
def test_data_of_one_recipient_goes_to_that_one(recipients: list[Json]) -> None:
    payload = scenario.payload("workflows_trigger", key="welcome", recipients=recipients)
    assert payload["trigger_data"] == [{**user("u-1"), "data": {"seat": 4}}]
    assert all(entry["properties"] == {} for entry in payload.get("identify", []))


def test_what_the_first_mention_of_a_recipient_leaves_open_a_later_one_says() -> None:
    given: list[Json] = [{**user("u-1"), "$trigger_data": {"seat": 4}}, {"id": "u-1", "name": "Noor"}]
    payload = scenario.payload("workflows_trigger", key="welcome", recipients=given)
    assert payload["trigger_data"] == [{**user("u-1"), "data": {"seat": 4}}]
    assert payload["identify"] == [{**user("u-1"), "properties": {"name": "Noor"}}]


def test_data_of_one_recipient_is_an_object() -> None:
    given: list[Json] = [{"id": "u-1", "$trigger_data": "seat"}]
    assert scenario.unfit("workflows_trigger", key="welcome", recipients=given) == (
        "invalid_params",
        "recipients[0].$trigger_data",
    )


@pytest.mark.parametrize(
    ("tenant", "properties"),
    [("t-1", {}), ({"id": "t-1"}, {}), ({"id": "t-1", "name": "Acme"}, {"name": "Acme"})],
)
def test_a_tenant_is_there_once_somebody_names_it(tenant: Json, properties: Json) -> None:
    payload = scenario.payload("workflows_trigger", **TRIGGER, tenant=tenant)
    assert payload["tenant"] == "t-1"
    assert payload["identify"] == [{"collection": "$tenants", "id": "t-1", "properties": properties}]


def test_an_actor_described_inline_is_identified() -> None:
    payload = scenario.payload("workflows_trigger", **TRIGGER, actor={"id": "u-3", "name": "Mira"})
    assert payload["identify"] == [{**user("u-3"), "properties": {"name": "Mira"}}]


def test_an_unknown_actor_stops_nothing() -> None:
    done = scenario.perform("workflows_trigger", WELCOME, **TRIGGER, actor="u-9")
    assert done == Done(result={"recipients": [user("u-1")]})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"data": "text"}, "data"),
        ({"data": [1]}, "data"),
        ({"actor": True}, "actor"),
        ({"actor": ["u-1"]}, "actor"),
        ({"tenant": ["t-1"]}, "tenant"),
        ({"tenant": {"name": "Acme"}}, "tenant.id"),
        ({"cancellation_key": {"id": 1}}, "cancellation_key"),
        ({"cancellation_key": "a\0b"}, "cancellation_key"),
        ({"cancellation_key": "a" * 257}, "cancellation_key"),
        ({"key": ""}, "key"),
        ({"recipients": []}, "recipients"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_problem_of_its_field(given: dict[str, Json], field: str) -> None:
    assert scenario.unfit("workflows_trigger", **{**TRIGGER, **given})[1] == field


@pytest.mark.parametrize(("action_type", "given"), [("workflows_trigger", TRIGGER), ("workflows_cancel", CANCEL)])
def test_a_workflow_must_exist(action_type: str, given: dict[str, Json]) -> None:
    problem = scenario.perform(action_type, scenario.knowing(("user", "u-1")), **given)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == ("workflow_missing", "key")


def test_a_workflow_must_be_active_to_start() -> None:
    problem = scenario.perform("workflows_trigger", scenario.knowing(("user", "u-1"), welcome=False), **TRIGGER)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == ("workflow_inactive", "key")


@pytest.mark.parametrize(("key", "text"), [("order-7", "order-7"), (7, "7")])
def test_a_run_can_be_cancelled_by_the_key_under_which_it_was_started(key: Json, text: str) -> None:
    assert scenario.payload("workflows_trigger", **TRIGGER, cancellation_key=key)["cancellation_key"] == text
    assert scenario.payload("workflows_cancel", key="welcome", cancellation_key=key)["cancellation_key"] == text


RUNS = (OpenRun(id="run-1", recipient=user("u-1")), OpenRun(id="run-2", recipient=user("u-2")))
OPEN = {**scenario.knowing(welcome=True), ("runs", "welcome", "order-7"): RUNS}


@pytest.mark.parametrize(
    ("recipients", "cancelled"),
    [
        (None, ["run-1", "run-2"]),
        ("u-2", ["run-2"]),
        (["u-2", {"id": "u-1"}, "u-9"], ["run-1", "run-2"]),
    ],
)
def test_cancelling_ends_the_open_runs_of_those_who_are_named_or_of_all(recipients: Json, cancelled: list[str]) -> None:
    done = scenario.perform("workflows_cancel", OPEN, **CANCEL, recipients=recipients)
    assert done == Done(result={"enqueued": True, "cancelled": cancelled})


@pytest.mark.parametrize("recipients", ["u-9", {"collection": "teams", "id": "u-1"}])
def test_cancelling_where_no_run_is_open_says_so(recipients: Json) -> None:
    done = scenario.perform("workflows_cancel", OPEN, **CANCEL, recipients=recipients)
    assert done == Done(
        result={"enqueued": True, "cancelled": []},
        warnings=("no run of 'welcome' with cancellation key 'order-7' is open",),
    )


def test_runs_of_an_inactive_workflow_can_be_cancelled() -> None:
    done = scenario.perform("workflows_cancel", {**OPEN, **scenario.knowing(welcome=False)}, **CANCEL)
    assert isinstance(done, Done)
    assert done.result["cancelled"] == ["run-1", "run-2"]


def test_actions_on_workflows_look_for_what_they_need() -> None:
    given: dict[str, Json] = {**TRIGGER, "actor": "u-2", "tenant": "t-1"}
    assert scenario.prepare("workflows_trigger", **given).references == (
        ("workflow", "welcome"),
        ("user", "u-1"),
        ("user", "u-2"),
        ("tenant", "t-1"),
    )
    assert scenario.prepare("workflows_cancel", **CANCEL).references == (
        ("workflow", "welcome"),
        ("runs", "welcome", "order-7"),
    )


def _wants_total(schema: Mapping[str, Json], data: Mapping[str, Json]) -> tuple[str, str] | None:
    assert schema == {"required": ["total"]}
    return None if "total" in data else ("", "has no total")


SCHEMATIC = {
    **WELCOME,
    ("workflow", "welcome"): KnownWorkflow(active=True, schema={"required": ["total"]}, check=_wants_total),
}


def test_data_that_the_schema_does_not_want_is_a_problem() -> None:
    problem = scenario.perform("workflows_trigger", SCHEMATIC, **TRIGGER, data={"sum": 1})
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == ("trigger_data_invalid", "data")
    assert "has no total" in problem.message


def test_data_that_the_schema_wants_starts_runs() -> None:
    assert isinstance(scenario.perform("workflows_trigger", SCHEMATIC, **TRIGGER, data={"total": 1}), Done)


def test_data_of_one_recipient_goes_before_what_is_for_all() -> None:
    people: list[Json] = [{"collection": "$users", "id": "u-1", "$trigger_data": {"seat": 4}}, "u-2"]
    payload = scenario.payload("workflows_trigger", key="welcome", recipients=people, data={"seat": 0, "total": 1})
    assert workflows.data_for(payload, user("u-1")) == {"seat": 4, "total": 1}
    assert workflows.data_for(payload, user("u-2")) == {"seat": 0, "total": 1}
