"""Syncs: records become operations by audience, a bad one stays out alone, and each is told what came of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import syncs
from domain.json_values import Json
from domain.syncs import Membership, Portion, Sync
from domain.webhooks import ActionError, ActionExecuted, ActionFailed

ZOE, ADA = Membership(audience="beta", user_id="zoe"), Membership(audience="alpha", user_id="ada", tenant="acme")
COMMON = {
    "evaluation": 1,
    "mapping_id": "m",
    "source": "$api",
    "environment": "development",
    "event_type": "x",
    "action_type": "x",
    "parameters": {},
    "payload": {},
    "origins": {},
}


def sync(*entries: syncs.Entry, removing: bool = False, creating: bool = False) -> Sync:
    return Sync(removing=removing, creating=creating, entries=entries, report=list)


def executed(**result: Json) -> ActionExecuted:
    return ActionExecuted(**COMMON, result=result, executed_at=datetime(2026, 1, 15, tzinfo=UTC))  # type: ignore[arg-type]


def failed(code: str, message: str) -> ActionFailed:
    return ActionFailed(**COMMON, error=ActionError(code=code, message=message))  # type: ignore[arg-type]


def refusal(asked: Sync, outcome: ActionExecuted | ActionFailed | None) -> str | None:
    [portion] = syncs.portions(asked)
    return syncs.refusal(asked, portion, outcome)


def test_records_become_one_operation_for_each_audience() -> None:
    also = Membership(audience="beta", user_id="bob", tenant="acme")
    assert syncs.portions(sync(ZOE, "the record is null", ADA, also, creating=True)) == (
        Portion(
            operation={
                "operation": "audiences.add_members",
                "key": "beta",
                "members": [{"user": "zoe", "tenant": None}, {"user": "bob", "tenant": "acme"}],
                "create_audience": True,
            },
            places=(0, 3),
        ),
        Portion(
            operation={
                "operation": "audiences.add_members",
                "key": "alpha",
                "members": [{"user": "ada", "tenant": "acme"}],
                "create_audience": True,
            },
            places=(2,),
        ),
    )


def test_removing_asks_for_removal() -> None:
    [portion] = syncs.portions(sync(ZOE, removing=True))
    members = [{"user": "zoe", "tenant": None}]
    assert portion.operation == {"operation": "audiences.remove_members", "key": "beta", "members": members}


def test_nothing_that_can_be_is_no_operation() -> None:
    assert syncs.portions(sync("no", "no")) == ()


@given(st.lists(st.sampled_from(["a", "b", None]), max_size=3_000))
def test_an_operation_has_a_thousand_members_at_most_and_no_record_is_lost(audiences: Sequence[str | None]) -> None:
    entries = [
        "no" if audience is None else Membership(audience=audience, user_id=str(number))
        for number, audience in enumerate(audiences)
    ]
    portions = syncs.portions(sync(*entries))
    assert all(0 < len(portion.places) <= 1_000 for portion in portions)
    assert sorted(place for portion in portions for place in portion.places) == [
        place for place, entry in enumerate(entries) if entry != "no"
    ]


def test_a_thousand_and_one_are_two_operations() -> None:
    many = [Membership(audience="beta", user_id=str(number)) for number in range(1_001)]
    assert [len(portion.places) for portion in syncs.portions(sync(*many))] == [1_000, 1]


def test_each_record_is_told_what_came_of_its_own_operation() -> None:
    asked = sync(ZOE, "the record is null", ADA)
    first, second = syncs.portions(asked)
    assert syncs.refusals(asked, [(first, None), (second, "gone")]) == (None, "the record is null", "gone")


def test_an_audience_that_is_missing_is_named() -> None:
    words = "audience 'beta' does not exist in this environment; create it first"
    assert refusal(sync(ZOE), failed("audience_missing", "set create_audience")) == words
    assert refusal(sync(ZOE, removing=True), executed(removed=0)) == words
    assert refusal(sync(ZOE, removing=True, creating=True), executed(removed=0)) is None


def test_what_was_carried_out_is_not_refused() -> None:
    assert refusal(sync(ZOE), executed(added=1, created_audience=False)) is None
    assert refusal(sync(ZOE, removing=True), executed(removed=1)) is None


def test_any_other_failure_speaks_for_itself() -> None:
    assert refusal(sync(ZOE), failed("invalid_params", "members is odd")) == "members is odd"
    assert "server's log" in str(refusal(sync(ZOE), None))


@pytest.mark.parametrize("tenant", [None, ""])
def test_an_empty_tenant_is_none(tenant: Json) -> None:
    assert syncs.membership(audience="beta", user_id="zoe", tenant=tenant) == ZOE


def test_numbers_become_texts() -> None:
    assert syncs.membership(audience=7, user_id=12, tenant=0) == Membership(audience="7", user_id="12", tenant="0")


@pytest.mark.parametrize("odd", [None, "", True, 1.5, [], {}, "x" * 257, "a\0b"])
def test_a_record_that_cannot_be_says_why(odd: Json) -> None:
    for words in (
        syncs.membership(audience="beta", user_id=odd),
        syncs.membership(audience=odd, user_id="zoe"),
    ):
        assert isinstance(words, str)
        assert words.startswith(("the user id ", "the audience key "))
