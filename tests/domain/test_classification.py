"""Classification: which type an event has and when it happened, or why that cannot be told."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from domain import classification, contexts
from domain.json_values import Json
from domain.settings import Settings
from domain.webhooks import ClassificationFailed, WebhookClassified


def classify(
    body: Mapping[str, Json], settings: Settings, headers: Mapping[str, str] | None = None
) -> WebhookClassified | ClassificationFailed:
    return classification.classify(contexts.build(body, headers or {}, settings), settings, evaluation=1)


BY_TYPE = Settings(event_type_path="body.type")


@pytest.mark.parametrize(
    ("value", "event_type"),
    [
        ("invoice.paid", "invoice.paid"),
        (" ", " "),
        ("é" * 255, "é" * 255),
        ("🎉", "🎉"),
        (7, "7"),
        (0, "0"),
        (-1, "-1"),
        (2**70, "1180591620717411303424"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_scalars_become_the_text_that_json_writes(value: Json, event_type: str) -> None:
    assert classify({"type": value}, BY_TYPE) == WebhookClassified(
        evaluation=1, event_type=event_type, event_type_path="body.type", occurred_at=None, preprocess_output={}
    )


def test_an_event_type_may_stand_in_a_header() -> None:
    classified = classify({}, Settings(event_type_path="headers.X-GitHub-Event"), {"x-github-event": "push"})
    assert isinstance(classified, WebhookClassified)
    assert classified.event_type == "push"


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        ({}, "event_type_unresolved", "leads to nothing"),
        ({"type": None}, "event_type_unresolved", "leads to nothing"),
        ({"type": ""}, "event_type_unresolved", "leads to nothing"),
        ({"type": {"name": "a"}}, "event_type_is_object", "is an object"),
        ({"type": ["a"]}, "event_type_is_list", "is a list"),
        ({"type": "a" * 256}, "event_type_unusable", "longer than 255 characters"),
        ({"type": "a\0b"}, "event_type_unusable", "holds NUL"),
    ],
)
def test_what_cannot_be_a_type_leaves_the_webhook_unclassified(body: dict[str, Json], reason: str, words: str) -> None:
    failed = classify(body, BY_TYPE)
    assert isinstance(failed, ClassificationFailed)
    assert (failed.reason, failed.event_type_path) == (reason, "body.type")
    assert words in failed.message
    assert "body.type" in failed.message


def test_a_path_that_leads_to_nothing_is_shown_the_nearest_that_exists() -> None:
    failed = classify({"event_type": "a"}, Settings(event_type_path="body.event_typ"))
    assert isinstance(failed, ClassificationFailed)
    assert failed.nearest == "body.event_type"
    assert "the nearest that exists is body.event_type" in failed.message


def test_without_a_path_nothing_is_classified() -> None:
    failed = classify({"type": "a"}, Settings())
    assert isinstance(failed, ClassificationFailed)
    assert (failed.reason, failed.event_type_path) == ("event_type_path_unset", None)
    assert "settings.event_type_path" in failed.message


AT = datetime(2024, 2, 1, 10, tzinfo=UTC)
TIMED = Settings(event_type_path="body.type", timestamp_path="body.at")


@pytest.mark.parametrize("at", ["2024-02-01T10:00:00Z", 1706781600, "1706781600", 1706781600000])
def test_the_sender_s_time_is_read_in_the_usual_forms(at: Json) -> None:
    classified = classify({"type": "a", "at": at}, TIMED)
    assert isinstance(classified, WebhookClassified)
    assert (classified.occurred_at, classified.warnings) == (AT, ())


@pytest.mark.parametrize("body", [{"type": "a"}, {"type": "a", "at": None}])
def test_no_time_is_no_mistake(body: dict[str, Json]) -> None:
    classified = classify(body, TIMED)
    assert isinstance(classified, WebhookClassified)
    assert (classified.occurred_at, classified.warnings) == (None, ())


@pytest.mark.parametrize("at", ["yesterday", "", True, {"at": 1}, -1])
def test_a_time_that_cannot_be_read_is_a_warning(at: Json) -> None:
    classified = classify({"type": "a", "at": at}, TIMED)
    assert isinstance(classified, WebhookClassified)
    assert classified.occurred_at is None
    assert classified.warnings[0].startswith("the value at body.at is not a time that can be read")


def test_a_webhook_without_a_type_still_has_its_time_and_what_preprocessing_derived() -> None:
    settings = Settings(event_type_path="body.type", timestamp_path="body.at", preprocessor="clerk")
    failed = classify({"at": 1706781600, "data": {"first_name": "Noor"}}, settings)
    assert isinstance(failed, ClassificationFailed)
    assert (failed.occurred_at, failed.preprocess_output) == (AT, {"name": "Noor"})
