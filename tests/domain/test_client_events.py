"""What a client sends becomes an event: nothing is lost but the write key, and what is added is known."""

import pytest

from domain import client_events
from domain.json_values import Json


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"writeKey": "wk_1"}, "wk_1"),
        ({"api_key": "wk_1"}, "wk_1"),
        ({"writeKey": "wk_1", "api_key": "wk_2"}, "wk_1"),
        ({"writeKey": 7, "api_key": "wk_2"}, "wk_2"),
        ({"writeKey": ["wk_1"]}, None),
        ({}, None),
    ],
)
def test_a_body_names_its_write_key_as_segment_or_as_posthog_does(body: dict[str, Json], key: str | None) -> None:
    assert client_events.write_key(body) == key


def test_a_call_is_of_the_kind_that_its_path_says() -> None:
    assert client_events.called({"userId": "zoe", "writeKey": "wk_1"}, "page") == {"userId": "zoe", "type": "page"}
    assert client_events.called({"type": None}, "page") == {"type": "page"}


def test_a_call_that_says_its_kind_itself_is_believed() -> None:
    assert client_events.called({"type": "screen"}, "page") == {"type": "screen"}


def test_an_event_has_what_its_batch_says_for_all() -> None:
    envelope: dict[str, Json] = {"context": {"ip": "192.0.2.1"}, "integrations": {"All": True}, "sentAt": "now"}
    assert client_events.batched({"type": "track"}, envelope) == {
        "type": "track",
        "context": {"ip": "192.0.2.1"},
        "integrations": {"All": True},
    }


def test_what_an_event_says_itself_counts_before_what_its_batch_says() -> None:
    merged = client_events.batched({"context": {"ip": "::1"}}, {"context": {"ip": "192.0.2.1", "locale": "nl"}})
    assert merged == {"context": {"ip": "::1", "locale": "nl"}}
    assert client_events.batched({"context": "odd"}, {"context": {"ip": "::1"}}) == {"context": "odd"}


def test_an_event_never_brings_the_write_key_along() -> None:
    assert client_events.batched({"type": "track", "writeKey": "wk_1", "api_key": "wk_1"}, {}) == {"type": "track"}


def test_a_capture_has_the_names_that_posthog_s_destinations_use() -> None:
    capture: dict[str, Json] = {"event": "seen", "distinct_id": "zoe", "uuid": "u-1", "properties": {}}
    assert client_events.captured(capture) == {**capture, "messageId": "u-1", "userId": "zoe"}


def test_a_capture_that_has_these_names_keeps_them() -> None:
    capture: dict[str, Json] = {"distinct_id": "d", "uuid": "u-1", "messageId": "m-1", "userId": "zoe"}
    assert client_events.captured(capture) is capture


def test_what_a_capture_sets_is_among_its_properties() -> None:
    capture: dict[str, Json] = {"event": "$set", "properties": {"$lib": "x"}, "$set": {"name": "Zoe"}}
    assert client_events.captured(capture)["properties"] == {"$lib": "x", "$set": {"name": "Zoe"}}
    assert client_events.captured({"$set_once": {"name": "Zoe"}})["properties"] == {"$set_once": {"name": "Zoe"}}
    both: dict[str, Json] = {"properties": {"$set": {"name": "Zoe"}}, "$set": {"name": "Z", "plan": "pro"}}
    assert client_events.captured(both)["properties"] == {"$set": {"name": "Zoe", "plan": "pro"}}


@pytest.mark.parametrize(
    "odd", [{"$set": {}}, {"$set": {"x": 1}, "properties": [1]}, {"uuid": None, "distinct_id": None}]
)
def test_an_odd_capture_is_left_as_it_is(odd: dict[str, Json]) -> None:
    assert client_events.captured(odd) is odd
