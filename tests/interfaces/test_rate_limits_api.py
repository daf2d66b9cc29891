"""Rate limits over HTTP: 429 with when to come again, for each key by itself, and only where they are on."""

from collections.abc import Iterator

import httpx
import pytest

from tests import databases, gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import bearer, issue

BULK = "/v1/users/bulk/delete"
CENSUS = "/v1/integrations/census/custom-destination"
CALL = {"jsonrpc": "2.0", "id": 1, "method": "test_connection"}


@pytest.fixture(scope="module")
def limiting(postgres_url: str) -> Iterator[Gateway]:
    """A gateway of its own with the limits on."""
    with databases.fresh_database(postgres_url) as url, gateways.running(url, rate_limits="on") as gateway:
        yield gateway


def delete(gateway: Gateway, key: str) -> httpx.Response:
    return gateway.client.post(BULK, json={"user_ids": ["u-1"]}, headers=bearer(key))


def test_one_call_too_many_is_429_and_says_when_to_come_again(limiting: Gateway) -> None:
    key = issue(limiting, environment="development")["key"]
    answers = [delete(limiting, key) for _ in range(4)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert answers[0].status_code == 200, answers[0].text
    assert len(refused) >= 2
    for answer in refused:
        body = answer.json()
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["x-request-id"]
        assert (body["code"], body["status"], body["type"]) == ("rate_limited", 429, "api_error")
        assert "POST /v1/users/bulk/delete may be called 1 times per second" in body["message"]


def test_another_key_another_environment_and_another_endpoint_are_not_held_up(limiting: Gateway) -> None:
    key = issue(limiting, environment="development")["key"]
    while delete(limiting, key).status_code == 200:
        pass
    assert delete(limiting, issue(limiting, environment="development")["key"]).status_code == 200
    assert limiting.client.get("/v1/users", headers=bearer(key)).status_code == 200
    for environment in ("development", "production"):
        answer = limiting.client.post(BULK, json={"user_ids": ["u-1"]}, params={"environment": environment})
        assert answer.status_code == 200


def test_whoever_may_not_call_does_not_use_up_what_others_may(limiting: Gateway) -> None:
    for _ in range(3):
        answer = limiting.client.post(BULK, json={"user_ids": ["u-1"]}, headers=bearer("sk_unknown"))
        assert answer.status_code == 401


def test_census_is_told_how_fast_it_may_call(limiting: Gateway, gateway: Gateway) -> None:
    query = {"environment": "development"}
    assert limiting.client.post(CENSUS, json=CALL, params=query).headers["x-ratelimit-limit"] == "60"
    assert "x-ratelimit-limit" not in gateway.client.post(CENSUS, json=CALL, params=query).headers


def test_they_are_off_by_default(gateway: Gateway) -> None:
    key = issue(gateway, environment="development")["key"]
    assert {delete(gateway, key).status_code for _ in range(10)} == {200}
