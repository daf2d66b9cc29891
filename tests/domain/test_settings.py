"""Settings: what people write is laid over what is in force, and refused where it cannot be."""

from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import settings
from domain.json_values import Json
from domain.settings import Settings
from domain.verification import Verification
from tests import examples

BASE = examples.SETTINGS


def parse(raw: Mapping[str, Json], base: Settings = BASE) -> Settings:
    return settings.parse(raw, base=base, field="settings")


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"enabled": False}, "enabled", False),
        ({"enforce_verification": False}, "enforce_verification", False),
        ({"enforce_idempotency": False}, "enforce_idempotency", False),
        ({"enforce_idempotency": None}, "enforce_idempotency", None),
        ({"handle_identifies": None}, "handle_identifies", None),
        ({"event_type_path": " body.event "}, "event_type_path", "body.event"),
        ({"timestamp_path": None}, "timestamp_path", None),
        ({"idempotency_key_path": ""}, "idempotency_key_path", None),
        ({"idempotency_window_seconds": 1}, "idempotency_window_seconds", 1),
        ({"idempotency_window_seconds": 2_592_000}, "idempotency_window_seconds", 2_592_000),
        ({"preprocessor": "clerk"}, "preprocessor", "clerk"),
        ({"preprocessor": None}, "preprocessor", None),
        ({"verification": None}, "verification", Verification("none", {})),
        (
            {"verification": {"scheme": "hmac", "header": "x-sig"}},
            "verification",
            Verification("hmac", {"header": "x-sig"}),
        ),
    ],
)
def test_a_setting_that_is_named_changes_and_nothing_else(raw: Mapping[str, Json], name: str, value: Any) -> None:
    assert parse(raw) == attrs.evolve(BASE, **{name: value})


def test_what_the_api_only_shows_is_passed_over() -> None:
    shown: dict[str, Json] = {
        "endpoint": "https://…/abc",
        "secrets": [],
        "dialect": "legacy",
        "preprocess_script": None,
    }
    assert parse(shown) == BASE


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"enabled": None}, "enabled"),
        ({"enabled": "yes"}, "enabled"),
        ({"enforce_verification": None}, "enforce_verification"),
        ({"enforce_verification": 1}, "enforce_verification"),
        ({"enforce_idempotency": 0}, "enforce_idempotency"),
        ({"event_type_path": "body..type"}, "event_type_path"),
        ({"event_type_path": 7}, "event_type_path"),
        ({"timestamp_path": {"path": "body.at"}}, "timestamp_path"),
        ({"idempotency_window_seconds": 0}, "idempotency_window_seconds"),
        ({"idempotency_window_seconds": 2_592_001}, "idempotency_window_seconds"),
        ({"idempotency_window_seconds": True}, "idempotency_window_seconds"),
        ({"idempotency_window_seconds": 60.0}, "idempotency_window_seconds"),
        ({"idempotency_window_seconds": None}, "idempotency_window_seconds"),
        ({"verification": "stripe"}, "verification"),
        ({"verification": {"header": "x-sig"}}, "verification"),
        ({"verification": {"scheme": None}}, "verification"),
        ({"preprocessor": "shell"}, "preprocessor"),
        ({"preprocessor": 1}, "preprocessor"),
        ({"preprocessor": ["clerk"]}, "preprocessor"),
        ({"preprocessor": {"clerk": True}}, "preprocessor"),
        ({"preprocess_script": "return 1"}, "preprocess_script"),
        ({"preprocess_script": {"source": "x", "version": 2}}, "preprocess_script"),
        ({"preprocess_script": {"language": "python", "source": "x"}}, "preprocess_script.language"),
        ({"preprocess_script": {"language": "javascript", "source": ""}}, "preprocess_script.source"),
        ({"preprocess_script": {"language": "javascript", "source": "ü" * 32_769}}, "preprocess_script.source"),
        ({"batch_path": "headers.records"}, "batch_path"),
        ({"batch_path": "body"}, "batch_path"),
        ({"batch_path": "body.records[*]"}, "batch_path"),
        ({"batch_path": "body.records", "preprocess_script": {"source": "x"}}, "batch_path"),
        ({"idempotencyKeyPath": "body.id"}, "idempotencyKeyPath"),
        ({"idempotency_key_path": None, "enforce_idempotency": True}, "idempotency_key_path"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(raw: Mapping[str, Json], field: str) -> None:
    with pytest.raises(settings.SettingInvalid, match=rf"settings\.{field}") as refusal:
        parse(raw)
    assert refusal.value.field == f"settings.{field}"


def test_enforcing_idempotency_is_fine_where_a_path_is_in_force_already() -> None:
    assert parse({"enforce_idempotency": True}).deduplicates


@pytest.mark.parametrize(
    ("path", "enforced", "deduplicates"),
    [
        ("body.id", None, True),
        ("body.id", True, True),
        ("body.id", False, False),
        (None, None, False),
        (None, False, False),
    ],
)
def test_deliveries_are_compared_where_there_is_a_path_unless_it_is_switched_off(
    path: str | None, enforced: bool | None, deduplicates: bool
) -> None:
    compared = Settings(idempotency_key_path=path, enforce_idempotency=enforced)
    assert compared.deduplicates is deduplicates


def test_a_window_is_a_day_unless_somebody_says_otherwise() -> None:
    assert Settings().idempotency_window_seconds == 24 * 60 * 60


JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from([*settings.SWITCHES, *settings.PATHS, *settings.READ_ONLY, "verification", "preprocessor"])


@given(st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=4))
def test_whatever_people_write_is_taken_or_refused(raw: dict[str, Json]) -> None:
    try:
        parsed = parse(raw)
    except settings.SettingInvalid:
        return
    assert parse(raw, parsed) == parsed
