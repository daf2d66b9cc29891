"""Hightouch: what its embedded destination answers, and what of its rows is asked for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from domain.destinations import hightouch
from domain.json_rpc import INVALID_PARAMS, Fault
from domain.json_values import Json
from domain.syncs import Membership, Sync

CONFIGURATION: Mapping[str, Json] = {
    "object": "audiences",
    "mode": "mirror",
    "identifierMapping": {"from": "uid", "to": "user_id"},
    "mappings": [{"from": "org", "to": "tenant"}],
    "audience_key": "beta",
}
ROW: Mapping[str, Json] = {"pk": 1, "uid": "zoe", "org": "acme"}


def answer(method: str, **params: Json) -> Any:
    return hightouch.METHODS[method](params)


def rows(*given: Json, method: str = "add", edit: Mapping[str, Json] = MappingProxyType({})) -> Sync:
    found = answer(method, idColumn="pk", configuration={**CONFIGURATION, **edit}, rows=list(given))
    assert isinstance(found, Sync)
    return found


def test_it_has_the_nine_methods() -> None:
    names = {"list_objects", "list_modes", "list_fields", "list_options", "validate", "behavior"}
    assert set(hightouch.METHODS) == names | {"add", "change", "remove"}


def test_its_one_object_has_two_modes_two_fields_and_a_required_key() -> None:
    [found] = answer("list_objects")["objects"]
    assert found == {"id": "audiences", "label": "Audiences"}
    modes = answer("list_modes", object="audiences")["modes"]
    assert [(each["id"], each["label"]) for each in modes] == [("insert", "Insert only"), ("mirror", "Mirror")]
    fields = answer("list_fields", object="audiences", mode="insert")["fields"]
    assert [(each["id"], each["type"], each.get("identifier")) for each in fields] == [
        ("user_id", "STRING", True),
        ("tenant", "STRING", None),
    ]
    schema = answer("list_options", object="audiences")["options"]["schema"]
    assert (schema["required"], schema["properties"]["audience_key"]["type"]) == (["audience_key"], "string")


@pytest.mark.parametrize("method", ["list_modes", "list_fields", "list_options"])
def test_there_is_no_other_object(method: str) -> None:
    with pytest.raises(Fault, match="object is 'users'; it must be audiences") as raised:
        answer(method, object="users")
    assert raised.value.code == INVALID_PARAMS


@pytest.mark.parametrize(("mode", "removes"), [("insert", False), ("mirror", True)])
def test_only_a_mirror_removes_and_nothing_changes(mode: str, removes: bool) -> None:
    assert answer("behavior", configuration={**CONFIGURATION, "mode": mode}) == {
        "batchSize": 1_000,
        "operations": {"add": True, "change": False, "remove": removes},
        "skipInitialRun": False,
    }


def test_a_configuration_that_can_be_has_no_errors() -> None:
    assert answer("validate", configuration=CONFIGURATION) == {"errors": []}
    assert answer("validate", configuration={**CONFIGURATION, "mappings": None}) == {"errors": []}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"object": "users"}, "Object is 'users'"),
        ({"mode": "upsert"}, "Mode is 'upsert'"),
        ({"identifierMapping": None}, "User ID has no column"),
        ({"identifierMapping": {"from": "uid", "to": "email"}}, "User ID has no column"),
        ({"identifierMapping": {"from": None, "to": "user_id"}}, "must be given by its name"),
        ({"mappings": [{"from": "e", "to": "email"}]}, "'email' is no field"),
        ({"mappings": [{"from": 1, "to": "tenant"}]}, "the column of 'tenant'"),
        ({"audience_key": ""}, "Audience key must be 1 to 256"),
        ({"audience_key": None}, "Audience key is null"),
    ],
)
def test_a_configuration_that_cannot_be_is_told_of_and_not_synced(edit: Mapping[str, Json], words: str) -> None:
    [error] = answer("validate", configuration={**CONFIGURATION, **edit})["errors"]
    assert words in error
    with pytest.raises(Fault) as raised:
        rows(ROW, edit=edit)
    assert (raised.value.code, str(raised.value)) == (INVALID_PARAMS, error)


def test_rows_are_added_by_their_columns_and_make_the_audience() -> None:
    asked = rows(ROW, {"pk": 2, "uid": 7, "org": ""})
    assert (asked.removing, asked.creating) == (False, True)
    assert asked.entries == (
        Membership(audience="beta", user_id="zoe", tenant="acme"),
        Membership(audience="beta", user_id="7"),
    )


def test_without_a_mapping_there_is_no_tenant() -> None:
    assert rows(ROW, edit={"mappings": []}).entries == (Membership(audience="beta", user_id="zoe"),)


def test_rows_are_removed_in_a_mirror_alone() -> None:
    assert rows(ROW, method="remove").removing
    with pytest.raises(Fault, match=r"configuration\.mode is 'insert'; it must be mirror"):
        rows(ROW, method="remove", edit={"mode": "insert"})


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"pk": 2, "org": "acme"}, "no column 'uid', which user_id is mapped to"),
        ({"pk": 2, "uid": "bob"}, "no column 'org', which tenant is mapped to"),
        ({"pk": 2, "uid": None, "org": None}, "the user id is null"),
        ({"pk": 2, "uid": "bob", "org": []}, "the tenant is a list"),
        (None, "the row is null"),
    ],
)
def test_a_bad_row_is_rejected_alone_with_its_id_and_words(row: Any, words: str) -> None:
    asked = rows(ROW, row)
    good, bad = asked.entries
    assert isinstance(good, Membership)
    assert words in str(bad)
    report: Any = asked.report([None, str(bad)])
    [rejected] = report["rejectedRows"]
    assert (rejected["row"], rejected["error"]) == (row, bad)
    assert row is None or rejected["pk"] == 2


def test_nothing_rejected_is_an_empty_list() -> None:
    assert rows(ROW).report([None]) == {"rejectedRows": []}


def test_a_changed_row_is_rejected_and_says_what_to_do() -> None:
    [rejected] = answer("change", idColumn="pk", configuration=CONFIGURATION, rows=[ROW])["rejectedRows"]
    assert (rejected["pk"], rejected["row"]) == (1, ROW)
    assert "cannot be synced" in rejected["error"]


@pytest.mark.parametrize("given", [None, {}, [{}] * 5_001])
def test_rows_are_a_list_of_bounded_length(given: Json) -> None:
    with pytest.raises(Fault, match=r"^rows "):
        answer("add", idColumn="pk", configuration=CONFIGURATION, rows=given)
