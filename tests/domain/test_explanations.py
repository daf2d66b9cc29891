"""Explanations: each decision of an evaluation, told with what it read."""

from collections.abc import Sequence

import attrs

from domain import explanation_words, explanations, webhooks
from domain.configurations import Configuration
from domain.explanations import Explained
from domain.settings import Settings
from domain.verification import Verdict
from domain.webhooks import Decision, EvaluationFailed, Pin, Webhook, WebhookReceived
from tests import examples, scenario

IDENTIFY = scenario.mapping("users_identify", {"id": "body.user", "name": "body.name", "email": {"value": "a@b.c"}})
TRIGGER = scenario.mapping("workflows_trigger", {"key": "welcome", "recipients": "body.user"})
ORDER = scenario.webhook({"user": "u-1", "name": "Noor", "key": "k-1"})
SHOP = scenario.configuration(IDENTIFY, TRIGGER)
WELCOME = scenario.knowing(("user", "u-1"), welcome=True)


def explained(webhook: Webhook, configuration: Configuration, decisions: Sequence[Decision]) -> Explained:
    """The one evaluation."""
    events = (webhook.received, *decisions)
    (told,) = explanations.explain(webhook.id, webhook.received, webhook.body, events, lambda _: configuration)
    return told


def decided(webhook: Webhook, configuration: Configuration, after: Sequence[Decision] = ()) -> Explained:
    """What the evaluation decides, explained."""
    return explained(webhook, configuration, scenario.evaluate(webhook, configuration, facts=WELCOME, after=after))


def words(told: Explained) -> str:
    """All the words."""
    return "\n".join(explanation_words.of_evaluation(told))


def test_each_parameter_is_told_with_its_path_value_and_type() -> None:
    identify = decided(ORDER, SHOP).mappings[0]
    assert [(each.name, each.origin, each.value, each.type) for each in identify.parameters] == [
        ("id", {"path": "body.user"}, "u-1", "string"),
        ("name", {"path": "body.name"}, "Noor", "string"),
        ("email", {"constant": True}, "a@b.c", "string"),
    ]


def test_mappings_come_in_their_turn_with_what_they_did_and_started() -> None:
    identify, trigger = decided(ORDER, SHOP).mappings
    assert (identify.standing, trigger.standing) == ("success", "success")
    assert identify.effects[0].__class__.__name__ == "EntityMerged"
    assert len(trigger.runs) == 1


def test_event_type_and_key_are_told_with_what_was_read() -> None:
    told = decided(ORDER, SHOP)
    assert (told.event_type.path, told.event_type.value, told.event_type.type) == (
        "body.type",
        scenario.TYPE,
        "string",
    )
    assert (told.key.path, told.key.value, told.key.type) == ("body.key", "k-1", "string")


def test_what_is_missing_is_missing_and_not_null() -> None:
    name = decided(scenario.webhook({"user": "u-1"}), SHOP).mappings[0].parameters[1]
    assert (name.value, name.type, name.required) == (None, "missing", False)
    null = decided(scenario.webhook({"user": "u-1", "name": None}), SHOP).mappings[0].parameters[1]
    assert (null.value, null.type) == (None, "null")


def test_a_repetition_tells_which_mappings_would_have_run_and_of_what_it_is_one() -> None:
    told = decided(ORDER, SHOP, after=scenario.evaluate(ORDER, SHOP, facts=WELCOME))
    assert [each.standing for each in told.mappings] == ["duplicate", "duplicate"]
    assert "repeats webhook 0 (the same body), so nothing is carried out" in words(told)


def test_a_redelivery_after_a_partial_failure_tells_what_had_been_done() -> None:
    failed = scenario.evaluate(ORDER, SHOP, facts=scenario.knowing(("user", "u-1")))
    told = decided(ORDER, SHOP, after=failed)
    assert [each.standing for each in told.mappings] == ["done_before", "success"]
    assert "an earlier evaluation or delivery of the same key had carried it out" in words(told)


def test_an_inactive_mapping_is_told_as_passed_over() -> None:
    asleep = scenario.configuration(attrs.evolve(IDENTIFY, active=False), TRIGGER)
    told = decided(ORDER, asleep)
    assert [each.standing for each in told.mappings] == ["inactive", "success"]
    assert "was passed over, because it is not active" in words(told)


def test_an_unmapped_webhook_is_told_which_types_have_mappings() -> None:
    told = decided(scenario.webhook({"type": "order.paid"}), SHOP)
    assert told.mapped_types == (scenario.TYPE,)
    assert f"No mapping is for this event type; there are mappings for {scenario.TYPE}." in words(told)


def test_a_webhook_without_a_type_is_told_what_was_probably_meant() -> None:
    astray = scenario.configuration(IDENTIFY, settings=Settings(event_type_path="body.tipe"))
    told = decided(ORDER, astray)
    assert told.mappings == ()
    assert told.event_type.type == "missing"
    assert "body.tipe leads to nothing in this webhook; the nearest that exists is body.type" in words(told)


def test_a_skipped_action_says_what_it_lacks() -> None:
    told = decided(scenario.webhook({"user": None, "key": "k"}), SHOP)
    assert [each.standing for each in told.mappings] == ["skipped", "skipped"]
    assert "id is required, but body.user is null" in words(told)


def test_what_waits_for_the_worker_is_told_with_what_will_be_read() -> None:
    told = explained(ORDER, SHOP, ())
    assert [each.standing for each in told.mappings] == ["not_reached", "not_reached"]
    assert words(told).endswith("The worker has not come to it yet.")


def test_an_evaluation_that_broke_says_so() -> None:
    assert "It broke: ValueError: no." in words(
        explained(ORDER, SHOP, [EvaluationFailed(evaluation=1, error="ValueError: no")])
    )


def test_every_evaluation_is_told_under_the_configuration_that_it_was_made_with() -> None:
    newer = attrs.evolve(SHOP, version=9)
    again = attrs.evolve(ORDER, evaluation=2)
    asked = attrs.evolve(examples.EVALUATION_REQUESTED, evaluation=2, pin=Pin(environment="production", version=9))
    events = (
        ORDER.received,
        *scenario.evaluate(ORDER, SHOP, facts=WELCOME),
        asked,
        *scenario.evaluate(again, newer, facts=WELCOME),
    )
    told = explanations.explain(
        ORDER.id, ORDER.received, ORDER.body, events, lambda pin: newer if pin.version == 9 else SHOP
    )
    assert [(each.number, each.configuration.version) for each in told] == [(1, SHOP.version), (2, 9)]
    assert f"Evaluation 2, under version 9 of production, asked for by replay {asked.replay_id}" in words(told[1])
    assert "a later evaluation is no repetition" in words(told[1])


def test_what_was_asked_for_and_not_come_to_is_told_as_waiting() -> None:
    asked = attrs.evolve(examples.EVALUATION_REQUESTED, evaluation=2)
    events = (ORDER.received, *scenario.evaluate(ORDER, SHOP, facts=WELCOME), asked)
    told = explanations.explain(ORDER.id, ORDER.received, ORDER.body, events, lambda _: SHOP)
    assert words(told[1]).endswith("The worker has not come to it yet.")


def test_a_released_webhook_is_told_with_its_rejection_and_its_release() -> None:
    rejected, released = examples.WEBHOOK_REJECTED, examples.WEBHOOK_RELEASED
    receipt = webhooks.receipt_of((rejected, released))
    assert isinstance(receipt, WebhookReceived)
    told = explanations.explain("1", receipt, ORDER.body, (rejected, released), lambda _: SHOP)
    assert f"released by replay {released.replay_id} because {released.reason!r}" in words(told[0])
    lines = "\n".join(explanation_words.of_receipt(receipt, rejected))
    assert f"It was rejected with {rejected.http_status} under version {rejected.configuration_version}" in lines


def test_the_words_of_a_receipt_name_secret_age_and_what_no_signature_covers() -> None:
    verdict = Verdict(scheme="stripe", status="verified", secret_id="secret-1", skew_seconds=2.5)
    received = attrs.evolve(ORDER.received, verdict=verdict, uncovered=("event_type",))
    told = "\n".join(explanation_words.of_receipt(received))
    assert "genuine, by secret secret-1; it was signed 2.5 s before it was received" in told
    assert "No signature vouches for its event_type." in told


def test_the_words_of_a_rejection_name_its_status_and_reason() -> None:
    told = "\n".join(explanation_words.of_receipt(examples.WEBHOOK_REJECTED))
    assert f"rejected with {examples.WEBHOOK_REJECTED.http_status} ({examples.WEBHOOK_REJECTED.reason})" in told


def test_long_values_are_cut_in_words() -> None:
    told = words(decided(scenario.webhook({"user": "u-1", "name": "x" * 500}), SHOP))
    assert "x" * 200 not in told
    assert "…" in told
