"""Evaluation: given a configuration, a webhook and what came before, these decisions follow and no others."""

import itertools
import random
from collections.abc import Mapping

import attrs
import pytest

from domain import mapping_steps, webhooks
from domain.actions import catalogue
from domain.actions.outcomes import KnownWorkflow, OpenRun
from domain.configurations import MappingAdded
from domain.json_values import Json
from domain.webhooks import (
    ActionExecuted,
    ActionFailed,
    ActionSkipped,
    ClassificationFailed,
    IdempotencyDecided,
    WebhookClassified,
    WebhookProcessed,
)
from tests import examples, scenario

IDENTIFY = scenario.mapping("users_identify", {"id": "body.user", "name": "body.name"})
TRIGGER = scenario.mapping("workflows_trigger", {"key": "welcome", "recipients": "body.user"})
CANCEL = scenario.mapping("workflows_cancel", {"key": "welcome", "cancellation_key": "body.order"})
FOLLOW = scenario.mapping(
    "objects_subscribe", {"collection": {"value": "shops"}, "object_id": "body.shop", "recipients": "body.user"}
)
ORDER = scenario.webhook({"user": "u-1", "name": "Noor", "order": "o-1", "shop": "s-1"})
WELCOME = scenario.knowing(welcome=True)
IN_FULL: dict[str, Mapping[str, Json]] = {
    "users_identify": {"id": "body.user"},
    "users_delete": {"id": "body.other"},
    "objects_set": {"collection": {"value": "shops"}, "id": "body.shop"},
    "objects_delete": {"collection": {"value": "orders"}, "id": "body.order"},
    "tenants_set": {"id": "body.shop"},
    "tenants_delete": {"id": "body.other"},
    "objects_subscribe": FOLLOW.parameters,
    "objects_unsubscribe": {**FOLLOW.parameters, "recipients": "body.other"},
    "audiences_add_member": {"key": {"value": "vips"}, "members": "body.user"},
    "audiences_remove_member": {"key": {"value": "vips"}, "members": "body.other"},
    "workflows_cancel": CANCEL.parameters,
    "workflows_trigger": TRIGGER.parameters,
}


def test_a_webhook_is_classified_compared_mapped_and_processed() -> None:
    decisions = scenario.evaluate(
        examples.WEBHOOK, examples.CONFIGURATION, facts={("workflow", "payment-failed"): KnownWorkflow(active=True)}
    )
    assert [type(each) for each in decisions] == [
        WebhookClassified,
        IdempotencyDecided,
        ActionExecuted,
        ActionExecuted,
        WebhookProcessed,
    ]
    classified, decided, _, triggered, processed = decisions
    assert (classified, decided, triggered, processed) == (
        examples.WEBHOOK_CLASSIFIED,
        examples.IDEMPOTENCY_DECIDED,
        examples.ACTION_EXECUTED,
        examples.WEBHOOK_PROCESSED,
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_twelve_actions_are_carried_out_in_their_order_whichever_was_mapped_first(seed: int) -> None:
    shuffled = random.Random(seed).sample(list(IN_FULL), len(IN_FULL))
    added = [scenario.mapping(name, IN_FULL[name]) for name in shuffled]
    webhook = scenario.webhook({**ORDER.body, "other": "u-2"})
    decisions = scenario.evaluate(webhook, scenario.configuration(*added), facts=WELCOME)
    assert [action.action_type for action in scenario.actions(decisions)] == list(catalogue.ACTIONS)
    assert scenario.outcome(decisions) == "executed"


def test_mappings_of_one_action_are_carried_out_in_the_order_of_their_creation() -> None:
    added = [attrs.evolve(IDENTIFY, mapping_id=name) for name in ("c", "a", "b")]
    decisions = scenario.evaluate(ORDER, scenario.configuration(*added))
    assert [action.mapping_id for action in scenario.actions(decisions)] == ["c", "a", "b"]


@pytest.mark.parametrize("added", list(itertools.permutations([IDENTIFY, TRIGGER])))
def test_an_unknown_customer_is_identified_in_time_to_be_reached(added: tuple[MappingAdded, ...]) -> None:
    decisions = scenario.evaluate(ORDER, scenario.configuration(*added), facts=WELCOME)
    triggered = scenario.actions(decisions)[-1]
    assert isinstance(triggered, ActionExecuted)
    assert (triggered.result["recipients"], triggered.warnings) == ([{"collection": "$users", "id": "u-1"}], ())


def test_a_customer_who_is_deleted_first_is_not_reached() -> None:
    delete = scenario.mapping("users_delete", {"id": "body.user"})
    decisions = scenario.evaluate(
        ORDER, scenario.configuration(TRIGGER, delete), facts={**WELCOME, ("user", "u-1"): True}
    )
    triggered = scenario.actions(decisions)[-1]
    assert isinstance(triggered, ActionExecuted)
    assert (triggered.result["recipients"], len(triggered.warnings)) == ([], 1)


def test_an_object_is_created_by_the_first_subscription_alone() -> None:
    twice = [attrs.evolve(FOLLOW, mapping_id=name) for name in ("a", "b")]
    decisions = scenario.evaluate(ORDER, scenario.configuration(*twice))
    created = [
        each.result["created_object"] for each in scenario.actions(decisions) if isinstance(each, ActionExecuted)
    ]
    assert created == [True, False]


def test_a_run_is_cancelled_by_the_first_cancellation_alone() -> None:
    opened = OpenRun(id="run-1", recipient={"collection": "$users", "id": "u-1"})
    twice = [attrs.evolve(CANCEL, mapping_id=name) for name in ("a", "b")]
    decisions = scenario.evaluate(
        ORDER, scenario.configuration(*twice), facts={**WELCOME, ("runs", "welcome", "o-1"): (opened,)}
    )
    cancelled = [each.result["cancelled"] for each in scenario.actions(decisions) if isinstance(each, ActionExecuted)]
    assert cancelled == [["run-1"], []]


def test_an_action_without_its_required_value_is_skipped_and_the_others_run() -> None:
    decisions = scenario.evaluate(
        scenario.webhook({"usr": "u-1", "order": "o-1"}), scenario.configuration(IDENTIFY, CANCEL), facts=WELCOME
    )
    skipped, cancelled = scenario.actions(decisions)
    assert isinstance(skipped, ActionSkipped)
    assert (skipped.error.field, skipped.error.path, skipped.error.nearest) == ("id", "body.user", "body.usr")
    assert isinstance(cancelled, ActionExecuted)
    assert scenario.outcome(decisions) == "partially_executed"


def test_an_action_that_fails_stops_no_other() -> None:
    decisions = scenario.evaluate(ORDER, scenario.configuration(IDENTIFY, TRIGGER, FOLLOW))
    assert [type(each) for each in scenario.actions(decisions)] == [ActionExecuted, ActionExecuted, ActionFailed]
    assert scenario.outcome(decisions) == "partially_executed"


@pytest.mark.parametrize(
    ("added", "body", "outcome"),
    [
        ([IDENTIFY], {"user": "u-1"}, "executed"),
        ([IDENTIFY], {}, "partially_executed"),
        ([IDENTIFY], {"user": True}, "failed"),
        ([TRIGGER], {"user": "u-1"}, "failed"),
        ([IDENTIFY, TRIGGER], {"user": "u-1"}, "partially_executed"),
        ([IDENTIFY, CANCEL], {"order": "o-1"}, "failed"),
        ([], {"user": "u-1"}, "unmapped"),
    ],
)
def test_the_outcome_says_how_much_was_carried_out(
    added: list[MappingAdded], body: dict[str, Json], outcome: webhooks.Outcome
) -> None:
    decisions = scenario.evaluate(scenario.webhook(body), scenario.configuration(*added))
    assert scenario.outcome(decisions) == outcome
    assert scenario.only(WebhookProcessed, decisions).actions_count == len(added)


@pytest.mark.parametrize(
    "mapping", [attrs.evolve(IDENTIFY, active=False), attrs.evolve(IDENTIFY, event_type="order.paid")]
)
def test_a_mapping_that_is_inactive_or_of_another_type_is_passed_over(mapping: MappingAdded) -> None:
    decisions = scenario.evaluate(ORDER, scenario.configuration(mapping))
    assert (scenario.actions(decisions), scenario.outcome(decisions)) == ([], "unmapped")


def test_an_unclassified_webhook_is_compared_with_nothing_and_mapped_to_nothing() -> None:
    decisions = scenario.evaluate(scenario.webhook({"type": None, "key": "k"}), scenario.configuration(IDENTIFY))
    assert [type(each) for each in decisions] == [ClassificationFailed, WebhookProcessed]
    assert scenario.outcome(decisions) == "unclassified"
    assert scenario.only(WebhookProcessed, decisions).event_type is None


def test_an_action_says_what_was_configured_what_came_of_it_and_when() -> None:
    (identified,) = scenario.actions(scenario.evaluate(ORDER, scenario.configuration(IDENTIFY)))
    assert identified == ActionExecuted(
        evaluation=1,
        mapping_id="users_identify",
        source=examples.SOURCE,
        environment=examples.ENVIRONMENT,
        event_type=scenario.TYPE,
        action_type="users_identify",
        parameters={"id": "body.user", "name": "body.name"},
        payload={"id": "u-1", "name": "Noor", "properties": {}},
        origins={"id": {"path": "body.user"}, "name": {"path": "body.name"}},
        result={"id": "u-1"},
        executed_at=examples.AT,
    )


def test_a_later_evaluation_says_which_one_it_is() -> None:
    decisions = scenario.evaluate(
        attrs.evolve(ORDER, evaluation=3), scenario.configuration(IDENTIFY, TRIGGER), facts=WELCOME
    )
    assert {each.evaluation for each in decisions} == {3}
    triggered = scenario.actions(decisions)[-1]
    assert isinstance(triggered, ActionExecuted)
    first = scenario.actions(scenario.evaluate(ORDER, scenario.configuration(IDENTIFY, TRIGGER), facts=WELCOME))[-1]
    assert isinstance(first, ActionExecuted)
    assert triggered.result["id"] != first.result["id"]


def test_what_is_known_afterwards_leaves_what_was_known_before_as_it_was() -> None:
    facts = scenario.knowing(("user", "u-9"))
    (identified,) = scenario.actions(scenario.evaluate(ORDER, scenario.configuration(IDENTIFY)))
    assert isinstance(identified, ActionExecuted)
    assert mapping_steps.facts_after(facts, identified) == {("user", "u-9"): True, ("user", "u-1"): True}
    assert facts == {("user", "u-9"): True}
