"""API keys: issued, shown this once, listed without their secret, revoked."""

from typing import Any

import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import issue, shown


@pytest.mark.parametrize(
    ("wanted", "prefix", "environment", "role"),
    [
        ({}, "hl_st_", None, "admin"),
        ({"role": "auditor"}, "hl_st_", None, "auditor"),
        ({"role": "editor", "environment": None}, "hl_st_", None, "editor"),
        ({"environment": "production"}, "sk_", "production", "environment"),
        ({"environment": "production", "role": None}, "sk_", "production", "environment"),
    ],
)
def test_a_key_is_shown_when_it_is_issued_and_never_again(
    gateway: Gateway, wanted: dict[str, Any], prefix: str, environment: str | None, role: str
) -> None:
    issued = issue(gateway, **wanted)
    assert issued.keys() >= {"id", "name", "environment", "role", "key", "created_at"}
    assert (issued["environment"], issued["role"]) == (environment, role)
    assert issued["key"].startswith(prefix)
    assert len(issued["key"]) > 40
    answer = gateway.client.get("/v1/api_keys")
    [listed] = [each for each in answer.json()["entries"] if each["id"] == issued["id"]]
    assert listed == {name: value for name, value in issued.items() if name != "key"}
    assert issued["key"] not in answer.text
    assert listed["hint"] == issued["key"][-4:]


def test_no_two_keys_are_the_same(gateway: Gateway) -> None:
    assert len({issue(gateway)["key"] for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("wanted", "status", "field"),
    [
        ({"name": None}, 400, "name"),
        ({"name": ["x"]}, 400, "name"),
        ({"name": " "}, 400, "name"),
        ({"role": "owner"}, 422, "role"),
        ({"role": 5}, 400, "role"),
        ({"role": "environment"}, 422, "role"),
        ({"role": "admin", "environment": "production"}, 422, "role"),
        ({"environment": "nowhere"}, 404, "environment"),
        ({"environment": []}, 400, "environment"),
    ],
)
def test_a_key_that_cannot_be_is_refused(gateway: Gateway, wanted: dict[str, Any], status: int, field: str) -> None:
    before = len(shown(gateway, "/v1/api_keys")["entries"])
    answer = gateway.client.post("/v1/api_keys", json={"name": "A test's own", **wanted})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
    assert len(shown(gateway, "/v1/api_keys")["entries"]) == before


def test_a_revoked_key_stays_listed_with_the_time(gateway: Gateway) -> None:
    key = issue(gateway)
    assert key["revoked_at"] is None
    gateway.client.delete(f"/v1/api_keys/{key['id']}")
    [listed] = [each for each in shown(gateway, "/v1/api_keys")["entries"] if each["id"] == key["id"]]
    assert listed["revoked_at"] > key["created_at"]


def test_a_key_that_nobody_issued_cannot_be_revoked(gateway: Gateway, name: str) -> None:
    answer = gateway.client.delete(f"/v1/api_keys/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")
