"""Evaluation, whatever is configured and whatever arrives: it never breaks, and the same always leads to the same."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import configurations, evaluation, idempotency
from domain.actions import catalogue
from domain.actions.catalogue import Rule
from domain.actions.outcomes import Facts, KnownWorkflow, OpenRun, Reference
from domain.configurations import Configuration, MappingAdded
from domain.evaluation import Preceding
from domain.json_values import Json
from domain.settings import Settings
from domain.webhooks import ActionExecuted, ActionSkipped, Webhook, WebhookProcessed
from tests import examples, scenario

NAMES = st.sampled_from(
    [
        "a",
        "b",
        "id",
        "ids",
        "key",
        "key",
        "type",
        "user",
        "tenant",
        "name",
        "data",
        "properties",
        "collection",
        "x-y",
        "$trigger_data",
        "userId",
        "first_name",
    ]
)
SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["u-1", "a\0b", "a" * 257, "2024-02-01", "$users", "$tenants", ""]),
)
JSON: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
BODIES = st.dictionaries(NAMES, JSON, max_size=8)
PATHS = st.sampled_from(
    [
        "body",
        "body.a",
        "a",
        "b.id",
        "ids[*].id",
        "ids[0]",
        "body.x-y",
        "user",
        "data.a",
        "user_id",
        "headers.x-id",
        "preprocess.name",
        "vars.a",
    ]
)
PARAMETERS: st.SearchStrategy[Json] = st.one_of(
    PATHS,
    st.fixed_dictionaries({"path": PATHS}),
    st.fixed_dictionaries({"value": JSON}),
    st.fixed_dictionaries({"template": st.sampled_from(["a-{{ a }}", "{{ b.id }}/{{ user }}"])}),
    st.fixed_dictionaries({"paths": st.lists(PATHS, min_size=1, max_size=3)}),
)
MAPS: st.SearchStrategy[Json] = PARAMETERS | st.dictionaries(NAMES, PARAMETERS, min_size=2, max_size=3)
ACTION_TYPES = st.sampled_from(list(catalogue.ACTIONS))


def parameter(rule: Rule) -> st.SearchStrategy[Json]:
    """What may stand for a parameter: also left out, where it may be."""
    literal: st.SearchStrategy[Json] = st.just("welcome")
    given = literal | PARAMETERS if rule.literal else MAPS if rule.nested else PARAMETERS
    return given if rule.required else st.none() | given


@st.composite
def mappings(draw: st.DrawFn) -> MappingAdded:
    """A mapping that could be saved."""
    action_type = draw(ACTION_TYPES)
    rules = catalogue.ACTIONS[action_type].parameters
    return scenario.mapping(
        action_type,
        {name: draw(parameter(rule)) for name, rule in rules.items()},
        id=draw(st.uuids().map(str)),
        event_type=draw(st.sampled_from([scenario.TYPE, scenario.TYPE, "true"])),
        active=draw(st.integers(0, 4)) > 0,
    )


SETTINGS = st.builds(
    Settings,
    dialect=st.sampled_from(["current", "legacy"]),
    event_type_path=st.sampled_from(["body.type", "body.type", "body.a", None]),
    timestamp_path=st.sampled_from([None, "body.a", "body.data"]),
    idempotency_key_path=st.sampled_from([None, "body.key", "body.a"]),
    preprocessor=st.sampled_from([None, "clerk"]),
)
CONFIGURATIONS = st.builds(
    lambda added, chosen: scenario.configuration(*added, settings=chosen), st.lists(mappings(), max_size=5), SETTINGS
)
WEBHOOKS = BODIES.map(lambda body: scenario.webhook(body, headers={"x-id": "h-1"}))


@st.composite
def facts_about(draw: st.DrawFn, references: tuple[Reference, ...]) -> Facts:
    """Some of what the references lead to."""
    found: dict[Reference, object] = {}
    for reference in references:
        if reference[0] == "runs":
            found[reference] = (OpenRun(id=draw(st.uuids().map(str)), recipient={"collection": "$users", "id": "u-1"}),)
        elif draw(st.booleans()):
            found[reference] = reference[0] != "workflow" or KnownWorkflow(active=draw(st.booleans()))
    return found


def actions_of(configuration: Configuration, event_type: str | None) -> list[str]:
    """The ids of the mappings that are due, in the order of execution."""
    due = [each for each in configuration.mappings if each.active and each.event_type == event_type]
    return [each.id for each in sorted(due, key=lambda each: (catalogue.ACTIONS[each.action_type].order, each.number))]


@settings(max_examples=100, deadline=None)
@given(CONFIGURATIONS, WEBHOOKS, st.data())
def test_an_evaluation_always_ends_and_says_the_same_each_time(
    configuration: Configuration, webhook: Webhook, data: st.DataObject
) -> None:
    plan = evaluation.plan(webhook, configuration)
    facts = data.draw(facts_about(plan.references))
    before = copy.deepcopy((webhook, dict(facts)))
    decisions = scenario.evaluate(webhook, configuration, facts=facts)
    actions = scenario.actions(decisions)
    processed = decisions[-1]
    assert isinstance(processed, WebhookProcessed)
    assert processed.actions_count == len(actions)
    assert [each.mapping_id for each in actions] == actions_of(configuration, processed.event_type)
    assert decisions == scenario.evaluate(webhook, configuration, facts=facts)
    assert (webhook, facts) == before


IDENTIFY = scenario.mapping("users_identify", {"id": {"value": "u-1"}})
TRIGGER = scenario.mapping("workflows_trigger", {"key": "welcome", "recipients": {"value": "u-1"}})


@settings(max_examples=100, deadline=None)
@given(st.lists(mappings(), max_size=4), BODIES, st.data())
def test_of_one_key_no_mapping_is_carried_out_twice_and_none_that_failed_is_forgotten(
    added: list[MappingAdded], body: dict[str, Json], data: st.DataObject
) -> None:
    webhook = scenario.webhook({**body, "type": scenario.TYPE, "key": "k"})
    plan = evaluation.plan(webhook, scenario.configuration(TRIGGER, IDENTIFY, *added))
    precedent: idempotency.Precedent | None = None
    executed: list[str] = []
    for _ in range(3):
        facts = data.draw(facts_about(plan.references))
        decisions = evaluation.conclude(plan, Preceding(precedent=precedent, facts=facts))
        executed += [each.mapping_id for each in scenario.actions(decisions) if isinstance(each, ActionExecuted)]
        precedent = idempotency.precedent_of("0", examples.AT, decisions) or precedent
    assert len(executed) == len(set(executed))
    assert precedent is not None
    skipped = {each.mapping.id for each in plan.steps if each.skipped}
    assert precedent.complete == ({*executed, *skipped} == {each.mapping.id for each in plan.steps})


@settings(max_examples=100, deadline=None)
@given(st.lists(mappings(), max_size=4), BODIES, st.data())
def test_the_effects_of_an_action_are_known_to_those_after_it(
    added: list[MappingAdded], body: dict[str, Json], data: st.DataObject
) -> None:
    others = [each for each in added if each.action_type != "users_delete"]
    plan = evaluation.plan(
        scenario.webhook({**body, "type": scenario.TYPE}), scenario.configuration(TRIGGER, IDENTIFY, *others)
    )
    facts = {**data.draw(facts_about(plan.references)), ("workflow", "welcome"): KnownWorkflow(active=True)}
    for action in scenario.actions(evaluation.conclude(plan, Preceding(facts=facts))):
        if action.mapping_id == TRIGGER.mapping_id:
            assert isinstance(action, ActionExecuted)
            assert action.result["recipients"] == [{"collection": "$users", "id": "u-1"}]


@settings(max_examples=50, deadline=None)
@given(st.lists(mappings(), min_size=2, max_size=5), WEBHOOKS, st.randoms(use_true_random=False))
def test_of_different_actions_the_order_of_creation_does_not_matter(
    added: list[MappingAdded], webhook: Webhook, random: Any
) -> None:
    different = list({each.action_type: each for each in added}.values())
    shuffled = random.sample(different, len(different))
    one, other = (scenario.evaluate(webhook, scenario.configuration(*each)) for each in (different, shuffled))
    assert one == other


@settings(max_examples=50, deadline=None)
@given(mappings(), WEBHOOKS)
def test_an_optional_value_that_is_not_there_is_in_no_payload(added: MappingAdded, webhook: Webhook) -> None:
    state = scenario.configuration(added)
    for action in scenario.actions(scenario.evaluate(webhook, state)):
        assert set(action.origins) <= {name for name, value in added.parameters.items() if value is not None}
        assert isinstance(action, ActionSkipped) or set(action.origins) >= required(added, state)


def required(added: MappingAdded, state: configurations.Configuration) -> set[str]:
    """The names of what the action cannot do without."""
    return {name for name, rule in catalogue.ACTIONS[state.mappings[0].action_type].parameters.items() if rule.required}
