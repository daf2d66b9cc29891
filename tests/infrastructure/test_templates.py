"""Templates: each example of each one is classified and mapped as its golden file says, and they keep the rules.

After a change that is meant, run this file with UPDATE_GOLDEN=1 and read the difference before you keep it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from itertools import count, islice
from pathlib import Path

import attrs
import pytest

from application.templates import Template, TemplateUnknown
from domain import configurations, configuring, evaluation, legacy, mappings
from domain.actions.outcomes import Facts
from domain.json_values import Json
from domain.verification import SigningSecret, Verdict
from domain.webhooks import ActionExecuted, Decision, IdempotencyDecided, Webhook, WebhookClassified, WebhookReceived
from infrastructure.signatures import schemes
from infrastructure.templates.definitions import CATEGORIES
from infrastructure.templates.loading import CATALOGUE, YamlTemplates

TEMPLATES = YamlTemplates()
GOLDEN = Path(__file__).parent / "golden" / "templates"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
AT = datetime(2024, 6, 1, 12, tzinfo=UTC)

each_template = pytest.mark.parametrize("template", [pytest.param(each, id=each.key) for each in TEMPLATES.all()])
each_example = pytest.mark.parametrize(
    ("template", "event_type"),
    [
        pytest.param(template, event_type, id=f"{template.key}-{event_type}")
        for template in TEMPLATES.all()
        for event_type in template.example_payloads
    ],
)


def configuration(template: Template) -> configurations.Configuration:
    """A configuration made as a source makes it, with every default mapping, those that are off included."""
    wanted = tuple(mappings.parse(raw, field="default_mappings") for raw in template.default_mappings)
    ids = tuple(islice(map("mapping-{}".format, count(1)), len(wanted)))
    state: configurations.Configuration | None = None
    for command in (
        configuring.Create(source=template.key, environment="test", token="t", settings=template.settings, at=AT),
        configuring.PutMappings(wanted=wanted, new_ids=ids, at=AT),
    ):
        state = reduce(configurations.evolve, configuring.decide(state, command), state)
    assert state is not None
    return state


def webhook(template: Template, example: Mapping[str, Json]) -> Webhook:
    """The webhook that the example shows."""
    body, headers = example["body"], example["headers"]
    assert isinstance(body, dict)
    assert isinstance(headers, dict)
    received = WebhookReceived(
        source=template.key,
        environment="test",
        configuration_version=2,
        received_at=AT,
        method="POST",
        query="",
        remote_address=None,
        headers=headers,
        body=json.dumps(body).encode(),
        verdict=Verdict("none", "unverified"),
        verification_status="not_enforced:unverified",
    )
    return Webhook(id=f"webhook-of-{template.key}", received=received, body=body)


def decisions(template: Template, example: Mapping[str, Json], facts: Facts | None = None) -> Sequence[Decision]:
    """What is decided about the example where everything exists that its actions refer to, or where `facts` hold."""
    plan = evaluation.plan(webhook(template, example), configuration(template))
    known = dict.fromkeys(plan.references, True) if facts is None else facts
    return evaluation.conclude(plan, evaluation.Preceding(facts=known))


def executed(decided: Sequence[Decision]) -> list[ActionExecuted]:
    """The actions among the decisions, all of which must have been carried out."""
    actions = [each for each in decided if hasattr(each, "action_type")]
    assert all(isinstance(action, ActionExecuted) for action in actions), actions
    return [action for action in actions if isinstance(action, ActionExecuted)]


def summary(decided: Sequence[Decision]) -> Json:
    """What a golden file holds of the decisions about one example."""
    classified, keyed = decided[:2]
    assert isinstance(classified, WebhookClassified)
    assert isinstance(keyed, IdempotencyDecided)
    return {
        "event_type": classified.event_type,
        "occurred_at": classified.occurred_at.isoformat() if classified.occurred_at else None,
        "idempotency": {"outcome": keyed.outcome, "key": keyed.key},
        "actions": [{"action_type": each.action_type, "payload": each.payload} for each in executed(decided)],
    }


def golden(template: Template, event_type: str) -> Path:
    """Where the golden file of an event type lies."""
    return GOLDEN / template.key / f"{event_type.replace('/', '-')}.json"


@each_example
def test_every_example_is_classified_and_mapped_as_its_golden_file_says(template: Template, event_type: str) -> None:
    found = [summary(decisions(template, example)) for example in template.example_payloads[event_type]]
    file = golden(template, event_type)
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(file.read_text(encoding="utf-8"))


@each_example
def test_every_example_has_the_event_type_that_it_stands_under_and_a_time_that_can_be_read(
    template: Template, event_type: str
) -> None:
    for example in template.example_payloads[event_type]:
        classified = decisions(template, example)[0]
        assert isinstance(classified, WebhookClassified)
        assert classified.event_type == event_type
        assert not classified.warnings
        assert (classified.occurred_at is None) == (template.settings.timestamp_path is None)


@each_example
def test_every_example_carries_out_its_default_mappings_without_warnings(template: Template, event_type: str) -> None:
    expected = sorted(str(raw["action_type"]) for raw in template.default_mappings if raw["event_type"] == event_type)
    for example in template.example_payloads[event_type]:
        actions = executed(decisions(template, example))
        assert sorted(action.action_type for action in actions) == expected
        assert [action.warnings for action in actions] == [()] * len(actions)


@each_example
def test_every_example_is_signed_in_the_form_of_its_scheme(template: Template, event_type: str) -> None:
    """Nobody has the secret, so what can be shown is that everything else is there and well-formed."""
    another = "whsec_" + "bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBleGFtcGxl"
    verify = schemes.verifier(template.settings.verification, [SigningSecret("another", another)])
    for example in template.example_payloads[event_type]:
        received = webhook(template, example).received
        verdict = verify(received.headers, received.body, AT)
        unsigned = template.settings.verification.scheme == "none"
        assert verdict.reason == ("no_verification" if unsigned else "signature_mismatch")


def test_golden_files_belong_to_examples() -> None:
    expected = {golden(each, event_type) for each in TEMPLATES.all() for event_type in each.example_payloads}
    assert set(GOLDEN.rglob("*.json")) == expected


@each_template
def test_every_event_type_that_is_mapped_has_an_example(template: Template) -> None:
    assert {mapping["event_type"] for mapping in template.default_mappings} <= set(template.example_payloads)


@each_template
def test_the_mappings_on_from_the_start_need_no_workflow_and_delete_nothing(template: Template) -> None:
    on = [str(template.default_mappings[position]["action_type"]) for position in template.mappings_on]
    assert not [action for action in on if action.startswith("workflows_") or action.endswith("_delete")]


@each_template
def test_only_templates_whose_senders_sign_enforce_verification_and_they_ask_for_a_secret(template: Template) -> None:
    signs = template.settings.verification.scheme not in {"none", "shared_header"}
    assert template.settings.enforce_verification == signs
    assert template.static_fields.get("required", []) == (["signing_secret"] if signs else [])


@each_template
def test_every_template_has_what_knock_requires_of_a_source_provider(template: Template) -> None:
    """The required fields of SourceProviderResponse in Knock's management API; only website_url may be null."""
    provider = attrs.asdict(template.provider)
    assert all(provider[name] for name in ("name", "description", "categories", "webhook_docs_url"))
    assert "website_url" in provider
    assert set(template.provider.categories) <= set(CATEGORIES)
    assert all((template.key, template.version, template.settings.event_type_path))
    assert isinstance(template.settings.enforce_verification, bool)


def test_the_catalogue_holds_the_five_templates_by_name_of_provider() -> None:
    assert [template.key for template in TEMPLATES.all()] == [
        "clerk",
        "custom_http",
        "http_legacy",
        "shopify",
        "stripe",
    ]


def test_a_new_shopify_customer_who_orders_is_known_when_the_workflow_starts() -> None:
    shopify = TEMPLATES.get("shopify")
    facts: Facts = {("workflow", "order-confirmation"): True}
    identify, trigger = executed(decisions(shopify, shopify.example_payloads["orders/create"][0], facts))
    assert (identify.action_type, trigger.action_type) == ("users_identify", "workflows_trigger")
    assert trigger.result["recipients"] == [{"collection": "$users", "id": identify.payload["id"]}]


def test_the_example_of_the_legacy_template_is_a_well_formed_track_call() -> None:
    http = TEMPLATES.get("http_legacy")
    bodies = [webhook(http, example).body for examples in http.example_payloads.values() for example in examples]
    assert [legacy.problem(body) for body in bodies] == [None]


def test_an_unknown_template_is_refused_with_those_that_exist() -> None:
    with pytest.raises(TemplateUnknown, match="'paypal'; the templates are clerk, custom_http, http_legacy, shopify"):
        TEMPLATES.get("paypal")


def test_the_catalogue_travels_with_the_package() -> None:
    assert all(CATALOGUE.joinpath(f"{template.key}.yaml").is_file() for template in TEMPLATES.all())
