"""The identify toggle of legacy sources: a built-in mapping while it is on, and nothing while it is off."""

import pytest

from domain import evaluation, legacy_identifies
from domain.evaluation import Preceding
from domain.json_values import Json
from domain.settings import Settings
from domain.webhooks import ActionExecuted, ActionSkipped, Webhook, WebhookProcessed
from tests import scenario

TOGGLED = Settings(
    dialect="legacy_cdp",
    event_type_path="preprocess.event_type",
    idempotency_key_path="body.messageId",
    enforce_idempotency=False,
    preprocessor="legacy_cdp",
    handle_identifies=True,
)
OFF = Settings(
    dialect="legacy_cdp", event_type_path="preprocess.event_type", preprocessor="legacy_cdp", handle_identifies=False
)


def actions(body: dict[str, Json], settings: Settings = TOGGLED) -> tuple[object, ...]:
    webhook = Webhook(id="w", received=scenario.received(body), body=body)
    return evaluation.evaluate(webhook, scenario.configuration(settings=settings), Preceding())


def test_traits_become_fields_and_the_rest_of_them_properties() -> None:
    traits: Json = {"name": "Zoë", "email": "z@example.com", "phone": "+31201234567", "plan": "pro", "timezone": "UTC"}
    [_, _, done, _] = actions({"type": "identify", "userId": "u-1", "traits": traits})
    assert isinstance(done, ActionExecuted)
    assert done.mapping_id == legacy_identifies.MAPPING_ID
    assert done.payload == {
        "id": "u-1",
        "name": "Zoë",
        "email": "z@example.com",
        "phone_number": "+31201234567",
        "timezone": "UTC",
        "properties": {"plan": "pro"},
    }


def test_traits_under_context_count_and_those_on_top_win() -> None:
    body: dict[str, Json] = {
        "type": "identify",
        "userId": "u-1",
        "traits": {"email": "top@example.com"},
        "context": {"traits": {"email": "below@example.com", "plan": "pro"}},
    }
    [_, _, done, _] = actions(body)
    assert isinstance(done, ActionExecuted)
    assert (done.payload["email"], done.payload["properties"]) == ("top@example.com", {"plan": "pro"})


def test_an_anonymous_visitor_is_skipped_with_words() -> None:
    [_, _, skipped, _] = actions({"type": "identify", "anonymousId": "a-1", "traits": {"email": "z@example.com"}})
    assert isinstance(skipped, ActionSkipped)
    assert skipped.error.field == "id"


def test_while_the_toggle_is_off_an_identify_call_is_on_record_alone() -> None:
    decisions = actions({"type": "identify", "userId": "u-1", "traits": {}}, OFF)
    assert isinstance(decisions[-1], WebhookProcessed)
    assert (decisions[-1].event_type, decisions[-1].outcome) == ("identify", "unmapped")


def test_a_track_call_that_is_named_identify_makes_no_user() -> None:
    decisions = actions({"type": "track", "event": "identify", "userId": "u-1", "traits": {"email": "z@example.com"}})
    assert isinstance(decisions[-1], WebhookProcessed)
    assert (decisions[-1].event_type, decisions[-1].outcome) == ("identify", "unmapped")


@pytest.mark.parametrize("dialect", ["current", "legacy"])
def test_the_toggle_is_for_customer_data_platforms_alone(dialect: str) -> None:
    settings = Settings(dialect=dialect, handle_identifies=True)  # type: ignore[arg-type]
    assert legacy_identifies.mappings(settings) == ()
