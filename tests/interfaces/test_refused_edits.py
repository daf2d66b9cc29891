"""Edits that cannot be: 4xx in one shape, naming the field, and nothing of them is done."""

from typing import Any

import httpx
import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, mapping, put

HERE = "source.environment_settings.development"


def assert_refused(answer: httpx.Response, status: int, field: str) -> None:
    """The answer has the shape of errors and names `field`."""
    problem = answer.json()
    assert problem.keys() == {"code", "message", "status", "type", "errors"}, problem
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, "invalid_params"), problem
    assert problem["type"] == "invalid_request_error"
    assert problem["errors"] == [{"field": field, "message": problem["message"]}]


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"name": ""}, "source.name"),
        ({"name": "  "}, "source.name"),
        ({"name": None}, "source.name"),
        ({"name": 5}, "source.name"),
        ({"description": ["x"]}, "source.description"),
        ({"preconfigured_provider": "unheard_of"}, "source.preconfigured_provider"),
        ({"preconfigured_provider": 7}, "source.preconfigured_provider"),
        ({"environment_settings": []}, "source.environment_settings"),
        ({"environment_settings": ""}, "source.environment_settings"),
        ({"environment_settings": {"staging": {}}}, "source.environment_settings.staging"),
        ({"environment_settings": {"development": 1}}, HERE),
    ],
)
def test_a_refused_description_names_its_field(
    connect: Connect, gateway: Gateway, edit: dict[str, Any], field: str
) -> None:
    key = connect.key()
    assert_refused(put(gateway, key, edit), 422, field)
    assert gateway.client.get(f"/v1/sources/{key}").status_code == 404


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ([], "settings"),
        ({"event_type_path": "body..type"}, "settings.event_type_path"),
        ({"event_type_path": 5}, "settings.event_type_path"),
        ({"timestamp_path": "body[x]"}, "settings.timestamp_path"),
        ({"idempotency_key_path": ["body.id"]}, "settings.idempotency_key_path"),
        ({"enforce_idempotency": True}, "settings.idempotency_key_path"),
        ({"enforce_verification": "yes"}, "settings.enforce_verification"),
        ({"enabled": None}, "settings.enabled"),
        ({"idempotency_window_seconds": 0}, "settings.idempotency_window_seconds"),
        ({"idempotency_window_seconds": True}, "settings.idempotency_window_seconds"),
        ({"verification": "stripe"}, "settings.verification"),
        ({"verification": {"scheme": "caesar"}}, "settings.verification.scheme"),
        ({"verification": {"scheme": "hmac"}}, "settings.verification.header"),
        ({"verification": {"scheme": "stripe", "tolerance_seconds": -1}}, "settings.verification.tolerance_seconds"),
        ({"secrets": "s"}, "settings.secrets"),
        ({"secrets": {"password": "x"}}, "settings.secrets.password"),
        ({"secrets": {"signing_secret": 5}}, "settings.secrets.signing_secret"),
        ({"secrets": {"signing_secret": ""}}, "settings.secrets.signing_secret"),
        ({"secrets": {"signing_secret": {"value": ""}}}, "settings.secrets.signing_secret"),
        (
            {"secrets": {"signing_secret": {"value": "a-secret-of-some-length", "previous_expires_in_seconds": -1}}},
            "settings.secrets.signing_secret.previous_expires_in_seconds",
        ),
        ({"preprocess_script": {"language": "javascript", "source": "x"}}, "settings.preprocess_script.source"),
        ({"preprocess_script": {"language": "python", "source": "x"}}, "settings.preprocess_script.language"),
        ({"batch_path": "headers.x"}, "settings.batch_path"),
        ({"event_typ_path": "body.type"}, "settings.event_typ_path"),
    ],
)
def test_a_refused_setting_names_its_field(connect: Connect, settings: Any, field: str) -> None:
    source = connect()
    before = source.settings()
    assert_refused(source.put(settings=settings), 422, f"{HERE}.{field}")
    assert source.settings() == before


@pytest.mark.parametrize(
    ("mappings", "field"),
    [
        ({}, "mappings"),
        ("all", "mappings"),
        ([5], "mappings[0]"),
        ([{"action_type": "users_identify"}], "mappings[0].event_type"),
        ([mapping("", "users_identify", id="body.id")], "mappings[0].event_type"),
        ([mapping("e" * 256, "users_identify", id="body.id")], "mappings[0].event_type"),
        ([mapping("e", "users_promote", id="body.id")], "mappings[0].action_type"),
        ([mapping("e", "users_identify")], "mappings[0].action_parameters.id"),
        ([mapping("e", "users_identify", id="body.id", plan="x")], "mappings[0].action_parameters.plan"),
        ([mapping("e", "users_identify", id="a..b")], "mappings[0].action_parameters.id"),
        ([mapping("e", "users_identify", id={"paht": "a"})], "mappings[0].action_parameters.id"),
        ([mapping("e", "users_identify", id={"template": "{{ body.id"})], "mappings[0].action_parameters.id.template"),
        ([{**mapping("e", "users_identify", id="body.id"), "active": 1}], "mappings[0].active"),
        (
            [mapping("e", "users_delete", id="body.id"), mapping("e", "users_delete")],
            "mappings[1].action_parameters.id",
        ),
    ],
)
def test_a_refused_mapping_names_its_field(connect: Connect, mappings: Any, field: str) -> None:
    source = connect(mappings=[mapping("kept", "users_delete", id="body.id")])
    before = source.settings()
    assert_refused(source.put(mappings=mappings), 422, f"{HERE}.{field}")
    assert source.settings() == before


def test_the_template_of_a_source_is_chosen_once(connect: Connect, gateway: Gateway) -> None:
    source = connect()
    answer = put(gateway, source.key, {"preconfigured_provider": "stripe"})
    assert_refused(answer, 422, "source.preconfigured_provider")


@pytest.mark.parametrize("key", ["Orders", "orders!", "-orders", "o" * 65, "%00", "bestellungen-ü", "%F0%9F%92%A9"])
def test_a_key_must_be_a_slug(gateway: Gateway, key: str) -> None:
    assert_refused(gateway.client.put(f"/v1/sources/{key}", json={"source": {"name": "Orders"}}), 422, "key")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null", b'{"source": NaN}', b"[" * 100_000])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/sources/orders"),
        ("POST", "/v1/environments"),
        ("POST", "/v1/api_keys"),
        ("PUT", "/v1/variables/API_URL"),
        ("PUT", "/v1/workflows/welcome?environment=development"),
        ("PUT", "/v1/audiences/beta?environment=development"),
    ],
)
def test_a_body_that_is_no_object_is_refused(gateway: Gateway, method: str, path: str, body: bytes) -> None:
    assert_refused(gateway.client.request(method, path, content=body), 400, "body")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("PUT", "/v1/sources/orders", {}, 422, "source"),
        ("PUT", "/v1/sources/orders", {"source": []}, 422, "source"),
        ("POST", "/v1/environments", {}, 400, "slug"),
        ("POST", "/v1/environments", {"slug": "No Slug"}, 422, "slug"),
        ("POST", "/v1/environments", {"slug": "a\0b"}, 400, "slug"),
        ("PUT", "/v1/variables/API-URL", {"variable": {"value": 1}}, 422, "key"),
        ("PUT", "/v1/variables/API_URL", {"variable": []}, 422, "variable"),
        ("PUT", "/v1/variables/API_URL", {"variable": {"type": "hidden"}}, 422, "variable.type"),
        ("PUT", "/v1/variables/API_URL", {"value": "x" * 8_193}, 422, "variable.value"),
        ("GET", "/v1/variables?type=hidden", {}, 400, "type"),
        ("PUT", "/v1/workflows/welcome", {"workflow": {"name": "W"}}, 400, "environment"),
        ("PUT", "/v1/workflows/welcome?environment=development", {"workflow": {}}, 400, "name"),
        ("PUT", "/v1/workflows/welcome?environment=development", {"name": "W", "active": 1}, 400, "workflow.active"),
        ("PUT", "/v1/workflows/welcome?environment=development", {"workflow": 1}, 400, "workflow"),
        ("PUT", "/v1/audiences/beta?environment=development", {"name": "B", "type": "dynamic"}, 400, "audience.type"),
        ("PUT", "/v1/audiences/beta?environment=development", {"audience": {}}, 400, "name"),
    ],
)
def test_other_refused_edits_name_their_field(
    gateway: Gateway, method: str, path: str, body: dict[str, Any], status: int, field: str
) -> None:
    assert_refused(gateway.client.request(method, path, json=body), status, field)


def test_an_environment_that_nobody_made_is_missing(gateway: Gateway, name: str) -> None:
    for path in ("sources", "event_logs", "action_logs", "workflows", "audiences", "users", "audit/accounting"):
        answer = gateway.client.get(f"/v1/{path}", params={"environment": name})
        assert answer.status_code == 404, path
        assert answer.json()["errors"][0]["field"] == "environment"


def test_a_body_that_is_far_too_large_is_refused(gateway: Gateway) -> None:
    answer = gateway.client.put("/v1/sources/orders", content=b" " * 5_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/", 404), ("PATCH", "/v1/sources", 405), ("POST", "/health/live", 405)],
)
def test_unknown_routes_and_methods_are_refused_in_the_same_shape(
    gateway: Gateway, method: str, path: str, status: int
) -> None:
    answer = gateway.client.request(method, path, headers={"x-request-id": "asked"})
    assert answer.status_code == answer.json()["status"] == status
    assert answer.json().keys() == {"code", "message", "status", "type"}
    assert answer.headers["x-request-id"] == "asked"


@pytest.mark.parametrize("text", ["x" * 4_097, "Shop\0"])
def test_a_name_that_nobody_could_read_is_refused(connect: Connect, gateway: Gateway, text: str) -> None:
    for field in ("name", "description", "custom_image_url"):
        assert_refused(put(gateway, connect.key(), {field: text}), 422, f"source.{field}")


def test_what_was_pasted_by_mistake_is_no_secret(connect: Connect, gateway: Gateway) -> None:
    edit = {"environment_settings": {"development": {"settings": {"secrets": {"signing_secret": "x" * 4_097}}}}}
    assert_refused(put(gateway, connect.key(), edit), 422, f"{HERE}.settings.secrets.signing_secret")
