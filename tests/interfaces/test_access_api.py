"""Who may do what: every route under every kind of key, and nothing of another environment for a key that is bound."""

import re
from typing import Any

import httpx
import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, bearer, issue, mapping, shown

OPEN = {"/health/live", "/health/ready"}
ROLES = ("admin", "editor", "auditor", "environment")
ADMINISTERED = ("/v1/api_keys", "/v1/environments", "/v1/erasures")
BY_WRITE_KEY: list[dict[str, list[str]]] = [{"write_key": []}]
"""How routes for event clients are described: they take the write key of one source and no key of the API."""

BOUND = (
    *("event_logs", "action_logs", "audit", "users", "objects", "tenants", "workflow_recipient_runs"),
    *("bulk_operations", "dead_letters", "disabled_targets", "forwards"),
)
"""What a key that is bound to an environment may read; members of audiences too."""

WHOLE = tuple(f"/v1/audit/{what}" for what in ("events", "streams", "verify", "key", "receipts"))
"""The log itself, and what proves it, which are the whole account's."""

CALLED = (
    *("users", "objects", "tenants", "notify", "integrations"),
    *("workflow_recipient_runs", "dead_letters", "disabled_targets", "forwards"),
)
"""Where it may also write, which includes retrying runs; it may add and remove members, trigger and cancel, too."""

Route = tuple[str, str]


def allowed(role: str, method: str, path: str) -> bool:
    """The rule, in other words than the code's: readers read, editors edit, and only admins administer."""
    if role == "environment" and method == "GET":
        return not path.startswith(WHOLE) and (path.split("/")[2] in BOUND or path.endswith("/members"))
    if role == "environment":
        return path.split("/")[2] in CALLED or path.endswith(("/members", "/trigger", "workflows/unheard-of/cancel"))
    if path.startswith(ADMINISTERED) and (method != "GET" or "api_keys" in path or path.endswith("/forwarding")):
        return role == "admin"
    return method == "GET" or role in ("admin", "editor")


@pytest.fixture(scope="module")
def routes(gateway: Gateway) -> list[Route]:
    """Every route of the API, its parameters filled with ids that nothing has."""
    return [
        (method, re.sub(r"\{[^}]*\}", "unheard-of", path))
        for method, path, described in described_routes(gateway)
        if path not in OPEN and described.get("security") != BY_WRITE_KEY
    ]


def described_routes(gateway: Gateway) -> list[tuple[str, str, dict[str, Any]]]:
    """Every route with its description."""
    paths = shown(gateway, "/schema/openapi.json")["paths"]
    return [(method.upper(), path, item[method]) for path, item in paths.items() for method in item]


@pytest.fixture(scope="module")
def keys(gateway: Gateway) -> dict[str, str]:
    """A key of each role."""
    roles = {role: issue(gateway, role=role)["key"] for role in ROLES[:3]}
    return {**roles, "environment": issue(gateway, environment="development")["key"]}


def asked(sender: httpx.Client, route: Route, headers: dict[str, str]) -> httpx.Response:
    """The answer of a route to nothing in particular; of one that never ends, its beginning."""
    method, path = route
    with sender.stream(method, path, params={"environment": "development"}, headers=headers) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
        return answer


def test_no_route_is_open_without_a_key(sender: httpx.Client, routes: list[Route]) -> None:
    assert len(routes) > 30
    for route in routes:
        answer = asked(sender, route, {})
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required"), route
        assert answer.json()["type"] == "authentication_error"


def test_an_event_client_needs_the_write_key_of_a_source(sender: httpx.Client, gateway: Gateway) -> None:
    collecting = [path for _, path, described in described_routes(gateway) if described.get("security") == BY_WRITE_KEY]
    assert len(collecting) >= 8
    for path in collecting:
        for headers in ({}, bearer(gateway.token), {"authorization": "Basic bm9ib2R5Og=="}):
            answer = sender.post(path, content=b'{"batch": []}', headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unknown_write_key"), (path, answer.text)


def test_what_is_open_is_health_and_the_description(sender: httpx.Client) -> None:
    for path in (*sorted(OPEN), "/schema", "/schema/openapi.json"):
        assert sender.get(path).status_code == 200, path


def test_a_key_that_nobody_issued_opens_nothing(sender: httpx.Client, routes: list[Route]) -> None:
    for route in routes:
        assert asked(sender, route, bearer("hl_st_nobody_issued_this_key")).status_code == 401, route


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_it_may_and_nothing_else(
    sender: httpx.Client, routes: list[Route], keys: dict[str, str], role: str
) -> None:
    for route in routes:
        answer = asked(sender, route, bearer(keys[role]))
        if allowed(role, *route):
            assert answer.status_code in (200, 204, 400, 404, 422), (route, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), (route, answer.text)


@pytest.mark.parametrize("wanted", [{"role": "admin"}, {"environment": "development"}])
def test_a_revoked_key_opens_nothing(
    gateway: Gateway, sender: httpx.Client, routes: list[Route], wanted: dict[str, str]
) -> None:
    key = issue(gateway, **wanted)
    assert asked(sender, ("GET", "/v1/event_logs"), bearer(key["key"])).status_code == 200
    for _ in range(2):  # revoking again changes nothing
        assert gateway.client.delete(f"/v1/api_keys/{key['id']}").status_code == 204
    for route in routes:
        assert asked(sender, route, bearer(key["key"])).status_code == 401, route


@pytest.mark.parametrize("authorization", ["{}", "Basic {}", "Bearer", "Bearer {}x", "Bearer x {}", "Token {}"])
def test_a_key_must_be_presented_as_a_bearers(sender: httpx.Client, gateway: Gateway, authorization: str) -> None:
    headers = {"authorization": authorization.format(gateway.token)}
    assert sender.get("/v1/sources", headers=headers).status_code == 401
    assert sender.get("/v1/sources", params={"api_key": gateway.token, "token": gateway.token}).status_code == 401


def test_the_scheme_may_be_written_in_any_case(sender: httpx.Client, gateway: Gateway) -> None:
    assert sender.get("/v1/sources", headers={"authorization": f"bearer {gateway.token}"}).status_code == 200


FOREIGN = (
    "event_logs/{webhook}",
    "event_logs/{webhook}/history",
    "event_logs/{webhook}/body",
    "action_logs/{action}",
    "audit/entities/users/{id}",
    "users/{id}",
    "objects/plans/{id}",
    "tenants/{id}",
    "audiences/{id}/members",
    "workflow_recipient_runs/{run}",
)
LISTS = (
    "event_logs",
    "action_logs",
    "audit/accounting",
    "users",
    "objects/plans",
    "tenants",
    "workflow_recipient_runs",
)


@pytest.fixture(scope="module")
def abroad(gateway: Gateway, sender: httpx.Client) -> dict[str, str]:
    """Something of each kind in production, by the names that `FOREIGN` has for their ids."""
    connect = Connect(gateway=gateway, sender=sender, name="abroad", environment="production")
    gateway.client.put("/v1/workflows/abroad", params={"environment": "production"}, json={"name": "Abroad"})
    source = connect(
        mappings=[
            mapping("all", "users_identify", id="body.id"),
            mapping("all", "objects_set", collection={"value": "plans"}, id="body.id"),
            mapping("all", "tenants_set", id="body.id"),
            mapping(
                "all",
                "audiences_add_member",
                key={"path": "body.id"},
                members="body.id",
                create_audience={"value": True},
            ),
            mapping("all", "workflows_trigger", key="abroad", recipients="body.id"),
        ]
    )
    webhook = source.settled({"type": "all", "id": "abroad-17"})
    assert webhook["outcome"] == "executed", webhook
    runs = shown(gateway, "/v1/workflow_recipient_runs", environment="production", workflow="abroad")["items"]
    return {"webhook": webhook["id"], "action": webhook["actions"][0]["id"], "id": "abroad-17", "run": runs[0]["id"]}


@pytest.mark.parametrize("path", FOREIGN)
def test_what_belongs_to_another_environment_does_not_exist(
    sender: httpx.Client, gateway: Gateway, keys: dict[str, str], abroad: dict[str, str], path: str
) -> None:
    """For a key that is bound, what is elsewhere looks exactly as what is nowhere."""
    place, nowhere = f"/v1/{path.format(**abroad)}", f"/v1/{path.format(**dict.fromkeys(abroad, 'nowhere'))}"
    assert gateway.client.get(place, params={"environment": "production"}).status_code == 200
    assert gateway.client.get(place, params={"environment": "development"}).status_code == 404
    answer, other = (sender.get(each, headers=bearer(keys["environment"])) for each in (place, nowhere))
    assert answer.status_code == other.status_code == 404
    ids = sorted(abroad.values(), key=len, reverse=True)
    assert re.sub("|".join(map(re.escape, ids)), "nowhere", answer.text) == other.text


@pytest.mark.parametrize("path", LISTS)
def test_lists_of_a_bound_key_keep_to_its_environment(
    sender: httpx.Client, keys: dict[str, str], abroad: dict[str, str], path: str
) -> None:
    answer = sender.get(f"/v1/{path}", headers=bearer(keys["environment"]))
    assert answer.status_code == 200
    assert "abroad" not in answer.text
    elsewhere = sender.get(f"/v1/{path}", params={"environment": "production"}, headers=bearer(keys["environment"]))
    assert elsewhere.status_code == 403
    filtered: dict[str, Any] = sender.get(
        f"/v1/{path}", params={"source": "abroad-1"}, headers=bearer(keys["environment"])
    ).json()
    assert "abroad" not in str(filtered)


def test_a_bound_key_cannot_ask_whether_an_environment_exists(sender: httpx.Client, keys: dict[str, str]) -> None:
    answers = {
        sender.get("/v1/users", params={"environment": slug}, headers=bearer(keys["environment"])).status_code
        for slug in ("production", "unheard-of", "", "%00")
    }
    assert answers == {403}


def test_keys_do_not_appear_in_what_the_gateway_prints(
    gateway: Gateway, keys: dict[str, str], connect: Connect
) -> None:
    source: Source = connect()
    source.send({"type": "x"}, bearer(gateway.token))
    gateway.client.get("/v1/nothing", headers={"x-request-id": "x"})
    printed = gateway.log_text()
    assert all(key not in printed for key in (gateway.token, *keys.values()))
    assert source.endpoint not in printed
