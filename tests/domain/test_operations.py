"""Operations: what clients of the directory send becomes calls, within bounds and with what they meant."""

from collections.abc import Callable, Mapping

import pytest

from domain import api_calls, operations
from domain.actions import values
from domain.json_values import Json
from domain.operations import CallRefused, Operation

RECIPIENTS: Mapping[str, Json] = {"recipients": ["u-1"]}
LARGE: Json = {"text": "x" * values.MOST_BYTES}


def test_a_user_s_own_fields_stand_apart_from_custom_properties() -> None:
    described: Mapping[str, Json] = {"name": "Zoë", "plan": "team", "preferences": {"a": 1}, "properties": 7}
    assert operations.update_user("u-1", described) == {
        "operation": "users.update",
        "id": "u-1",
        "name": "Zoë",
        "preferences": {"a": 1},
        "properties": {"plan": "team", "properties": 7},
    }


def test_the_id_of_the_path_is_the_one_that_counts() -> None:
    assert operations.update_user("u-1", {"id": "u-2"})["id"] == "u-1"
    assert operations.set_object("plans", "p-1", {"id": "p-2", "collection": "other"}) == {
        "operation": "objects.set",
        "collection": "plans",
        "id": "p-1",
        "properties": {},
    }


def test_a_null_is_kept_since_it_overwrites() -> None:
    assert operations.update_user("u-1", {"name": None, "plan": None}) == {
        "operation": "users.update",
        "id": "u-1",
        "name": None,
        "properties": {"plan": None},
    }


@pytest.mark.parametrize(
    "made",
    [
        operations.update_user("u-1", {}),
        operations.delete_user("u-1"),
        operations.set_object("plans", "p-1", {}),
        operations.delete_object("plans", "p-1"),
        operations.set_tenant("t-1", {"settings": {}}),
        operations.delete_tenant("t-1"),
        operations.add_subscriptions("plans", "p-1", {**RECIPIENTS, "properties": {}}),
        operations.delete_subscriptions("plans", "p-1", RECIPIENTS),
        operations.add_members("vips", {"members": ["u-1"]}, create=True),
        operations.remove_members("vips", {"members": ["u-1"]}),
        operations.trigger(
            "welcome", {**RECIPIENTS, "data": {}, "actor": "u-2", "tenant": "t", "cancellation_key": "c"}
        ),
        operations.cancel("welcome", {"cancellation_key": "c", **RECIPIENTS}),
    ],
)
def test_every_operation_is_one_that_the_built_in_source_reads(made: Operation) -> None:
    _, members = api_calls.OPERATIONS[str(made["operation"])]
    assert set(made) - {"operation"} <= set(members)


@pytest.mark.parametrize(
    "make",
    [
        lambda: operations.update_user("u-1", {"bio": LARGE}),
        lambda: operations.set_object("plans", "p-1", {"bio": LARGE}),
        lambda: operations.set_tenant("t-1", {"bio": LARGE}),
        lambda: operations.add_subscriptions("plans", "p-1", {**RECIPIENTS, "properties": LARGE}),
        lambda: operations.add_members("vips", {"members": [{"user": {"id": "u-1", "bio": LARGE}}]}, create=False),
        lambda: operations.trigger("welcome", {"recipients": [{"id": "u-1", "bio": LARGE}]}),
    ],
)
def test_more_than_256_kib_of_properties_are_refused(make: Callable[[], Operation]) -> None:
    with pytest.raises(CallRefused, match="at most 262,144"):
        make()


def test_as_many_bytes_as_are_allowed_are_taken() -> None:
    around = len('{"text":""}')
    operations.update_user("u-1", {"text": "x" * (values.MOST_BYTES - around)})
    with pytest.raises(CallRefused):
        operations.update_user("u-1", {"text": "x" * (values.MOST_BYTES - around + 1)})


@pytest.mark.parametrize(("count", "taken"), [(0, False), (1, True), (100, True), (101, False)])
def test_an_object_takes_up_to_a_hundred_recipients_at_once(count: int, taken: bool) -> None:
    asked: Mapping[str, Json] = {"recipients": [f"u-{number}" for number in range(count)]}
    for make in (operations.add_subscriptions, operations.delete_subscriptions):
        if taken:
            make("plans", "p-1", asked)
        else:
            with pytest.raises(CallRefused, match=f"{count} entries"):
                make("plans", "p-1", asked)


@pytest.mark.parametrize(("count", "taken"), [(0, False), (1_000, True), (1_001, False)])
def test_a_trigger_and_an_audience_take_up_to_a_thousand(count: int, taken: bool) -> None:
    people: list[Json] = [f"u-{number}" for number in range(count)]
    makes: list[Callable[[], Operation]] = [
        lambda: operations.trigger("welcome", {"recipients": people}),
        lambda: operations.add_members("vips", {"members": people}, create=False),
        lambda: operations.remove_members("vips", {"members": people}),
        lambda: operations.cancel("welcome", {"cancellation_key": "c", "recipients": people}),
    ]
    for make in makes:
        if taken:
            make()
        else:
            with pytest.raises(CallRefused, match="1 to 1,000"):
                make()


def test_a_single_recipient_is_a_list_of_one() -> None:
    assert operations.trigger("welcome", {"recipients": "u-1"})["recipients"] == ["u-1"]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: operations.trigger("welcome", {}), "recipients"),
        (lambda: operations.cancel("welcome", {}), "cancellation_key"),
        (lambda: operations.cancel("welcome", {"cancellation_key": ""}), "cancellation_key"),
        (lambda: operations.add_members("vips", {}, create=True), "members"),
        (lambda: operations.add_subscriptions("plans", "p-1", {"recipients": None}), "recipients"),
        (lambda: operations.trigger("welcome", {**RECIPIENTS, "settings": 7}), "settings"),
        (
            lambda: operations.trigger("welcome", {**RECIPIENTS, "settings": {"sandbox_mode": True}}),
            "settings.sandbox_mode",
        ),
    ],
)
def test_what_is_missing_or_cannot_be_is_named(make: Callable[[], Operation], field: str) -> None:
    with pytest.raises(CallRefused) as refusal:
        make()
    assert refusal.value.field == field


def test_settings_that_ask_for_nothing_are_no_matter() -> None:
    settings: Json = {"sandbox_mode": False, "skip_delay": None}
    assert operations.trigger("w", {**RECIPIENTS, "settings": settings}) == operations.trigger("w", RECIPIENTS)


def test_two_triggers_that_say_the_same_are_the_same_whatever_the_order_of_their_members() -> None:
    one = operations.trigger("w", {"recipients": [{"id": "u", "a": 1}], "data": {"x": [{"p": 1, "q": 2}], "y": 2}})
    other = operations.trigger("w", {"data": {"y": 2, "x": [{"q": 2, "p": 1}]}, "recipients": [{"a": 1, "id": "u"}]})
    assert str(one) == str(other)


def test_a_trigger_keeps_the_order_of_its_recipients() -> None:
    assert operations.trigger("w", {"recipients": ["b", "a"]})["recipients"] == ["b", "a"]


@pytest.mark.parametrize(("length", "taken"), [(255, True), (256, False)])
def test_a_key_has_up_to_255_characters(length: int, taken: bool) -> None:
    if taken:
        assert operations.trigger("w", RECIPIENTS, idempotency_key="k" * length)["idempotency_key"] == "k" * length
    else:
        with pytest.raises(CallRefused, match="256 characters"):
            operations.trigger("w", RECIPIENTS, idempotency_key="k" * length)


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_a_trigger_is_compared_with_nothing(key: str | None) -> None:
    assert "idempotency_key" not in operations.trigger("w", RECIPIENTS, idempotency_key=key)


@pytest.mark.parametrize("value", [7, "u-1", None, [], {}, {"id": None}])
def test_an_item_is_an_object_with_an_id(value: Json) -> None:
    with pytest.raises(CallRefused, match="id"):
        operations.item(value)


def test_the_recipients_of_an_operation_are_users_unless_they_say_otherwise() -> None:
    named: Mapping[str, Json] = {"recipients": ["u-1", 7, {"id": "t", "collection": "teams"}]}
    operation = operations.delete_subscriptions("plans", "p-1", named)
    assert operations.recipients_of(operation) == (("$users", "u-1"), ("$users", "7"), ("teams", "t"))
    with pytest.raises(CallRefused):
        operations.recipients_of({"recipients": [None]})
