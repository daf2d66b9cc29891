"""Each of the twelve actions as calls of Knock's API, and what an answer means for one."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain import knock_answers, knock_calls, touches
from domain.actions import catalogue
from domain.json_values import Json
from domain.knock_calls import Call
from tests import scenario

ANN = {"id": "ann", "name": "Ann"}


def calls(action_type: str, **given: Json) -> tuple[Call, ...]:
    return knock_calls.of(action_type, scenario.payload(action_type, **given))


def touched(action_type: str, **given: Json) -> set[str]:
    return set(touches.of(action_type, scenario.payload(action_type, **given)))


TABLE: list[tuple[str, Mapping[str, Any], str, tuple[str, ...], Mapping[str, Any], Mapping[str, Any]]] = [
    (
        "users_identify",
        {"id": "ann", "name": "Ann", "email": None, "properties": {"plan": {"a": [1]}}, "channel_data": {"c": {}}},
        "users.update",
        ("ann",),
        {"name": "Ann", "email": None, "plan": {"a": [1]}, "channel_data": {"c": {}}},
        {},
    ),
    ("users_delete", {"id": 7}, "users.delete", ("7",), {}, {}),
    (
        "objects_set",
        {"collection": "plans", "id": "a/b", "name": "Team", "properties": {"price": 1.5}},
        "objects.set",
        ("plans", "a/b"),
        {"name": "Team", "price": 1.5},
        {},
    ),
    ("objects_delete", {"collection": "plans", "id": "p"}, "objects.delete", ("plans", "p"), {}, {}),
    (
        "tenants_set",
        {"id": "acme", "name": "Acme", "settings": {"branding": {}}, "properties": {"big": True}},
        "tenants.set",
        ("acme",),
        {"name": "Acme", "settings": {"branding": {}}, "big": True},
        {},
    ),
    ("tenants_delete", {"id": "acme"}, "tenants.delete", ("acme",), {}, {}),
    (
        "objects_subscribe",
        {
            "collection": "plans",
            "object_id": "p",
            "recipients": ["ben", ANN, {"collection": "teams", "id": "t"}],
            "properties": {"role": "x"},
        },
        "objects.add_subscriptions",
        ("plans", "p"),
        {"recipients": ["ben", ANN, {"collection": "teams", "id": "t"}], "properties": {"role": "x"}},
        {},
    ),
    (
        "objects_unsubscribe",
        {"collection": "plans", "object_id": "p", "recipients": [ANN, {"collection": "teams", "id": "t", "n": 1}]},
        "objects.delete_subscriptions",
        ("plans", "p"),
        {"recipients": ["ann", {"collection": "teams", "id": "t"}]},
        {},
    ),
    (
        "audiences_add_member",
        {"key": "vips", "members": ["ben", {"user": ANN, "tenant": "acme"}], "create_audience": True},
        "audiences.add_members",
        ("vips",),
        {"members": [{"user": {"id": "ben"}}, {"user": ANN, "tenant": "acme"}]},
        {"create_audience": True},
    ),
    (
        "audiences_add_member",
        {"key": "vips", "members": ["ben"], "create_audience": False},
        "audiences.add_members",
        ("vips",),
        {"members": [{"user": {"id": "ben"}}]},
        {},
    ),
    (
        "audiences_remove_member",
        {"key": "vips", "members": [{"user": ANN, "tenant": "acme"}]},
        "audiences.remove_members",
        ("vips",),
        {"members": [{"user": {"id": "ann"}, "tenant": "acme"}]},
        {},
    ),
    (
        "workflows_trigger",
        {
            "key": "welcome",
            "recipients": ["nobody", {**ANN, "$trigger_data": {"vip": True}}, {"collection": "teams", "id": "t"}],
            "data": {"n": 1},
            "actor": {"id": "ben", "name": "Ben"},
            "tenant": {"id": "acme", "name": "Acme"},
            "cancellation_key": "c",
        },
        "workflows.trigger",
        ("welcome",),
        {
            "recipients": ["nobody", {**ANN, "$trigger_data": {"vip": True}}, {"collection": "teams", "id": "t"}],
            "data": {"n": 1},
            "actor": {"id": "ben", "name": "Ben"},
            "tenant": {"id": "acme", "name": "Acme"},
            "cancellation_key": "c",
        },
        {},
    ),
    (
        "workflows_trigger",
        {"key": "welcome", "recipients": "ann", "tenant": "acme", "actor": "ben"},
        "workflows.trigger",
        ("welcome",),
        {"recipients": ["ann"], "tenant": "acme", "actor": "ben"},
        {},
    ),
    (
        "workflows_cancel",
        {"key": "welcome", "cancellation_key": "c", "recipients": ["ann"]},
        "workflows.cancel",
        ("welcome",),
        {"cancellation_key": "c", "recipients": ["ann"]},
        {},
    ),
    (
        "workflows_cancel",
        {"key": "welcome", "cancellation_key": "c"},
        "workflows.cancel",
        ("welcome",),
        {"cancellation_key": "c"},
        {},
    ),
]


@pytest.mark.parametrize(("action_type", "given", "operation", "path", "body", "query"), TABLE)
def test_an_action_is_this_call(
    action_type: str,
    given: Mapping[str, Any],
    operation: str,
    path: tuple[str, ...],
    body: Mapping[str, Any],
    query: Mapping[str, Any],
) -> None:
    assert calls(action_type, **given) == (Call(operation=operation, path=path, body=body, query=query),)


def test_no_action_is_left_out() -> None:
    assert {row[0] for row in TABLE} == set(catalogue.ACTIONS)


@pytest.mark.parametrize(
    ("action_type", "name", "given", "sizes"),
    [
        ("objects_subscribe", "recipients", {"collection": "c", "object_id": "o"}, [100, 100, 50]),
        ("objects_unsubscribe", "recipients", {"collection": "c", "object_id": "o"}, [100, 100, 50]),
        ("audiences_add_member", "members", {"key": "vips"}, [1_000, 1_000, 500]),
        ("audiences_remove_member", "members", {"key": "vips"}, [1_000, 1_000, 500]),
    ],
)
def test_more_than_an_account_takes_at_once_becomes_several_calls(
    action_type: str, name: str, given: Mapping[str, Any], sizes: list[int]
) -> None:
    people = [f"u-{number}" for number in range(sum(sizes))]
    made = calls(action_type, **{**given, name: people})
    chunks: list[Any] = [call.body[name] for call in made]
    assert [len(chunk) for chunk in chunks] == sizes
    flat = [each["user"]["id"] if name == "members" else each for chunk in chunks for each in chunk]
    assert flat == people


def test_actions_about_the_same_touch_each_other_and_others_do_not() -> None:
    ann, ben = touched("users_identify", id="ann"), touched("users_delete", id="ben")
    assert not ann & ben
    trigger = touched("workflows_trigger", key="w", recipients=["ann"], actor="ben", tenant="t", cancellation_key="c")
    assert ann < trigger
    assert ben < trigger
    assert touched("tenants_set", id="t") < trigger
    assert trigger & touched("workflows_cancel", key="w", cancellation_key="c")
    assert touched("objects_set", collection="c", id="o") < touched(
        "objects_subscribe", collection="c", object_id="o", recipients=["ann"]
    )
    assert ann < touched("audiences_add_member", key="vips", members=["ann"])
    assert not touched("objects_set", collection="c", id="ann") & ann


def test_what_is_touched_gives_nobody_away() -> None:
    assert not any("ann" in each for each in touched("users_identify", id="ann@example.com"))


MISSING = b'{"code":"resource_missing","message":"gone"}'


@pytest.mark.parametrize(
    ("status", "answer", "removes", "outcome", "code"),
    [
        (200, b"", False, "delivered", "answered"),
        (204, b"", True, "delivered", "answered"),
        (301, b"", False, "failed", "redirected"),
        (401, b"", False, "refused", "unauthorized"),
        (403, b"", True, "refused", "unauthorized"),
        (404, MISSING, False, "refused", "resource_missing"),
        (404, MISSING, True, "delivered", "already_gone"),
        (404, b"<html>", True, "refused", "answered"),
        (408, b"", False, "failed", "answered"),
        (409, b"", False, "failed", "answered"),
        (410, b"", False, "refused", "answered"),
        (422, b'{"code":"invalid_params","message":"' + b"x" * 5_000, False, "refused", "invalid_params"),
        (422, b'{"code":5}', False, "refused", "answered"),
        (422, b"[]", False, "refused", "answered"),
        (429, b"", False, "failed", "busy"),
        (500, b"", True, "failed", "answered"),
        (503, b"", False, "failed", "busy"),
    ],
)
def test_an_answer_means_this(status: int, answer: bytes, removes: bool, outcome: str, code: str) -> None:
    attempt = knock_answers.judged(status, 5, answer, 7.0, removes=removes)
    assert (attempt.outcome, attempt.code, attempt.status) == (outcome, code, status)
    assert attempt.retry_after == (7.0 if outcome == "failed" else attempt.retry_after)
