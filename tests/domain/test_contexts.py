"""Contexts: the namespaces that paths see."""

import pytest

from domain import contexts, paths
from domain.json_values import Json
from domain.settings import Settings

CURRENT = Settings()
LEGACY = Settings(dialect="legacy")
TRACK: dict[str, Json] = {
    "type": "track",
    "event": "document-shared",
    "userId": "u-17",
    "properties": {"title": "Plan", "recipients": ["u-23"]},
}


def seen(path: str, context: dict[str, Json]) -> object:
    return paths.resolve(paths.parse(path), context)


def test_a_context_holds_body_headers_and_what_preprocessing_derived() -> None:
    assert contexts.build({"id": 1}, {"x-id": "h"}, CURRENT) == {
        "body": {"id": 1},
        "headers": {"x-id": "h"},
        "preprocess": {},
    }


def test_preprocessing_is_seen_under_its_own_name() -> None:
    body: dict[str, Json] = {"data": {"first_name": "Noor", "last_name": "Haddad"}}
    context = contexts.build(body, {}, Settings(preprocessor="clerk"))
    assert seen("preprocess.name", context) == "Noor Haddad"


def test_a_body_cannot_pass_for_a_header() -> None:
    context = contexts.build({"headers": {"x-id": "forged"}, "preprocess": {"name": "forged"}}, {}, CURRENT)
    assert seen("headers.x-id", context) is paths.UNRESOLVED
    assert seen("preprocess.name", context) is paths.UNRESOLVED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.title", "Plan"),
        ("properties.title", "Plan"),
        ("body.properties.title", "Plan"),
        ("user_id", "u-17"),
        ("userId", "u-17"),
        ("event", "document-shared"),
        ("data.recipients", ["u-23"]),
    ],
)
def test_legacy_paths_lead_to_the_properties_and_to_the_original(path: str, value: object) -> None:
    assert seen(path, contexts.build(TRACK, {}, LEGACY)) == value


@pytest.mark.parametrize("properties", [{}, None])
def test_a_legacy_event_without_properties_has_empty_ones(properties: Json) -> None:
    assert contexts.build({**TRACK, "properties": properties}, {}, LEGACY)["data"] == {}
    assert contexts.build({"type": "track"}, {}, LEGACY)["data"] == {}


def test_data_means_the_body_s_data_where_nothing_is_legacy() -> None:
    assert seen("data.title", contexts.build({"data": {"title": "Own"}}, {}, CURRENT)) == "Own"


@pytest.mark.parametrize(("sent", "read"), [("svix", "webhook"), ("webhook", "svix")])
def test_headers_of_standard_webhooks_are_seen_by_both_of_their_names(sent: str, read: str) -> None:
    """Else a captured delivery, sent again under the other names, would have no key and be taken for a new one."""
    context = contexts.build({}, {f"{sent}-id": "msg_1", f"{sent}-timestamp": "1700000000"}, CURRENT)
    assert seen(f"headers.{read}-id", context) == "msg_1"
    assert seen(f"headers.{read}-timestamp", context) == "1700000000"
    assert seen(f"headers.{read}-signature", context) is paths.UNRESOLVED


def test_a_header_that_is_there_is_seen_as_it_is() -> None:
    context = contexts.build({}, {"svix-id": "msg_1", "webhook-id": "msg_2"}, CURRENT)
    assert [seen(f"headers.{name}-id", context) for name in ("svix", "webhook")] == ["msg_1", "msg_2"]
