"""Census: what its custom destination answers, and what of a batch is asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from domain import syncs
from domain.destinations import census
from domain.json_rpc import INVALID_PARAMS, Fault
from domain.json_values import Json
from domain.syncs import Membership, Sync

OBJECT: Mapping[str, Json] = {"object_api_name": "audience", "label": "Audiences"}
RECORDS: Sequence[Json] = [{"user_id": "zoe", "audience_key": "beta"}, {"user_id": 12, "audience_key": "beta"}]


def answer(method: str, **params: Json) -> Any:
    return census.METHODS[method](params)


def batch(records: Json = RECORDS, operation: Json = "upsert", of: Json = OBJECT) -> Sync:
    found = answer("sync_batch", sync_plan={"object": of, "operation": operation, "schema": {}}, records=records)
    assert isinstance(found, Sync)
    return found


def test_it_has_the_six_methods() -> None:
    names = {"test_connection", "list_objects", "list_fields", "supported_operations", "get_sync_speed", "sync_batch"}
    assert set(census.METHODS) == names


def test_its_one_object_is_the_audience_which_is_added_to_or_mirrored() -> None:
    assert answer("test_connection") == {"success": True}
    assert answer("list_objects") == {"objects": [OBJECT]}
    assert answer("supported_operations", object=OBJECT) == {"operations": ["insert", "mirror"]}


def test_its_fields_are_a_required_identifier_and_the_audience() -> None:
    fields = answer("list_fields", object=OBJECT)["fields"]
    assert [(each["field_api_name"], each["identifier"]) for each in fields] == [
        ("user_id", True),
        ("audience_key", False),
    ]
    for each in fields:
        assert (each["required"], each["type"], each["array"]) == (True, "string", False)
        assert each.keys() >= {"label", "createable", "updateable"}


def test_a_batch_is_no_larger_than_one_operation() -> None:
    speed = answer("get_sync_speed", sync_plan={})
    assert speed["maximum_batch_size"] == syncs.AT_ONCE
    assert 0 < speed["maximum_parallel_batches"] <= 50
    assert speed["maximum_records_per_second"] > 0


@pytest.mark.parametrize("operation", ["insert", "upsert", "mirror"])
def test_a_batch_adds_and_never_makes_an_audience(operation: str) -> None:
    asked = batch(operation=operation)
    assert (asked.removing, asked.creating) == (False, False)
    assert asked.entries == (
        Membership(audience="beta", user_id="zoe"),
        Membership(audience="beta", user_id="12"),
    )


def test_a_delete_removes() -> None:
    assert batch(operation="delete").removing


def test_a_result_has_the_identifier_as_it_was_sent() -> None:
    assert batch().report([None, "no"]) == {
        "record_results": [
            {"identifier": "zoe", "success": True},
            {"identifier": 12, "success": False, "error_message": "no"},
        ]
    }


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"audience_key": "beta"}, "user_id is missing"),
        ({"user_id": "", "audience_key": "beta"}, "user_id is missing"),
        ({"user_id": "zoe"}, "audience_key is missing"),
        ({"USER_ID": "zoe", "audience_key": "beta"}, "case-sensitive"),
        ({"user_id": 1.5, "audience_key": "beta"}, "the user id is a number"),
        ({"user_id": "zoe", "audience_key": ["beta"]}, "the audience key is a list"),
        (None, "the record is null"),
        ("zoe", "the record is a string"),
    ],
)
def test_a_bad_record_fails_alone(record: Json, words: str) -> None:
    good, bad = batch([RECORDS[0], record]).entries
    assert isinstance(good, Membership)
    assert words in str(bad)


def test_a_record_that_is_no_object_has_no_identifier() -> None:
    assert batch(["zoe"]).report(["no"]) == {
        "record_results": [{"identifier": None, "success": False, "error_message": "no"}]
    }


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"operation": "update"}, "sync_plan.operation is 'update'; it must be one of delete, insert, mirror, upsert"),
        ({"operation": None}, "sync_plan.operation is null"),
        ({"of": {"object_api_name": "user"}}, "sync_plan.object.object_api_name is 'user'"),
        ({"of": None}, "sync_plan.object.object_api_name is null"),
        ({"records": None}, "records is null; it must be a list"),
        ({"records": [{}] * 5_001}, "records has 5001 entries"),
    ],
)
def test_a_batch_that_cannot_be_is_a_fault(edit: Mapping[str, Any], words: str) -> None:
    with pytest.raises(Fault, match=words) as raised:
        batch(**edit)
    assert raised.value.code == INVALID_PARAMS


@pytest.mark.parametrize("method", ["list_fields", "supported_operations"])
def test_there_is_no_other_object(method: str) -> None:
    with pytest.raises(Fault, match="the only object is 'audience'"):
        answer(method, object={"object_api_name": "users"})
