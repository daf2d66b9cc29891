"""Conditions: which paths, operators and values there are, and when they hold."""

import pytest

from domain import conditions
from domain.conditions import Condition, ConditionInvalid
from domain.json_values import Json

CONTEXT: dict[str, Json] = {
    "recipient": {"name": "Noor", "plan": "team", "seats": 5, "tags": ["a", "b"], "vip": True, "none": None, "no": []},
    "actor": None,
    "data": {"total": 12.5, "text": ""},
}


def holds(path: str, operator: str, value: Json = None) -> bool:
    return conditions.hold([Condition(path=path, operator=operator, value=value)], CONTEXT)


@pytest.mark.parametrize(
    ("path", "operator", "value"),
    [
        ("recipient.plan", "equal_to", "team"),
        ("recipient.seats", "equal_to", 5.0),
        ("recipient.none", "equal_to", None),
        ("recipient.missing", "equal_to", None),
        ("recipient.vip", "not_equal_to", 1),
        ("recipient.seats", "greater_than", 4),
        ("data.total", "greater_than_or_equal_to", 12.5),
        ("data.total", "less_than", 13),
        ("recipient.name", "less_than_or_equal_to", "Noor"),
        ("recipient.tags", "contains", "b"),
        ("recipient.name", "contains", "oo"),
        ("recipient", "contains", "plan"),
        ("recipient.tags", "not_contains", "c"),
        ("recipient.missing", "empty", None),
        ("recipient.no", "empty", None),
        ("data.text", "empty", None),
        ("actor.id", "empty", None),
        ("data.total", "not_empty", None),
    ],
)
def test_a_condition_holds(path: str, operator: str, value: Json) -> None:
    assert holds(path, operator, value)


@pytest.mark.parametrize(
    ("path", "operator", "value"),
    [
        ("recipient.plan", "equal_to", "TEAM"),
        ("recipient.vip", "equal_to", 1),
        ("recipient.vip", "greater_than", 0),
        ("recipient.seats", "greater_than", "4"),
        ("recipient.missing", "greater_than", 0),
        ("recipient.missing", "less_than", 0),
        ("recipient.seats", "contains", 5),
        ("recipient.tags", "contains", True),
        ("recipient.seats", "empty", None),
        ("recipient.missing", "not_empty", None),
    ],
)
def test_a_condition_does_not_hold(path: str, operator: str, value: Json) -> None:
    assert not holds(path, operator, value)


def test_all_conditions_must_hold_and_none_is_no_condition() -> None:
    true = Condition(path="recipient.plan", operator="equal_to", value="team")
    false = Condition(path="recipient.plan", operator="empty")
    assert conditions.hold([], CONTEXT)
    assert conditions.hold([true, true], CONTEXT)
    assert not conditions.hold([true, false], CONTEXT)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({}, "c"),
        ([1], "c[0]"),
        ([{"operator": "empty"}], "c[0].path"),
        ([{"path": "body.x", "operator": "empty"}], "c[0].path"),
        ([{"path": "data..x", "operator": "empty"}], "c[0].path"),
        ([{"path": "data.x", "operator": "is"}], "c[0].operator"),
        ([{"path": "data.x", "operator": "equal_to"}], "c[0].value"),
        ([{"path": "data.x", "operator": "empty"}] * 51, "c"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_by_its_place(raw: Json, field: str) -> None:
    with pytest.raises(ConditionInvalid) as refusal:
        conditions.parse(raw, "c")
    assert refusal.value.field == field


def test_conditions_are_read_as_they_are_written() -> None:
    written: list[Json] = [
        {"path": "data.x", "operator": "equal_to", "value": None},
        {"path": "vars.LIVE", "operator": "not_empty"},
    ]
    assert [conditions.as_json(each) for each in conditions.parse(written, "c")] == written
    assert conditions.parse(None, "c") == ()
