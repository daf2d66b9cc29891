"""Preprocessing: what each built-in derives from a body, and that nothing at all upsets one."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import preprocessing
from domain.json_values import Json
from domain.preprocessors import readings

USER: dict[str, Json] = {
    "first_name": "Noor",
    "last_name": "Haddad",
    "primary_email_address_id": "idn_2",
    "email_addresses": [
        {"id": "idn_1", "email_address": "old@example.com"},
        {"id": "idn_2", "email_address": "noor@example.com"},
    ],
    "primary_phone_number_id": "idn_3",
    "phone_numbers": [{"id": "idn_3", "phone_number": "+442079460123"}],
}
TRACK: dict[str, Json] = {"type": "track", "event": "order_completed", "userId": "u-17"}
COHORT: dict[str, Json] = {
    "cohort_id": "c9k2",
    "in_cohort": True,
    "message_id": "m-881",
    "computed_time": "1770106500",
    "users": [{"user_id": "u-17"}, {"device_id": "d-4"}, {"user_id": "u-23"}],
}


def derived(name: str, body: dict[str, Json]) -> dict[str, Json]:
    return preprocessing.PREPROCESSORS[name].apply(body)


def clerk(**changes: Json) -> dict[str, Json]:
    return derived("clerk", {"type": "user.created", "data": {**USER, **changes}})


def test_a_clerk_user_has_one_name_and_its_primary_addresses() -> None:
    assert clerk() == {"name": "Noor Haddad", "email": "noor@example.com", "phone": "+442079460123"}


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Noor", None, "Noor"), (None, "Haddad", "Haddad"), ("", "Haddad", "Haddad"), (7, "Haddad", "Haddad")],
)
def test_a_name_is_what_there_is_of_it(first: Json, last: Json, name: str) -> None:
    assert clerk(first_name=first, last_name=last)["name"] == name


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"first_name": None, "last_name": ""}, "name"),
        ({"primary_email_address_id": None}, "email"),
        ({"primary_email_address_id": "idn_9"}, "email"),
        ({"email_addresses": []}, "email"),
        ({"email_addresses": None}, "email"),
        ({"email_addresses": "noor@example.com"}, "email"),
        ({"email_addresses": ["noor@example.com", None]}, "email"),
        ({"email_addresses": [{"id": "idn_2"}]}, "email"),
        ({"primary_email_address_id": None, "email_addresses": [{"email_address": "noor@example.com"}]}, "email"),
        ({"phone_numbers": {"id": "idn_3"}}, "phone"),
    ],
)
def test_what_is_not_there_is_left_out(changes: dict[str, Json], missing: str) -> None:
    assert set(clerk(**changes)) == {"name", "email", "phone"} - {missing}


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": "user"}])
def test_a_body_without_a_user_gives_nothing(body: dict[str, Json]) -> None:
    assert derived("clerk", body) == {}


@pytest.mark.parametrize(
    ("body", "event_type"),
    [
        ({"event": "user.created"}, "user.created"),
        ({"type": "user.created"}, "user.created"),
        ({"event": "user.created", "type": "webhook"}, "user.created"),
        ({"event": None, "type": "user.created"}, "user.created"),
    ],
)
def test_a_workos_event_is_named_by_event_or_else_by_type(body: dict[str, Json], event_type: str) -> None:
    assert derived("workos", body) == {"event_type": event_type}


@pytest.mark.parametrize(
    ("user", "email"),
    [
        ({"email": "ann@example.com", "emails": [{"primary": True, "value": "work@example.com"}]}, "ann@example.com"),
        (
            {"emails": [{"primary": False, "value": "a@example.com"}, {"primary": True, "value": "b@x.example"}]},
            "b@x.example",
        ),
        ({"email": None, "emails": [{"primary": True, "value": "b@x.example"}]}, "b@x.example"),
        ({"emails": [{"primary": False, "value": "a@example.com"}]}, None),
        ({"emails": [{"primary": "yes", "value": "a@example.com"}]}, None),
    ],
)
def test_a_workos_user_has_its_email_or_else_its_primary_one(user: Json, email: str | None) -> None:
    assert derived("workos", {"event": "dsync.user.created", "data": user}).get("email") == email


def test_who_joins_a_workos_group_is_the_user_and_not_the_group() -> None:
    data: Json = {"user": {"first_name": "Ann", "last_name": "Lee"}, "group": {"name": "Crew"}}
    assert derived("workos", {"data": data})["name"] == "Ann Lee"


def test_a_supabase_event_is_schema_table_and_operation() -> None:
    body: dict[str, Json] = {"schema": "auth", "table": "users", "type": "INSERT"}
    assert derived("supabase", body) == {"normalized_event": "auth.users:INSERT"}
    for name in body:
        assert derived("supabase", {**body, name: None}) == {}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"first_name": "Jonas", "last_name": "Lind"}, "Jonas Lind"),
        ({"first_name": "Vera", "last_name": None}, "Vera"),
        ({"name": "#9999", "customer": {"first_name": None, "last_name": "Lind"}}, "Lind"),
        ({"name": "#9999", "customer": None}, None),
    ],
)
def test_a_shopify_customer_has_one_name_wherever_it_stands(body: dict[str, Json], name: str | None) -> None:
    assert derived("shopify", body).get("name") == name


@pytest.mark.parametrize(
    ("call", "current", "legacy"),
    [
        (TRACK, "track/order_completed", "order_completed"),
        ({"type": "track"}, "track", None),
        ({"type": "track", "event": ""}, "track", None),
        ({"type": "track", "event": {"name": "x"}}, "track", None),
        ({"type": "identify", "event": "ignored"}, "identify", "identify"),
        ({"type": "page", "name": "Home"}, "page", "page"),
        ({"event": "order_completed"}, None, None),
        ({"type": ["track"], "event": "order_completed"}, None, None),
    ],
)
def test_a_track_call_is_told_apart_by_its_event(
    call: dict[str, Json], current: str | None, legacy: str | None
) -> None:
    assert derived("cdp", call).get("event_type") == current
    assert derived("legacy_cdp", call).get("event_type") == legacy


@pytest.mark.parametrize("name", ["cdp", "legacy_cdp"])
@pytest.mark.parametrize(
    ("own", "of_context", "traits"),
    [
        ({"plan": "pro"}, {"plan": "free", "name": "Noor"}, {"plan": "pro", "name": "Noor"}),
        ({"plan": None}, {"plan": "free"}, {"plan": None}),
        ({"plan": "pro"}, None, {"plan": "pro"}),
        (None, {"plan": "free"}, {"plan": "free"}),
        ("pro", {"plan": "free"}, {"plan": "free"}),
        (None, None, None),
        ([], "free", None),
    ],
)
def test_a_call_s_own_traits_win_over_those_of_its_context(
    name: str, own: Json, of_context: Json, traits: Json
) -> None:
    call: dict[str, Json] = {"type": "identify", "traits": own, "context": {"traits": of_context}}
    assert derived(name, call).get("traits") == traits


def test_a_legacy_user_s_remaining_traits_are_its_properties() -> None:
    placed: Json = {
        "name": "Noor",
        "email": "n@x.example",
        "phone": "1",
        "avatar": "a",
        "locale": "en",
        "timezone": "UTC",
    }
    call: dict[str, Json] = {"type": "identify", "traits": {"plan": "pro"}, "context": {"traits": placed}}
    assert derived("legacy_cdp", call)["properties"] == {"plan": "pro"}


@pytest.mark.parametrize(
    ("body", "event_type", "key"),
    [
        ({"event_type": "Report Exported", "uuid": "0d1e", "user_id": "u-17"}, "Report Exported", "0d1e"),
        ({"event_type": "Report Exported", "in_cohort": True}, "Report Exported", None),
        ({"in_cohort": True, "message_id": "m-881"}, "cohort.entered", "m-881"),
        ({"in_cohort": False, "message_id": "m-881"}, "cohort.exited", "m-881"),
        ({"user_id": "u-17", "event_time": "t", "uuid": "0d1e"}, "$identify", '["user_id","u-17","t"]'),
        ({"user_id": None, "device_id": "d-4", "event_time": "t"}, "$identify", '["device_id","d-4","t"]'),
        ({"user_id": "u-17", "device_id": "d-4", "event_time": "t"}, "$identify", '["user_id","u-17","t"]'),
        ({"user_id": "u-17"}, "$identify", None),
        ({"event_time": "t"}, "$identify", None),
        ({"in_cohort": "true", "event_type": None}, "$identify", None),
    ],
)
def test_amplitude_s_three_shapes_are_told_apart(body: dict[str, Json], event_type: str, key: str | None) -> None:
    found = derived("amplitude", body)
    assert (found["event_type"], found.get("idempotency_key")) == (event_type, key)


@pytest.mark.parametrize(
    ("body", "user_id"),
    [({"user_id": "u-17", "device_id": "d-4"}, "u-17"), ({"user_id": "", "device_id": "d-4"}, "d-4"), ({}, None)],
)
def test_an_amplitude_user_is_its_device_until_it_has_an_id(body: dict[str, Json], user_id: str | None) -> None:
    assert derived("amplitude", body).get("user_id") == user_id


def test_the_members_of_a_cohort_are_those_with_a_user_id_and_the_others_are_counted() -> None:
    found = derived("amplitude", COHORT)
    assert (found["members"], found["anonymous_members"], found["occurred_at"]) == (["u-17", "u-23"], 1, "1770106500")


@pytest.mark.parametrize("users", [[], None, "u-17", [{"device_id": "d-4"}], [None]])
def test_a_cohort_without_anybody_to_name_has_no_members(users: Json) -> None:
    assert "members" not in derived("amplitude", {**COHORT, "users": users})


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"hash": "b742", "fields": {"id": "u-17"}}, '["u-17","b742"]'),
        ({"hash": "b742", "fields": {"ID": 17}}, '["17","b742"]'),
        ({"hash": "b742", "fields": {"email": "n@x.example"}}, '[null,"b742"]'),
        ({"fields": {"id": "u-17"}}, None),
        ([{"hash": "b742"}], None),
    ],
)
def test_a_polytomic_record_is_known_by_its_id_and_its_hash(record: Json, key: str | None) -> None:
    found = derived("polytomic", {"event": "sync.records", "object": {"name": "Users", "records": record}})
    assert (found["event_type"], found.get("idempotency_key")) == ("Users/record", key)


PARTS = st.lists(st.none() | st.text(), max_size=4)


@given(PARTS, PARTS)
def test_composite_keys_agree_only_where_all_parts_do(one: list[str | None], other: list[str | None]) -> None:
    assert (readings.composite(*one) == readings.composite(*other)) == (one == other)


def test_parts_of_a_composite_key_cannot_be_shifted_into_one_another() -> None:
    assert readings.composite("ab", "c") != readings.composite("a", "bc")
    assert readings.composite("a", None) != readings.composite("a", "null")


# Names that the built-ins look at, so that what is generated gets past their first step.
NAMES = st.sampled_from(
    re.findall(
        "[a-z_]+",
        "type event event_type in_cohort users user_id device_id event_time uuid message_id data user email emails "
        "primary value first_name last_name email_addresses primary_email_address_id id phone_numbers schema table "
        "primary_phone_number_id phone_number customer context traits object name records fields hash",
    )
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats(allow_nan=False) | st.text()
KINDS = st.sampled_from(["track", "identify", "idn_1", True, False])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS | KINDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=6),
    max_leaves=30,
)
BODIES = st.dictionaries(NAMES | st.text(), ANYTHING, max_size=8)


@given(BODIES)
def test_any_body_gives_only_outputs_that_are_described(body: dict[str, Json]) -> None:
    for preprocessor in preprocessing.PREPROCESSORS.values():
        found = preprocessor.apply(body)
        assert found.keys() <= preprocessor.outputs.keys()
        assert None not in found.values()


@pytest.mark.parametrize("name", preprocessing.PREPROCESSORS)
def test_digits_without_end_and_depth_without_end_are_borne(name: str) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value in (10**10_000, deep):
        names = ["type", "event", "event_type", "data", "user_id", "event_time", "customer", "object"]
        bodies: list[dict[str, Any]] = [
            dict.fromkeys(names, value),
            {"data": dict.fromkeys(["email", "primary_email_address_id"], value)},
            {"object": {"records": {"hash": value}}},
            {**COHORT, "users": [{"user_id": value}]},
        ]
        for body in bodies:
            assert derived(name, body).keys() <= preprocessing.PREPROCESSORS[name].outputs.keys()


def test_derived_keys_are_plain_json() -> None:
    assert json.loads(readings.composite("ü\x00\ud800", None)) == ["ü\x00\ud800", None]
