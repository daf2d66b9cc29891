"""A batch becomes one body for each element of its list, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import batches
from domain.json_values import Json

REQUEST: dict[str, Json] = {
    "event": "sync.records",
    "object": {"name": "accounts", "records": [{"hash": "a1"}, {"hash": "b2"}]},
}


def test_every_element_stands_alone_where_the_list_stood() -> None:
    assert batches.split(REQUEST, "body.object.records") == [
        {"event": "sync.records", "object": {"name": "accounts", "records": {"hash": "a1"}}},
        {"event": "sync.records", "object": {"name": "accounts", "records": {"hash": "b2"}}},
    ]


@pytest.mark.parametrize("path", ["body.records", "body.event", "body.object", "body.object.records.hash"])
def test_a_body_without_a_list_there_stays_whole(path: str) -> None:
    assert batches.split(REQUEST, path) == [REQUEST]


def test_an_empty_list_stays_on_record_as_one_body() -> None:
    assert batches.split({"records": []}, "body.records") == [{"records": []}]


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(), st.dictionaries(st.text(), st.integers())), min_size=1))
def test_the_elements_put_together_are_the_list(elements: list[Json]) -> None:
    parts = batches.split({"a": {"b": elements}, "c": 1}, "body.a.b")
    assert [part["a"]["b"] for part in parts] == elements  # type: ignore[index, call-overload]
    assert all(part["c"] == 1 for part in parts)
