"""Subscriptions: who may follow an object, in which forms they are named, and what happens to what is unknown."""

import pytest

from domain.actions import values
from domain.actions.outcomes import Done
from domain.json_values import Json
from tests import scenario

PROJECT: dict[str, Json] = {"collection": "projects", "object_id": "p-1"}
KNOWN = scenario.knowing(("object", "projects", "p-1"))


def follower(entity_id: str, collection: str = "$users") -> dict[str, Json]:
    return {"collection": collection, "id": entity_id}


@pytest.mark.parametrize("action_type", ["objects_subscribe", "objects_unsubscribe"])
@pytest.mark.parametrize(
    ("given", "people"),
    [
        ("u-1", [follower("u-1")]),
        (17, [follower("17")]),
        (["u-1", 2], [follower("u-1"), follower("2")]),
        ({"id": "u-1"}, [follower("u-1")]),
        ({"collection": "$users", "id": "u-1"}, [follower("u-1")]),
        ({"collection": None, "id": "u-1"}, [follower("u-1")]),
        ({"collection": "teams", "id": 7}, [follower("7", "teams")]),
        ([{"collection": "teams", "id": "7"}, "7"], [follower("7", "teams"), follower("7")]),
        (["u-1", "u-2", "u-1", {"id": "u-2"}], [follower("u-1"), follower("u-2")]),
    ],
)
def test_recipients_are_ids_references_or_descriptions_each_once(
    action_type: str, given: Json, people: list[Json]
) -> None:
    assert scenario.payload(action_type, **PROJECT, recipients=given)["recipients"] == people


@pytest.mark.parametrize("action_type", ["objects_subscribe", "objects_unsubscribe"])
@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ([], "recipients_empty", "recipients"),
        ("", "invalid_params", "recipients"),
        (True, "invalid_params", "recipients"),
        (1.5, "invalid_params", "recipients"),
        (["u-1", None], "invalid_params", "recipients[1]"),
        (["u-1", ["u-2"]], "invalid_params", "recipients[1]"),
        ([{"name": "Noor"}], "invalid_params", "recipients[0].id"),
        ({"id": True}, "invalid_params", "recipients.id"),
        ({"id": "7", "collection": {"name": "teams"}}, "invalid_params", "recipients.collection"),
    ],
)
def test_what_is_no_recipient_is_a_problem_with_its_place(action_type: str, given: Json, code: str, field: str) -> None:
    assert scenario.unfit(action_type, **PROJECT, recipients=given) == (code, field)


@pytest.mark.parametrize("action_type", ["objects_subscribe", "objects_unsubscribe"])
def test_any_number_of_recipients_may_follow(action_type: str) -> None:
    many: list[Json] = [f"u-{number}" for number in range(2_500)]
    assert scenario.perform(action_type, KNOWN, **PROJECT, recipients=many) == Done(
        result={"count": 2_500, "created_object": False} if action_type == "objects_subscribe" else {"count": 2_500}
    )


def test_subscribing_looks_for_the_object_and_for_those_who_follow() -> None:
    given: list[Json] = ["u-1", {"collection": "teams", "id": "7"}]
    assert scenario.prepare("objects_subscribe", **PROJECT, recipients=given).references == (
        ("object", "projects", "p-1"),
        ("user", "u-1"),
        ("object", "teams", "7"),
        ("subscribers", "teams", "7"),
    )


def test_subscribing_to_an_object_that_is_not_there_creates_it_and_says_so() -> None:
    assert scenario.perform("objects_subscribe", {}, **PROJECT, recipients="u-1") == Done(
        result={"count": 1, "created_object": True},
        warnings=("object 'p-1' did not exist in 'projects'; it was created empty",),
    )


def test_those_described_inline_are_identified() -> None:
    given: list[Json] = ["u-1", {"id": "u-2", "name": "Noor"}, {"collection": "teams", "id": "7", "size": 3}]
    assert scenario.payload("objects_subscribe", **PROJECT, recipients=given)["identify"] == [
        {**follower("u-2"), "properties": {"name": "Noor"}},
        {**follower("7", "teams"), "properties": {"size": 3}},
    ]


def test_of_two_descriptions_of_one_recipient_the_first_counts_and_before_a_mere_reference() -> None:
    given: list[Json] = ["u-1", {"id": "u-1", "name": "Noor"}, {"id": "u-1", "name": "Other"}, "u-1"]
    assert scenario.payload("objects_subscribe", **PROJECT, recipients=given)["identify"] == [
        {**follower("u-1"), "properties": {"name": "Noor"}}
    ]


def test_a_subscription_has_properties_of_its_own() -> None:
    given: dict[str, Json] = {"role": "owner", "id": "x"}
    subscribed = scenario.payload("objects_subscribe", **PROJECT, recipients="u-1", properties=given)
    assert subscribed["properties"] == {"role": "owner"}
    assert scenario.unfit("objects_subscribe", **PROJECT, recipients="u-1", properties=3) == (
        "invalid_params",
        "properties",
    )


def test_unsubscribing_passes_over_subscriptions_that_are_not_there() -> None:
    assert scenario.perform("objects_unsubscribe", {}, **PROJECT, recipients=["u-1", "u-2"]) == Done(
        result={"count": 2}
    )


@pytest.mark.parametrize("action_type", ["objects_subscribe", "objects_unsubscribe"])
@pytest.mark.parametrize("field", ["collection", "object_id"])
def test_the_object_is_named_by_collection_and_id(action_type: str, field: str) -> None:
    given: dict[str, Json] = {**PROJECT, field: {"id": 1}}
    assert scenario.unfit(action_type, **given, recipients="u-1") == ("invalid_params", field)


def test_numbers_name_objects_too() -> None:
    numbered = scenario.payload("objects_subscribe", collection="projects", object_id=17, recipients="u-1")
    assert numbered["object_id"] == "17"


def test_properties_of_a_subscription_and_of_those_described_inline_are_bounded() -> None:
    large = "x" * values.MOST_BYTES
    given: dict[str, Json] = {**PROJECT, "recipients": "u-1", "properties": {"bio": large}}
    assert scenario.unfit("objects_subscribe", **given) == ("properties_too_large", "properties")
    described: list[Json] = ["u-1", {"id": "u-2", "bio": large}]
    for action_type in ("objects_subscribe", "objects_unsubscribe"):
        named = scenario.unfit(action_type, **PROJECT, recipients=described)
        assert named == ("properties_too_large", "recipients[1]")


def test_a_mapping_takes_more_followers_than_a_call_of_the_api() -> None:
    many: list[Json] = [f"u-{number}" for number in range(1_001)]
    for action_type in ("objects_subscribe", "objects_unsubscribe"):
        assert len(scenario.payload(action_type, **PROJECT, recipients=many)["recipients"]) == 1_001
