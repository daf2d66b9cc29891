"""Idempotency: what counts as a key, how far it reaches, and what an earlier delivery means for a later one."""

from collections.abc import Mapping
from datetime import timedelta

import attrs
import pytest

from domain import contexts, evaluation, idempotency
from domain.configurations import Configuration
from domain.idempotency import Key, Precedent
from domain.json_values import Json
from domain.settings import Settings
from domain.webhooks import IdempotencyDecided, KeyOutcome
from tests import examples, scenario

DAY = timedelta(days=1)
BY_KEY = Settings(event_type_path="body.type", idempotency_key_path="body.key")
FIRST = Precedent(webhook_id="1", received_at=examples.AT, complete=True, done=(), body_digest="abc")


def key_of(body: Mapping[str, Json], settings: Settings = BY_KEY, headers: Mapping[str, str] | None = None) -> Key:
    return idempotency.key_of(contexts.build(body, headers or {}, settings), settings)


@pytest.mark.parametrize(
    ("value", "outcome", "key"),
    [
        ("evt_1", "executed", "evt_1"),
        (" ", "executed", " "),
        ("a" * 255, "executed", "a" * 255),
        ("🔑" * 255, "executed", "🔑" * 255),
        (17, "executed", "17"),
        (0, "executed", "0"),
        (2**70, "executed", "1180591620717411303424"),
        ("", "no_key", None),
        (None, "no_key", None),
        ("a" * 256, "invalid_key", None),
        ("🔑" * 256, "invalid_key", None),
        ("a\0b", "invalid_key", None),
        (1.5, "invalid_key", None),
        (True, "invalid_key", None),
        (False, "invalid_key", None),
        ({"id": "evt_1"}, "invalid_key", None),
        ({}, "invalid_key", None),
        (["evt_1"], "invalid_key", None),
        ([], "invalid_key", None),
    ],
)
def test_texts_of_up_to_255_characters_and_integers_are_keys(value: Json, outcome: KeyOutcome, key: str | None) -> None:
    assert key_of({"key": value}) == Key(outcome=outcome, value=key)


def test_a_key_that_is_missing_is_no_key() -> None:
    assert key_of({}) == Key(outcome="no_key", value=None)


@pytest.mark.parametrize("settings", [Settings(), attrs.evolve(BY_KEY, enforce_idempotency=False)])
def test_nothing_is_a_key_where_deliveries_are_not_compared(settings: Settings) -> None:
    assert key_of({"key": "evt_1"}, settings) == Key(outcome="disabled", value=None)


def test_a_key_may_stand_in_a_header() -> None:
    settings = Settings(idempotency_key_path="headers.Webhook-Id")
    assert key_of({}, settings, {"webhook-id": "msg_1"}) == Key(outcome="executed", value="msg_1")


def test_the_key_of_a_legacy_event_is_its_message_id_once_that_is_enforced() -> None:
    legacy = Settings(dialect="legacy", idempotency_key_path="body.messageId", enforce_idempotency=False)
    assert key_of({"messageId": "m-1"}, legacy).outcome == "disabled"
    assert key_of({"messageId": "m-1"}, attrs.evolve(legacy, enforce_idempotency=True)).value == "m-1"


def decide(
    *, after: timedelta = timedelta(minutes=1), settings: Settings = BY_KEY, precedent: Precedent | None = FIRST
) -> IdempotencyDecided:
    return idempotency.decide(
        Key(outcome="executed", value="evt_1"),
        precedent=precedent,
        settings=settings,
        received_at=examples.AT + after,
        evaluation=1,
        body_digest="abc",
    )


def test_the_first_delivery_of_a_key_is_executed() -> None:
    assert decide(precedent=None) == IdempotencyDecided(
        evaluation=1, outcome="executed", key="evt_1", path="body.key", body_digest="abc"
    )


def test_a_later_delivery_of_a_key_repeats_the_first() -> None:
    assert decide() == IdempotencyDecided(
        evaluation=1,
        outcome="replayed",
        key="evt_1",
        path="body.key",
        body_digest="abc",
        original_id="1",
        same_body=True,
    )


def test_the_same_key_with_another_body_is_a_repetition_that_says_so() -> None:
    other = decide(precedent=attrs.evolve(FIRST, body_digest="def"))
    assert (other.outcome, other.same_body) == ("replayed", False)


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (timedelta(0), "replayed"),
        (DAY - timedelta(seconds=1), "replayed"),
        (DAY - timedelta(microseconds=1), "replayed"),
        (DAY, "executed"),
        (DAY + timedelta(seconds=1), "executed"),
        (-timedelta(hours=1), "replayed"),
        (-timedelta(hours=25), "replayed"),
    ],
)
def test_a_key_counts_for_a_day_also_when_the_clock_steps_back(after: timedelta, outcome: KeyOutcome) -> None:
    assert decide(after=after).outcome == outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(59, "replayed"), (60, "executed")])
def test_the_window_is_a_setting(seconds: int, outcome: KeyOutcome) -> None:
    settings = attrs.evolve(BY_KEY, idempotency_window_seconds=60)
    assert decide(after=timedelta(seconds=seconds), settings=settings).outcome == outcome


def test_after_a_partial_failure_the_rest_is_executed() -> None:
    decided = decide(precedent=attrs.evolve(FIRST, complete=False, done=("m-1", "m-2")))
    assert (decided.outcome, decided.original_id, decided.done) == ("executed", "1", ("m-1", "m-2"))


def test_after_a_partial_failure_everything_is_executed_once_the_window_has_passed() -> None:
    decided = decide(after=DAY, precedent=attrs.evolve(FIRST, complete=False, done=("m-1",)))
    assert (decided.outcome, decided.original_id, decided.done) == ("executed", None, ())


@pytest.mark.parametrize(("outcome", "path"), [("no_key", "body.key"), ("invalid_key", "body.key"), ("disabled", None)])
def test_without_a_key_nothing_is_repeated(outcome: KeyOutcome, path: str | None) -> None:
    decided = idempotency.decide(
        Key(outcome=outcome, value=None),
        precedent=None,
        settings=BY_KEY,
        received_at=examples.AT,
        evaluation=1,
        body_digest=None,
    )
    assert decided == IdempotencyDecided(evaluation=1, outcome=outcome, key=None, path=path)


def scope(body: Mapping[str, Json], configuration: Configuration | None = None) -> idempotency.Scope | None:
    return evaluation.plan(scenario.webhook(body), configuration or scenario.configuration()).scope


def test_a_key_counts_within_one_type_of_one_source_in_one_environment() -> None:
    assert scope({"key": "evt_1"}) == (examples.SOURCE, examples.ENVIRONMENT, scenario.TYPE, "evt_1")
    assert scope({"key": "evt_1", "type": "order.paid"}) != scope({"key": "evt_1"})


def test_another_source_and_another_environment_are_other_scopes() -> None:
    webhook = scenario.webhook({"key": "evt_1"})
    others = [attrs.evolve(webhook.received, source="other"), attrs.evolve(webhook.received, environment="development")]
    scopes = {
        evaluation.plan(attrs.evolve(webhook, received=received), scenario.configuration()).scope
        for received in (webhook.received, *others)
    }
    assert len(scopes) == 3


@pytest.mark.parametrize("body", [{}, {"key": True}, {"key": "evt_1", "type": None}])
def test_without_a_key_or_a_type_there_is_nothing_to_compare(body: dict[str, Json]) -> None:
    assert scope(body) is None


def test_bodies_are_told_apart_by_their_digest() -> None:
    assert idempotency.digest(examples.BODY) == examples.IDEMPOTENCY_DECIDED.body_digest
    assert idempotency.digest(b"{}") != idempotency.digest(b"{ }")
