"""Members of audiences: a member is a user and a tenant or none, in whichever form the sender names them."""

import pytest

from domain.actions.outcomes import Done, Problem
from domain.json_values import Json
from tests import scenario

BOTH = pytest.mark.parametrize("action_type", ["audiences_add_member", "audiences_remove_member"])
KNOWN = scenario.knowing(("audience", "vips"))


def member(user_id: str, tenant: str | None = None, inline: Json = None) -> dict[str, Json]:
    return {"user_id": user_id, "tenant": tenant, "inline": inline}


@BOTH
@pytest.mark.parametrize(
    ("given", "tenant", "members"),
    [
        ("u-1", None, [member("u-1")]),
        (17, None, [member("17")]),
        (["u-1", 2], None, [member("u-1"), member("2")]),
        ("u-1", "t-1", [member("u-1", "t-1")]),
        ("u-1", 5, [member("u-1", "5")]),
        ("u-1", "", [member("u-1")]),
        ({"id": "u-1", "name": "Noor"}, None, [member("u-1", None, {"name": "Noor"})]),
        ({"id": "u-1"}, None, [member("u-1", None, {})]),
        ({"user": "u-1"}, None, [member("u-1")]),
        ({"user": {"id": "u-1", "name": "Noor"}}, "t-1", [member("u-1", "t-1", {"name": "Noor"})]),
        ({"user": "u-1", "tenant": "t-2"}, "t-1", [member("u-1", "t-2")]),
        ({"user": "u-1", "tenant": None}, "t-1", [member("u-1", "t-1")]),
        (["u-1", "u-1", "u-2"], None, [member("u-1"), member("u-2")]),
        (["u-1", {"id": "u-1", "name": "Noor"}, "u-1"], None, [member("u-1", None, {"name": "Noor"})]),
        ([{"user": "u-1", "tenant": "t-1"}, "u-1"], None, [member("u-1", "t-1"), member("u-1")]),
    ],
)
def test_a_member_is_a_user_and_a_tenant_or_none_each_once(
    action_type: str, given: Json, tenant: Json, members: list[Json]
) -> None:
    assert scenario.payload(action_type, key="vips", members=given, tenant=tenant)["members"] == members


@BOTH
@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ([], "members_empty", "members"),
        (["u-1", None], "invalid_params", "members[1]"),
        ([True], "invalid_params", "members[0]"),
        ([{"name": "Noor"}], "invalid_params", "members[0].id"),
        ([{"user": None}], "invalid_params", "members[0]"),
        ([{"user": "u-1", "tenant": ["t-1"]}], "invalid_params", "members[0].tenant"),
        ([{"id": "7", "collection": "teams"}], "invalid_params", "members[0]"),
    ],
)
def test_what_is_no_member_is_a_problem_with_its_place(action_type: str, given: Json, code: str, field: str) -> None:
    assert scenario.unfit(action_type, key="vips", members=given) == (code, field)


@BOTH
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": ""}, "key"),
        ({"key": {"id": "vips"}}, "key"),
        ({"key": "vips", "tenant": {"id": "t-1"}}, "tenant"),
        ({"key": "vips", "tenant": True}, "tenant"),
    ],
)
def test_key_and_tenant_are_ids(action_type: str, given: dict[str, Json], field: str) -> None:
    assert scenario.unfit(action_type, members="u-1", **given) == ("invalid_params", field)


@BOTH
def test_an_action_looks_for_its_audience(action_type: str) -> None:
    assert scenario.prepare(action_type, key=7, members="u-1").references == (("audience", "7"),)


def test_members_are_added() -> None:
    assert scenario.perform("audiences_add_member", KNOWN, key="vips", members=["u-1", "u-2"]) == Done(
        result={"added": 2, "created_audience": False}
    )


@pytest.mark.parametrize("create", [None, True])
def test_an_audience_that_is_not_there_is_created(create: Json) -> None:
    assert scenario.perform("audiences_add_member", {}, key="vips", members="u-1", create_audience=create) == Done(
        result={"added": 1, "created_audience": True}
    )


def test_an_audience_that_is_not_there_is_missing_where_it_may_not_be_created() -> None:
    problem = scenario.perform("audiences_add_member", {}, key="vips", members="u-1", create_audience=False)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == ("audience_missing", "key")


@pytest.mark.parametrize("create", ["true", 1, {}])
def test_creating_an_audience_is_true_or_false(create: Json) -> None:
    assert scenario.unfit("audiences_add_member", key="vips", members="u-1", create_audience=create) == (
        "invalid_params",
        "create_audience",
    )


def test_more_than_a_thousand_members_are_added_at_once() -> None:
    many: list[Json] = [{"user_id": number, "id": number} for number in range(1_001)]
    assert scenario.perform("audiences_add_member", KNOWN, key="vips", members=many) == Done(
        result={"added": 1_001, "created_audience": False}
    )


def test_members_are_removed() -> None:
    assert scenario.perform("audiences_remove_member", KNOWN, key="vips", members=["u-1"]) == Done(
        result={"removed": 1}
    )


def test_nobody_is_removed_from_an_audience_that_is_not_there() -> None:
    assert scenario.perform("audiences_remove_member", {}, key="vips", members=["u-1"]) == Done(
        result={"removed": 0}, warnings=("audience 'vips' does not exist; nobody was removed",)
    )


@BOTH
def test_a_mapping_takes_more_members_than_a_call_of_the_api(action_type: str) -> None:
    many: list[Json] = [f"u-{number}" for number in range(1_001)]
    assert len(scenario.payload(action_type, key="vips", members=many)["members"]) == 1_001
