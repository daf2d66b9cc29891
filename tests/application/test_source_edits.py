"""Putting a source: the body says how it is to be, and what is wrong in it is named by its field."""

from typing import Any, cast

import pytest

from application.gateway import Gateway
from application.secret_edits import BodyInvalid
from domain import configurations, errors, sources
from domain.json_values import Json
from domain.sources import Source
from infrastructure import bodies
from interfaces.http import rendering, shapes
from tests import examples
from tests.application.in_memory import ACTOR, TEMPLATES, VAULT, InMemory

STRIPE: dict[str, Json] = {"name": "Billing", "preconfigured_provider": "stripe"}
SECRET = "whsec_" + "a" * 32
IDENTIFY: dict[str, Json] = {
    "event_type": "order.placed",
    "action_type": "users_identify",
    "action_parameters": {"id": "body.user"},
}


def put(it: InMemory, source: Json, key: str = "shop") -> Source:
    return it.managing.put_source(key=key, body={"source": source}, actor=ACTOR)


def edited(environment: str = "development", **edit: Json) -> dict[str, Json]:
    return {"name": "Shop", "environment_settings": {environment: edit}}


def test_a_source_is_connected_in_every_environment_as_its_template_says() -> None:
    it, template = InMemory(), TEMPLATES.get("stripe")
    source = put(it, STRIPE)
    assert (source.template, source.template_version, source.created_at) == ("stripe", template.version, examples.AT)
    for environment in ("development", "production"):
        made = it.configuration(environment)
        assert made.settings == template.settings
        assert [each.event_type for each in made.mappings] == ["customer.created", "customer.updated"]
        assert all(each.active for each in made.mappings)


def test_without_a_provider_a_source_is_of_one_s_own() -> None:
    assert put(InMemory(), {"name": "Shop"}).template == "custom_http"


@pytest.mark.parametrize("provider", ["hightouch", "census"])
def test_a_provider_that_calls_the_api_makes_no_source_and_its_steps_are_pointed_to(provider: str) -> None:
    it = InMemory()
    before = it.ledger.head()
    with pytest.raises(BodyInvalid, match=f"it needs no source; .*GET /v1/source_providers/{provider}") as refused:
        put(it, {"name": "Warehouse", "preconfigured_provider": provider})
    assert refused.value.field == "source.preconfigured_provider"
    assert it.ledger.head() == before


def test_a_body_says_what_differs_from_the_template() -> None:
    it = InMemory()
    put(it, {**STRIPE, **edited(settings={"enforce_verification": False}, mappings=[])})
    development, production = it.configuration(), it.configuration("production")
    assert (development.settings.enforce_verification, development.mappings) == (False, ())
    assert (production.settings.enforce_verification, len(production.mappings)) == (True, 2)
    assert development.settings.verification.scheme == "stripe"


@pytest.mark.parametrize(
    "source",
    [
        {"name": "Shop"},
        STRIPE,
        edited(settings={"enabled": False, "verification": {"scheme": "hmac", "header": "x-sig"}}),
        edited(mappings=[IDENTIFY, {**IDENTIFY, "event_type": "order.paid", "active": False}]),
        {**STRIPE, **edited(settings={"secrets": {"signing_secret": SECRET}})},
    ],
)
def test_the_same_body_twice_is_one_edit(source: Json) -> None:
    it = InMemory()
    put(it, source)
    before = it.ledger.head()
    put(it, source)
    assert it.ledger.head() == before


class _Addresses:
    """What rendering a source needs of a gateway."""

    def endpoint_url(self, token: str) -> str:
        return f"https://hooks.example.com/integrations/receive/{token}"


def shown(it: InMemory, source: Source) -> dict[str, Any]:
    """The source as the API shows it."""
    gateway = cast(Gateway, _Addresses())
    return bodies.parse(rendering.dumps(shapes.source(gateway, it.catalogue.current(), source)))


@pytest.mark.parametrize("template", [template.key for template in TEMPLATES.all() if template.receives])
def test_what_the_api_shows_can_be_put_back_and_changes_nothing(template: str) -> None:
    it = InMemory()
    source = put(it, {"name": "Shop", "preconfigured_provider": template})
    before = it.ledger.head()
    put(it, shown(it, source))
    assert it.ledger.head() == before


def test_what_one_environment_shows_can_be_put_into_another() -> None:
    it = InMemory()
    source = put(it, {**STRIPE, **edited(settings={"enabled": False}, mappings=[IDENTIFY])})
    development = shown(it, source)["environment_settings"]["development"]
    for _ in range(2):
        put(it, {"name": "Shop", "environment_settings": {"production": development}})
        head = it.ledger.head()
    made = it.configuration("production")
    assert made.settings == it.configuration().settings
    assert [each.configured for each in made.mappings] == [IDENTIFY["action_parameters"]]
    assert made.token != it.configuration().token
    put(it, {"name": "Shop", "environment_settings": {"production": development}})
    assert it.ledger.head() == head


def test_settings_that_are_not_named_stay_and_mappings_that_are_not_listed_go() -> None:
    it = InMemory()
    put(it, edited(settings={"timestamp_path": "body.at"}, mappings=[IDENTIFY]))
    put(it, edited(settings={"enabled": False}))
    assert it.configuration().settings.timestamp_path == "body.at"
    assert [each.event_type for each in it.configuration().mappings] == ["order.placed"]
    put(it, edited(mappings=[]))
    assert it.configuration().mappings == ()


def test_a_description_that_is_not_named_stays_and_one_that_is_null_goes() -> None:
    it = InMemory()
    put(it, {"name": "Shop", "description": "Orders"})
    assert put(it, {"name": "Our shop"}).description == "Orders"
    assert put(it, {"description": None}).description is None
    assert put(it, {}).name == "Our shop"


def test_a_secret_is_sealed_and_a_new_one_takes_its_place() -> None:
    it = InMemory()
    put(it, {**STRIPE, **edited(settings={"secrets": {"signing_secret": SECRET}})})
    (secret,) = it.configuration().secrets
    context = f"{configurations.stream('shop', 'development')}/{secret.id}"
    assert (VAULT.open(secret.sealed, context=context), secret.hint, secret.expires_at) == (SECRET, "aaaa", None)
    put(it, edited(settings={"secrets": {"signing_secret": SECRET[:-1] + "b"}}))
    old, new = it.configuration().secrets
    assert (old.expires_at, new.expires_at) == (examples.AT, None)
    assert SECRET.encode() not in b"".join(each.state for each in it.ledger.recorder.select_notifications(1, 1000))


def test_a_short_secret_has_no_hint() -> None:
    it = InMemory()
    put(it, edited(settings={"secrets": {"signing_secret": "short-one"}}))
    assert it.configuration().secrets[0].hint == ""


SETTINGS = "source.environment_settings.development.settings"
MAPPINGS = "source.environment_settings.development.mappings"


@pytest.mark.parametrize(
    ("source", "field"),
    [
        (None, "source"),
        ([], "source"),
        ({}, "source.name"),
        ({"name": ""}, "source.name"),
        ({"name": 7}, "source.name"),
        ({"name": "Shop", "description": ["Orders"]}, "source.description"),
        ({"name": "Shop", "preconfigured_provider": "strip"}, "source.preconfigured_provider"),
        ({"name": "Shop", "preconfigured_provider": {}}, "source.preconfigured_provider"),
        ({"name": "Shop", "environment_settings": ["development"]}, "source.environment_settings"),
        (edited("stagin"), "source.environment_settings.stagin"),
        ({"name": "Shop", "environment_settings": {"development": 1}}, "source.environment_settings.development"),
        (edited(settings="none"), SETTINGS),
        (edited(settings={"enabled": "no"}), f"{SETTINGS}.enabled"),
        (edited(settings={"event_type_path": "body..x"}), f"{SETTINGS}.event_type_path"),
        (edited(settings={"verification": {"scheme": "stripes"}}), f"{SETTINGS}.verification.scheme"),
        (edited(settings={"verification": {"scheme": "stripe", "x": 1}}), f"{SETTINGS}.verification.x"),
        (edited(settings={"secrets": "whsec"}), f"{SETTINGS}.secrets"),
        (edited(settings={"secrets": {"signing_key": "a" * 20}}), f"{SETTINGS}.secrets.signing_key"),
        (edited(settings={"secrets": {"signing_secret": 7}}), f"{SETTINGS}.secrets.signing_secret"),
        (edited(mappings={}), MAPPINGS),
        (edited(mappings=[IDENTIFY, 1]), f"{MAPPINGS}[1]"),
        (edited(mappings=[{**IDENTIFY, "action_type": "x"}]), f"{MAPPINGS}[0].action_type"),
        (
            edited(mappings=[{**IDENTIFY, "action_parameters": {"id": {"template": "x"}}}]),
            f"{MAPPINGS}[0].action_parameters.id.template",
        ),
    ],
)
def test_what_is_wrong_in_a_body_is_named_by_its_field_and_nothing_is_changed(source: Json, field: str) -> None:
    it = InMemory()
    before = it.ledger.head()
    with pytest.raises(errors.Refused) as refusal:
        put(it, source)
    assert refusal.value.field == field
    assert it.ledger.head() == before


def test_a_refused_secret_is_not_in_the_message() -> None:
    secret = "whsec_not base64 at all"
    body = {
        **STRIPE,
        **edited(settings={"verification": {"scheme": "standard_webhooks"}, "secrets": {"signing_secret": secret}}),
    }
    with pytest.raises(BodyInvalid) as refusal:
        put(InMemory(), body)
    assert "base64 at all" not in str(refusal.value)


def test_the_provider_is_chosen_once() -> None:
    it = InMemory()
    put(it, STRIPE)
    assert put(it, STRIPE).template == "stripe"
    with pytest.raises(BodyInvalid, match="chosen once, at creation") as refusal:
        put(it, {**STRIPE, "preconfigured_provider": "clerk"})
    assert refusal.value.field == "source.preconfigured_provider"


@pytest.mark.parametrize("key", ["", "My Shop", "a/b", "-a", "a" * 65])
def test_a_key_must_be_able_to_stand_in_an_address(key: str) -> None:
    with pytest.raises(errors.Refused) as refusal:
        put(InMemory(), {"name": "Shop"}, key)
    assert refusal.value.field == "key"


def test_an_archived_source_cannot_be_put_again() -> None:
    it = InMemory()
    put(it, STRIPE)
    it.managing.archive_source(key="shop", actor=ACTOR)
    with pytest.raises(sources.SourceArchivedAlready):
        put(it, STRIPE)
