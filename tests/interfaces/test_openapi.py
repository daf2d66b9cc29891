"""The description of the API is OpenAPI 3.1 and says of every route what it is for."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from interfaces.http import collecting
from tests.gateways import Gateway
from tests.interfaces.conversations import shown

ROUTES = """
GET /v1/sources
GET PUT DELETE /v1/sources/{key}
POST /v1/sources/{key}/rotate_token
DELETE /v1/sources/{key}/secrets/{secret_id}
GET /v1/sources/{key}/status
GET /v1/sources/{key}/events
GET /v1/sources/{key}/logs
POST /v1/sources/{key}/rehearse
GET /v1/source_providers
GET /v1/source_providers/{key}
GET POST /v1/environments
GET /v1/environments/{slug}
GET POST /v1/api_keys
DELETE /v1/api_keys/{key_id}
GET /v1/variables
GET PUT DELETE /v1/variables/{key}
GET /v1/workflows
GET PUT /v1/workflows/{key}
PUT /v1/workflows/{key}/triggers/{source}/{mapping_id}
GET /v1/audiences
GET PUT /v1/audiences/{key}
GET POST DELETE /v1/audiences/{key}/members
GET /v1/event_logs
GET /v1/event_logs/export
GET /v1/event_logs/tail
GET /v1/event_logs/{event_log_id}
GET /v1/event_logs/{event_log_id}/body
GET /v1/event_logs/{event_log_id}/history
GET /v1/action_logs
GET /v1/action_logs/export
GET /v1/action_logs/{action_log_id}
GET /v1/audit/events
GET /v1/audit/events/export
GET /v1/audit/streams/{stream}
GET /v1/audit/accounting
GET /v1/audit/entities/{kind}/{entity_id}
GET /v1/users
GET PUT DELETE /v1/users/{user_id}
POST /v1/users/{user_id}/merge
POST /v1/users/bulk/identify
POST /v1/users/bulk/delete
GET /v1/users/{user_id}/subscriptions
GET /v1/objects/{collection}
GET PUT DELETE /v1/objects/{collection}/{object_id}
GET POST DELETE /v1/objects/{collection}/{object_id}/subscriptions
POST /v1/objects/{collection}/bulk/set
POST /v1/objects/{collection}/bulk/delete
POST /v1/objects/{collection}/bulk/subscriptions/add
POST /v1/objects/{collection}/bulk/subscriptions/delete
GET /v1/tenants
GET PUT DELETE /v1/tenants/{tenant_id}
POST /v1/tenants/bulk/set
POST /v1/tenants/bulk/delete
POST /v1/workflows/{key}/trigger
POST /v1/workflows/{key}/cancel
POST /v1/notify
POST /v1/notify/cancel
GET /v1/bulk_operations/{operation_id}
POST /v1/integrations/census/custom-destination
POST /v1/integrations/hightouch/embedded-destination
GET /v1/workflow_recipient_runs
GET /v1/workflow_recipient_runs/{run_id}
POST /v1/batch
POST /v1/track
POST /v1/identify
POST /v1/page
POST /v1/screen
POST /v1/group
POST /v1/alias
POST /batch
GET /health/live
GET /health/ready
"""


@pytest.fixture(scope="module")
def document(gateway: Gateway) -> dict[str, Any]:
    """The description that the gateway gives of itself."""
    found: dict[str, Any] = shown(gateway, "/schema/openapi.json")
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation by `METHOD path`."""
    for path, item in document["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in item.items())


def promised() -> set[str]:
    """`ROUTES`, one by one."""
    lines = (line.split() for line in ROUTES.strip().splitlines())
    return {f"{method} {path}" for *methods, path in lines for method in methods}


def test_the_description_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Hookledger"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["info"]["version"])


def test_every_route_that_is_promised_is_described(document: dict[str, Any]) -> None:
    assert promised() <= {name for name, _ in operations(document)}


def test_every_operation_says_what_it_is_for(document: dict[str, Any]) -> None:
    silent = [name for name, operation in operations(document) if not operation.get("summary", "").strip()]
    assert not silent, f"give each of these a summary: {silent}"


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)


def test_every_parameter_of_a_path_is_described(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        described = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert described == set(re.findall(r"\{(\w+)\}", name)), name


def test_keys_are_presented_as_bearers(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert document["security"] == [{"key": []}]


def test_write_keys_are_presented_as_user_names_and_only_to_collect(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["write_key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "basic")
    with_write_keys = {name for name, each in operations(document) if each.get("security") == [{"write_key": []}]}
    assert with_write_keys == {f"POST {path}" for path in ("/batch", *(f"/v1/{call}" for call in collecting.CALLS))}


def test_every_answer_has_a_request_id(gateway: Gateway) -> None:
    for path in ("/schema", "/schema/openapi.json", "/health/live", "/v1/sources", "/v1/nothing", "/", "/v1/users"):
        ours = gateway.client.get(path).headers["x-request-id"]
        assert len(ours) > 16
        assert gateway.client.get(path).headers["x-request-id"] != ours
        for given, kept in (("asked", True), ("x" * 64, True), ("x" * 65, False)):
            answer = gateway.client.get(path, headers={"x-request-id": given})
            assert (answer.headers["x-request-id"] == given) is kept, path
