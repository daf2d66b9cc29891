"""The legacy dialect: which bodies are well-formed, and what is said of the others."""

import pytest

from domain import legacy
from domain.json_values import Json

TRACK: dict[str, Json] = {"type": "track", "event": "document-shared"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"properties": {}},
        {"properties": {"title": "Plan"}},
        {"properties": None},
        {"userId": "u-17", "messageId": "m-1", "timestamp": "2024-02-01T10:00:00Z"},
        {"userId": None, "messageId": "", "timestamp": None},
        {"context": {"ip": "127.0.0.1"}},
    ],
)
def test_a_track_call_needs_a_type_and_the_name_of_its_event(more: dict[str, Json]) -> None:
    assert legacy.problem({**TRACK, **more}, "legacy") is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "type is missing"),
        ({"event": "document-shared"}, "type is missing"),
        ({**TRACK, "type": None}, "type is missing"),
        ({**TRACK, "type": "identify"}, "type is 'identify'; it must be \"track\""),
        ({**TRACK, "type": "Track"}, "type is 'Track'"),
        ({**TRACK, "type": ["track"]}, "type is ['track']"),
        ({"type": "track"}, "event is missing"),
        ({**TRACK, "event": ""}, "event is missing"),
        ({**TRACK, "event": 5}, "event is missing"),
        ({**TRACK, "properties": "title=Plan"}, "properties must be an object"),
        ({**TRACK, "properties": ["title"]}, "properties must be an object"),
        ({**TRACK, "properties": 1}, "properties must be an object"),
        ({**TRACK, "userId": 17}, "userId must be a text"),
        ({**TRACK, "messageId": {"id": 1}}, "messageId must be a text"),
        ({**TRACK, "timestamp": 1706781600}, "timestamp must be a text"),
    ],
)
def test_what_is_no_track_call_is_told_why(body: dict[str, Json], words: str) -> None:
    assert words in (legacy.problem(body, "legacy") or "")


@pytest.mark.parametrize("call", ["identify", "page", "screen", "group", "alias"])
def test_a_customer_data_platform_may_send_its_other_calls_too(call: str) -> None:
    assert legacy.problem({"type": call, "userId": "u-17", "traits": {"plan": "pro"}}, "legacy_cdp") is None
    assert 'must be "track"' in (legacy.problem({"type": call}, "legacy") or "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"type": "click"}, 'type is \'click\'; it must be "track" or "identify"'),
        ({"type": "track"}, "event is missing"),
        ({"type": "identify", "traits": ["plan"]}, "traits must be an object"),
        ({"type": "identify", "userId": 17}, "userId must be a text"),
    ],
)
def test_what_no_platform_sends_is_told_why(body: dict[str, Json], words: str) -> None:
    assert words in (legacy.problem(body, "legacy_cdp") or "")


def test_the_current_dialect_asks_for_nothing() -> None:
    assert legacy.problem({}, "current") is None
