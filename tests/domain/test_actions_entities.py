"""Users, objects and tenants: what is set, what is coerced, what is left out, and what deleting finds."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from domain import merging
from domain.actions import values
from domain.actions.outcomes import Done, Reference
from domain.directory import EntityMerged
from domain.json_values import Json
from tests import scenario

EVERYTHING: dict[str, Json] = {
    "id": "u-1",
    "name": "Noor",
    "email": "noor@example.com",
    "phone_number": "+442079460123",
    "avatar": "https://images.example.com/u-1.png",
    "locale": "en-GB",
    "timezone": "Europe/London",
    "created_at": "2026-01-15T12:00:00Z",
    "channel_data": {"c-1": {"tokens": ["t"]}},
    "preferences": {"default": {"workflows": {"welcome": False}}},
    "properties": {"plan": "pro"},
}
SETTING = [
    ("users_identify", {"id": "u-1"}),
    ("objects_set", {"collection": "projects", "id": "p-1"}),
    ("tenants_set", {"id": "t-1"}),
]
DELETING: list[tuple[str, dict[str, Json], Reference]] = [
    ("users_delete", {"id": "u-1"}, ("user", "u-1")),
    ("objects_delete", {"collection": "projects", "id": "u-1"}, ("object", "projects", "u-1")),
    ("tenants_delete", {"id": "u-1"}, ("tenant", "u-1")),
]


def test_a_user_is_identified_with_everything_that_is_given() -> None:
    assert scenario.payload("users_identify", **EVERYTHING) == EVERYTHING
    assert scenario.perform("users_identify", {}, **EVERYTHING) == Done(result={"id": "u-1"})


def test_an_object_is_set_in_its_collection() -> None:
    given: dict[str, Json] = {"collection": "projects", "id": "p-1", "name": "Apollo", "properties": {"open": True}}
    assert scenario.payload("objects_set", **given) == given
    assert scenario.perform("objects_set", {}, **given) == Done(result={"collection": "projects", "id": "p-1"})


def test_a_tenant_is_set_with_its_settings() -> None:
    given: dict[str, Json] = {"id": "t-1", "name": "Acme", "settings": {"branding": {"primary_color": "#fff"}}}
    assert scenario.payload("tenants_set", **given) == {**given, "properties": {}}
    assert scenario.perform("tenants_set", {}, **given) == Done(result={"id": "t-1"})


@pytest.mark.parametrize(("action_type", "required"), SETTING)
def test_what_is_not_given_is_not_in_the_payload_so_that_it_wipes_nothing(
    action_type: str, required: dict[str, Json]
) -> None:
    assert scenario.payload(action_type, **required) == {**required, "properties": {}}


@pytest.mark.parametrize(("action_type", "required"), SETTING)
def test_a_null_overwrites_what_was_there(action_type: str, required: dict[str, Json]) -> None:
    given: dict[str, Json] = {**required, "name": None, "properties": {"plan": None}}
    (merged,) = scenario.effects(action_type, {}, **given)
    assert isinstance(merged, EntityMerged)
    assert merging.merge({"name": "Old", "plan": "pro", "seats": 3}, merged.properties) == {
        "name": None,
        "plan": None,
        "seats": 3,
    }


@pytest.mark.parametrize("properties", [None, {}])
def test_properties_that_are_null_are_none(properties: Json) -> None:
    assert scenario.payload("users_identify", id="u-1", properties=properties)["properties"] == {}


@pytest.mark.parametrize(
    ("action_type", "required", "kept"),
    [
        ("users_identify", {"id": "u-1"}, {"plan": "pro", "email": "x", "collection": "mine"}),
        ("objects_set", {"collection": "projects", "id": "p-1"}, {"plan": "pro", "email": "x"}),
        ("tenants_set", {"id": "t-1"}, {"plan": "pro", "email": "x", "collection": "mine"}),
    ],
)
def test_properties_never_hold_what_the_entity_itself_owns(
    action_type: str, required: dict[str, Json], kept: dict[str, Json]
) -> None:
    whole: dict[str, Json] = {
        "id": "x",
        "__typename": "User",
        "updated_at": "now",
        "collection": "mine",
        "plan": "pro",
        "email": "x",
    }
    assert scenario.payload(action_type, **required, properties=whole)["properties"] == kept


def test_a_parameter_of_its_own_counts_more_than_a_property_of_that_name() -> None:
    (merged,) = scenario.effects(
        "users_identify", {}, id="u-1", email="right@example.com", properties={"email": "wrong@example.com", "age": 4}
    )
    assert isinstance(merged, EntityMerged)
    assert merged.properties == {"email": "right@example.com", "age": 4}


@pytest.mark.parametrize(("value", "text"), [(17, "17"), (2**70, str(2**70)), (0, "0"), ("a/b#c", "a/b#c")])
def test_integers_become_ids(value: Json, text: str) -> None:
    assert scenario.payload("users_identify", id=value)["id"] == text


@pytest.mark.parametrize(("value", "text"), [(17, "17"), (1.5, "1.5"), ("", ""), (None, None)])
def test_numbers_become_texts(value: Json, text: str | None) -> None:
    assert scenario.payload("users_identify", id="u-1", phone_number=value)["phone_number"] == text


@pytest.mark.parametrize("value", ["", "a" * 257, "a\0b", 1.5, True, None, ["u-1"], {"id": "u-1"}])
@pytest.mark.parametrize(
    ("action_type", "given", "field"),
    [
        ("users_identify", {}, "id"),
        ("users_delete", {}, "id"),
        ("objects_set", {"collection": "projects"}, "id"),
        ("objects_set", {"id": "p-1"}, "collection"),
        ("objects_delete", {"id": "p-1"}, "collection"),
        ("tenants_set", {}, "id"),
        ("tenants_delete", {}, "id"),
    ],
)
def test_an_id_is_a_text_of_1_to_256_characters(
    action_type: str, given: Mapping[str, Json], field: str, value: Json
) -> None:
    assert scenario.unfit(action_type, **given, **{field: value}) == ("invalid_params", field)


def test_an_id_may_have_256_characters() -> None:
    assert scenario.payload("users_identify", id="🐍" * 256)["id"] == "🐍" * 256


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": True}, "name"),
        ({"email": ["noor@example.com"]}, "email"),
        ({"avatar": {"url": "x"}}, "avatar"),
        ({"properties": "plan=pro"}, "properties"),
        ({"properties": [{"plan": "pro"}]}, "properties"),
        ({"channel_data": "token"}, "channel_data"),
        ({"preferences": []}, "preferences"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_problem_of_its_field(given: Mapping[str, Json], field: str) -> None:
    assert scenario.unfit("users_identify", id="u-1", **given) == ("invalid_params", field)


@pytest.mark.parametrize(("action_type", "given", "reference"), DELETING)
def test_deleting_what_is_there_deletes_it(action_type: str, given: dict[str, Json], reference: Reference) -> None:
    assert scenario.prepare(action_type, **given).references == (reference,)
    done = scenario.perform(action_type, scenario.knowing(reference), **given)
    assert done == Done(result={"id": "u-1", "deleted": True})


@pytest.mark.parametrize(("action_type", "given", "reference"), DELETING)
def test_deleting_what_is_not_there_says_so(action_type: str, given: dict[str, Json], reference: Reference) -> None:
    assert scenario.perform(action_type, {}, **given) == Done(
        result={"id": "u-1", "deleted": False}, warnings=("'u-1' did not exist; nothing was deleted",)
    )


@pytest.mark.parametrize(("action_type", "named"), SETTING)
@pytest.mark.parametrize("place", ["properties", "channel_data"])
def test_what_an_entity_is_described_with_is_bounded(action_type: str, named: dict[str, Json], place: str) -> None:
    around = len('{"text":""}') if place == "properties" else len('{"channel_data":{"text":""}}')
    exact: dict[str, Json] = {**named, place: {"text": "x" * (values.MOST_BYTES - around)}}
    more: dict[str, Json] = {**named, place: {"text": "x" * (values.MOST_BYTES - around + 1)}}
    assert scenario.unfit(action_type, **exact) == ("", None)
    assert scenario.unfit(action_type, **more) == ("properties_too_large", "properties")


def test_bytes_are_counted_and_not_characters_also_of_values_that_cannot_be_changed() -> None:
    given: dict[str, Json] = {"id": "u-1", "properties": MappingProxyType({"text": "é" * (values.MOST_BYTES // 2)})}
    assert scenario.unfit("users_identify", **given) == ("properties_too_large", "properties")
