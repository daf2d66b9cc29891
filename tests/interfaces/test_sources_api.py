"""Sources over HTTP: connecting, reading, changing and archiving them, in the management API's shapes."""

from typing import Any

import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, mapping, put, shown
from tests.interfaces.knock.checking import MANAGEMENT

SECRET = "a-signing-secret-of-some-length"
IDENTIFY = mapping("user.created", "users_identify", id="body.user.id", email={"paths": ["body.mail", "body.email"]})
TRIGGER = mapping(
    "user.created",
    "workflows_trigger",
    key="welcome",
    recipients="body.user.id",
    data={"plan": {"value": ["team", 3]}, "greeting": {"template": "Hello {{ body.user.name }}"}},
)


def test_every_answer_about_a_source_has_the_management_apis_shape(connect: Connect, gateway: Gateway) -> None:
    key = connect.key()
    described = {"description": "Orders", "environment_settings": {"production": {"mappings": [IDENTIFY, TRIGGER]}}}
    MANAGEMENT.check("WrappedSourceResponse", put(gateway, key, described).json())
    source = shown(gateway, f"/v1/sources/{key}")
    MANAGEMENT.check("Source", source)
    assert source["key"] == key
    assert source["description"] == "Orders"
    assert len(source["environment_settings"]["production"]["mappings"]) == 2
    MANAGEMENT.check("SourcesResponse", shown(gateway, "/v1/sources"))
    MANAGEMENT.check("SourcesResponse", shown(gateway, "/v1/sources", include="environment_settings"))


def test_connecting_answers_with_what_getting_shows(connect: Connect, gateway: Gateway) -> None:
    key = connect.key()
    answer = put(gateway, key, {}).json()
    assert answer["source"] == shown(gateway, f"/v1/sources/{key}")
    assert answer == {**answer["source"], "source": answer["source"]}


def test_a_source_is_shown_in_one_environment_or_in_all(connect: Connect, gateway: Gateway) -> None:
    source = connect()
    everywhere = shown(gateway, f"/v1/sources/{source.key}")["environment_settings"]
    assert {"development", "production"} <= everywhere.keys()
    assert len({each["settings"]["endpoint"] for each in everywhere.values()}) == len(everywhere)
    assert source.get()["environment_settings"] == {"development": everywhere["development"]}
    listed = {each["key"]: each for each in shown(gateway, "/v1/sources", environment="development")["entries"]}
    assert listed[source.key]["environment_settings"].keys() == {"development"}
    listed = {each["key"]: each for each in shown(gateway, "/v1/sources")["entries"]}
    assert listed[source.key]["environment_settings"] == {}


def test_a_source_can_be_made_from_every_template_that_receives(connect: Connect, gateway: Gateway) -> None:
    templates = shown(gateway, "/v1/source_providers")
    MANAGEMENT.check("SourceProvidersResponse", templates)
    receiving = [each["key"] for each in templates["entries"] if each["receives"]]
    assert len(receiving) == len(templates["entries"]) - 2
    for template in receiving:
        about = shown(gateway, f"/v1/source_providers/{template}")
        MANAGEMENT.check("SourceProviderResponse", about)
        source = put(gateway, connect.key(), {"preconfigured_provider": template}).json()
        MANAGEMENT.check("Source", source)
        assert source["preconfigured_provider"] == template
        made = source["environment_settings"]["development"]
        assert (made["settings"]["event_type_path"] or "") == about["default_settings"]["event_type_path"]
        assert len(made["mappings"]) == sum(each["on"] for each in about["default_action_mappings"])


@pytest.mark.parametrize("template", ["hightouch", "census"])
def test_a_provider_that_calls_the_api_is_shown_with_its_steps_and_makes_no_source(
    connect: Connect, gateway: Gateway, template: str
) -> None:
    about = shown(gateway, f"/v1/source_providers/{template}")
    MANAGEMENT.check("SourceProviderResponse", about)
    assert (about["receives"], about["example_payloads"]) == (False, {})
    assert about["setup"]
    refused = put(gateway, connect.key(), {"preconfigured_provider": template})
    assert refused.status_code == 422
    assert "it needs no source; follow the steps" in refused.json()["message"]


def test_a_template_says_what_its_preprocessing_derives_and_offers_a_script(gateway: Gateway) -> None:
    clerk, custom = (shown(gateway, f"/v1/source_providers/{key}") for key in ("clerk", "custom_http"))
    assert clerk["preprocessing"]["name"] == "clerk"
    assert clerk["preprocessing"]["outputs"].keys() == {"name", "email", "phone"}
    assert (custom["preprocessing"], clerk["default_settings"]["preprocessing_script"]) == (None, None)
    script = custom["default_settings"]["preprocessing_script"]
    assert script["language"] == "javascript"
    assert "CUSTOM_HTTP_SIGNING_SECRET" in script["source"]


def test_putting_back_what_was_read_is_no_edit(connect: Connect, gateway: Gateway) -> None:
    source = connect(
        mappings=[IDENTIFY, TRIGGER],
        enforce_verification=True,
        verification={"scheme": "hmac", "header": "x-sign", "encoding": "hex", "algorithm": "sha256"},
        secrets={"signing_secret": SECRET},
        idempotency_key_path='headers["x-id"]',
        timestamp_path="body.at[0]",
    )
    before = shown(gateway, f"/v1/sources/{source.key}")
    answer = gateway.client.put(f"/v1/sources/{source.key}", json={"source": before})
    assert answer.status_code == 200
    assert shown(gateway, f"/v1/sources/{source.key}") == before
    assert answer.json()["source"] == before


def test_each_edit_is_one_version_further(connect: Connect) -> None:
    source = connect()
    before = source.settings()["version"]
    assert source.put(settings={"timestamp_path": "body.at"}).status_code == 200
    assert source.put(settings={"timestamp_path": "body.at"}).status_code == 200
    assert source.settings()["version"] == before + 1


def test_settings_that_are_not_named_stay(connect: Connect) -> None:
    source = connect(idempotency_key_path="body.id", idempotency_window_seconds=60)
    source.put(settings={"timestamp_path": "body.at"})
    settings = source.settings()["settings"]
    named = ("idempotency_key_path", "idempotency_window_seconds", "timestamp_path")
    assert [settings[name] for name in named] == ["body.id", 60, "body.at"]


def test_mappings_are_put_as_a_whole_and_keep_their_ids(connect: Connect) -> None:
    source = connect(mappings=[IDENTIFY, TRIGGER])
    identify, trigger = source.settings()["mappings"]
    source.put(mappings=[{**trigger, "active": False}, {**identify, "is_deleted": True}])
    [left] = source.settings()["mappings"]
    assert left["id"] == trigger["id"]
    assert left["active"] is False
    assert left["action_parameters"] == TRIGGER["action_parameters"]
    source.put(mappings=[])
    assert source.settings()["mappings"] == []


def test_a_secret_is_never_shown_again(connect: Connect, gateway: Gateway) -> None:
    source = connect(secrets={"signing_secret": SECRET})
    for _ in range(2):  # sent again it is the same secret
        assert SECRET not in source.put(settings={"secrets": {"signing_secret": SECRET}}).text
    [secret] = source.settings()["settings"]["secrets"]
    assert secret["hint"] == SECRET[-4:]
    assert secret["expires_at"] is None
    for path in ("/v1/sources?include=environment_settings", f"/v1/sources/{source.key}"):
        assert SECRET not in gateway.client.get(path).text


def test_a_new_secret_retires_the_one_before(connect: Connect) -> None:
    source = connect(secrets={"signing_secret": SECRET})
    source.put(settings={"secrets": {"signing_secret": SECRET[::-1]}})
    retired, current = source.settings()["settings"]["secrets"]
    assert retired["expires_at"] is not None
    assert (current["hint"], current["expires_at"]) == (SECRET[::-1][-4:], None)


def test_a_rotated_address_is_another_one(connect: Connect, gateway: Gateway) -> None:
    source = connect()
    query = {"environment": "development"}
    rotated = gateway.client.post(f"/v1/sources/{source.key}/rotate_token", params=query).json()
    assert not rotated["settings"]["endpoint"].endswith(source.endpoint)
    assert rotated == source.settings()
    assert source.send({}).status_code == 404


def test_a_new_environment_has_every_source_with_default_settings(connect: Connect, gateway: Gateway) -> None:
    source, slug = connect(mappings=[IDENTIFY], idempotency_key_path="body.id"), connect.key()[-24:].strip("-")
    made = gateway.client.post("/v1/environments", json={"slug": slug, "name": "A test's own"})
    assert made.status_code == 201, made.text
    MANAGEMENT.check("Environment", made.json())
    MANAGEMENT.check("Environment", shown(gateway, f"/v1/environments/{slug}"))
    environments = shown(gateway, "/v1/environments")
    MANAGEMENT.check("PaginatedEnvironmentResponse", environments)
    assert slug in [each["slug"] for each in environments["entries"]]
    fresh = shown(gateway, f"/v1/sources/{source.key}", environment=slug)["environment_settings"][slug]
    assert fresh["mappings"] == []
    assert fresh["settings"]["idempotency_key_path"] is None
    assert connect.of({"key": source.key, "environment_settings": {slug: fresh}}, slug).send({}).status_code == 200


def test_an_archived_source_is_gone_but_its_log_stays(connect: Connect, gateway: Gateway) -> None:
    source = connect()
    webhook = source.sent({"type": "order.placed"})
    for _ in range(2):  # archiving again changes nothing
        assert gateway.client.delete(f"/v1/sources/{source.key}").status_code == 204
    assert gateway.client.get(f"/v1/sources/{source.key}").status_code == 404
    assert source.send({}).status_code == 404
    assert shown(gateway, f"/v1/event_logs/{webhook}")["source"] == source.key
    again = put(gateway, source.key, {})
    assert again.status_code == 422
    assert "archived" in again.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/sources/{}"),
        ("DELETE", "/v1/sources/{}"),
        ("POST", "/v1/sources/{}/rotate_token?environment=development"),
        ("GET", "/v1/sources/{}/status?environment=development"),
        ("GET", "/v1/sources/{}/events?environment=development"),
        ("GET", "/v1/sources/{}/logs?environment=development"),
        ("POST", "/v1/sources/{}/rehearse?environment=development"),
        ("GET", "/v1/source_providers/{}"),
        ("GET", "/v1/environments/{}"),
    ],
)
def test_what_nobody_made_is_missing(gateway: Gateway, name: str, method: str, path: str) -> None:
    answer = gateway.client.request(method, path.format(name))
    problem: dict[str, Any] = answer.json()
    assert answer.status_code == problem["status"] == 404
    assert problem["code"] == "resource_missing"
    assert name in problem["message"]
