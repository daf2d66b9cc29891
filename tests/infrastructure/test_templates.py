"""Templates: the rules that all of them keep. What each example leads to is in `test_template_examples`."""

import re
from collections.abc import Iterator, Mapping

import attrs
import pytest

from application.templates import Template, TemplateUnknown
from domain import legacy, preprocessing
from domain.actions.outcomes import Facts
from domain.json_values import Json
from domain.webhooks import ActionExecuted, ActionFailed, WebhookClassified
from infrastructure.templates.definitions import CATEGORIES
from infrastructure.templates.loading import CATALOGUE
from tests import scenario
from tests.infrastructure.template_evaluation import (
    RECEIVING,
    TEMPLATES,
    Example,
    actions,
    decisions,
    each_example,
    each_receiving,
    webhooks_of,
)

each_template = pytest.mark.parametrize("template", [pytest.param(each, id=each.key) for each in TEMPLATES.all()])
PREPROCESSED = re.compile(r"\bpreprocess\.(\w+)")


@each_example
def test_every_example_has_the_event_type_that_it_stands_under_and_a_time_that_can_be_read(
    template: Template, event_type: str, example: Example
) -> None:
    for webhook in webhooks_of(template, example):
        classified = decisions(template, webhook)[0]
        assert isinstance(classified, WebhookClassified)
        assert classified.event_type == event_type
        assert not classified.warnings
        assert (classified.occurred_at is None) == (template.settings.timestamp_path is None)


@each_example
def test_no_action_of_an_example_fails_or_warns(template: Template, event_type: str, example: Example) -> None:
    for webhook in webhooks_of(template, example):
        for action in actions(decisions(template, webhook)):
            assert not isinstance(action, ActionFailed)
            assert not isinstance(action, ActionExecuted) or not action.warnings


@each_receiving
def test_the_first_example_of_an_event_type_carries_out_all_of_its_mappings(template: Template) -> None:
    for event_type, examples in template.example_payloads.items():
        wanted = [str(raw["action_type"]) for raw in template.default_mappings if raw["event_type"] == event_type]
        decided = actions(decisions(template, webhooks_of(template, examples[0])[0]))
        assert all(isinstance(action, ActionExecuted) for action in decided)
        assert sorted(action.action_type for action in decided if action.mapping_id != "handle_identifies") == sorted(
            wanted
        )


@each_receiving
def test_every_event_type_that_is_mapped_has_an_example(template: Template) -> None:
    assert {mapping["event_type"] for mapping in template.default_mappings} <= set(template.example_payloads)


@each_receiving
def test_every_default_mapping_that_reads_a_preprocessed_value_reads_one_that_is_described(template: Template) -> None:
    name = template.settings.preprocessor
    described = set(preprocessing.PREPROCESSORS[name].outputs) if name else set()
    parameters = [mapping["action_parameters"] for mapping in template.default_mappings]
    texts = (*_texts(parameters), *_texts(list(attrs.asdict(template.settings, recurse=False).values())))
    assert {found for text in texts for found in PREPROCESSED.findall(text)} <= described


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


@each_receiving
def test_the_mappings_on_from_the_start_need_no_workflow_and_delete_nothing(template: Template) -> None:
    on = [str(template.default_mappings[position]["action_type"]) for position in template.mappings_on]
    assert not [action for action in on if action.startswith("workflows_") or action.endswith("_delete")]


@each_receiving
def test_only_templates_whose_senders_sign_enforce_verification_and_they_ask_for_a_secret(template: Template) -> None:
    signs = template.settings.verification.scheme not in {"none", "shared_header"}
    assert template.settings.enforce_verification == signs
    assert template.static_fields.get("required", []) == (["signing_secret"] if signs else [])


@each_receiving
def test_a_template_describes_its_secret_exactly_where_it_has_one(template: Template) -> None:
    properties = template.static_fields["properties"]
    assert isinstance(properties, Mapping)
    assert ("signing_secret" in properties) == (template.example_secret is not None)


@each_template
def test_every_template_has_what_knock_requires_of_a_source_provider(template: Template) -> None:
    """The required fields of SourceProviderResponse in Knock's management API; only website_url may be null."""
    provider = attrs.asdict(template.provider)
    assert all(provider[name] for name in ("name", "description", "categories", "webhook_docs_url"))
    assert "website_url" in provider
    assert set(template.provider.categories) <= set(CATEGORIES)
    assert all((template.key, template.version))
    assert bool(template.settings.event_type_path) == template.receives
    assert isinstance(template.settings.enforce_verification, bool)


IDEMPOTENCY: Mapping[str, str | None] = {
    "stripe": "body.id",
    "clerk": "headers.svix-id",
    "workos": "body.id",
    "supabase": None,
    "posthog": "body.messageId",
    "shopify": "headers.x-shopify-webhook-id",
    "amplitude": "preprocess.idempotency_key",
    "clay": None,
    "custom_http": None,
    "segment": "body.messageId",
    "rudderstack": "body.messageId",
    "jitsu": "body.messageId",
    "freshpaint": "body.messageId",
    "polytomic": "preprocess.idempotency_key",
    "http_legacy": "body.messageId",
    "segment_legacy": "body.messageId",
    "rudderstack_legacy": "body.messageId",
}
"""What makes a delivery known, by template; for the legacy ones it has to be asked for."""


def test_every_template_compares_deliveries_as_its_provider_tells_them_apart() -> None:
    assert {each.key: each.settings.idempotency_key_path for each in RECEIVING} == IDEMPOTENCY
    asked_for = {each.key for each in RECEIVING if each.settings.enforce_idempotency is False}
    assert asked_for == {key for key in IDEMPOTENCY if key.endswith("_legacy")}


def test_a_template_says_which_inputs_its_provider_s_signature_leaves_open() -> None:
    signed = {"stripe", "clerk", "workos", "shopify", "segment"}
    assert {each.key: each.uncovered for each in RECEIVING if each.key in signed and each.uncovered} == {
        "shopify": ("event_type", "idempotency_key")
    }
    assert all("event_type" in each.uncovered for each in RECEIVING if each.key not in signed)


def test_the_catalogue_also_shows_those_who_call_the_api() -> None:
    assert {each.key for each in TEMPLATES.all()} - set(IDEMPOTENCY) == {"hightouch", "census"}


def test_a_new_shopify_customer_who_orders_is_known_when_the_workflow_starts() -> None:
    shopify = TEMPLATES.get("shopify")
    facts: Facts = scenario.knowing(**{"order-confirmation": True})
    (order,) = webhooks_of(shopify, shopify.example_payloads["orders/create"][0])
    identify, trigger = actions(decisions(shopify, order, facts))
    assert isinstance(trigger, ActionExecuted)
    assert (identify.action_type, trigger.action_type) == ("users_identify", "workflows_trigger")
    assert trigger.result["recipients"] == [{"collection": "$users", "id": identify.payload["id"]}]


def test_a_record_of_polytomic_is_an_event_of_its_own() -> None:
    polytomic = TEMPLATES.get("polytomic")
    records = webhooks_of(polytomic, polytomic.example_payloads["Users/record"][0])
    keys = [decisions(polytomic, record)[1] for record in records]
    assert [getattr(key, "key", None) for key in keys] == ['["u-17","b7421c6c57bd49f7"]', '["23","0c9e5d1f2a3b4c6d"]']


def test_the_examples_of_the_legacy_templates_are_well_formed_calls() -> None:
    problems: list[Json] = [
        legacy.problem(example["body"], template.settings.dialect)  # type: ignore[arg-type]
        for template in RECEIVING
        if template.settings.dialect != "current"
        for examples in template.example_payloads.values()
        for example in examples
    ]
    assert len(problems) > 5
    assert not any(problems)


def test_the_script_to_begin_from_is_the_same_wherever_there_is_one() -> None:
    found = {each.key: each.preprocessing_script for each in TEMPLATES.all() if each.preprocessing_script}
    assert found.keys() == {"custom_http", "rudderstack"}
    assert len(set(found.values())) == 1


def test_an_unknown_template_is_refused_with_those_that_exist() -> None:
    with pytest.raises(TemplateUnknown, match="'paypal'; the templates are amplitude, census, clay, clerk"):
        TEMPLATES.get("paypal")


def test_the_catalogue_travels_with_the_package() -> None:
    assert all(CATALOGUE.joinpath(f"{template.key}.yaml").is_file() for template in TEMPLATES.all())
