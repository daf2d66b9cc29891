"""Variables over HTTP: in Knock's shape, with what is secret left out; and write keys for those who may edit."""

from typing import Any

import httpx
import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, bearer, issue, shown
from tests.interfaces.knock.checking import MANAGEMENT


@pytest.fixture
def key(name: str) -> str:
    """A key that no other test has."""
    return name.replace("-", "_").upper()[-40:].strip("_")


def put(gateway: Gateway, key: str, /, **variable: Any) -> httpx.Response:
    return gateway.client.put(f"/v1/variables/{key}", json={"variable": variable})


def test_a_variable_has_the_fields_that_clients_read(gateway: Gateway, key: str) -> None:
    answer = put(gateway, key, value="a", environment_values={"production": "b"}, description="Where it is")
    assert answer.status_code == 200, answer.text
    variable = shown(gateway, f"/v1/variables/{key}")
    MANAGEMENT.check("Variable", variable)
    assert {name: variable[name] for name in ("key", "type", "value", "environment_values", "description")} == {
        "key": key,
        "type": "public",
        "value": "a",
        "environment_values": {"production": "b"},
        "description": "Where it is",
    }
    assert answer.json() == {**variable, "variable": variable}
    listed = shown(gateway, "/v1/variables")
    MANAGEMENT.check("PaginatedVariableResponse", listed)
    assert variable in listed["entries"]


def test_an_environment_is_shown_its_own_values(gateway: Gateway, key: str) -> None:
    put(gateway, key, value="a", environment_values={"production": "b"})
    for slug, own in (("production", {"production": "b"}), ("development", {})):
        variable = shown(gateway, f"/v1/variables/{key}", environment=slug)
        assert (variable["value"], variable["environment_values"]) == ("a", own)
        assert variable in shown(gateway, "/v1/variables", environment=slug)["entries"]


def test_variables_are_listed_by_their_type(gateway: Gateway, key: str) -> None:
    put(gateway, key, value="a", type="secret")
    keys = {
        kind: {each["key"] for each in shown(gateway, "/v1/variables", type=kind)["entries"]}
        for kind in ("public", "secret")
    }
    assert key in keys["secret"]
    assert key not in keys["public"]


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (1.5, "1.5"), ({"a": [None]}, '{"a":[null]}'), ("007", "007")]
)
def test_a_value_is_any_json_and_kept_as_a_text(gateway: Gateway, key: str, value: Any, text: str) -> None:
    assert put(gateway, key, value=value).json()["value"] == text


def test_a_secret_is_shown_as_null(gateway: Gateway, key: str) -> None:
    answer = put(gateway, key, value="a-secret-value", environment_values={"production": "another"}, type="secret")
    assert (answer.json()["value"], answer.json()["environment_values"]) == (None, {"production": None})
    assert "a-secret-value" not in answer.text


def test_putting_back_what_was_read_is_no_edit(gateway: Gateway, key: str) -> None:
    for kind in ("public", "secret"):
        put(gateway, f"{key}_{kind}", value="a", environment_values={"production": "b"}, type=kind)
        before = shown(gateway, f"/v1/variables/{key}_{kind}")
        assert put(gateway, f"{key}_{kind}", **before).status_code == 200
        assert shown(gateway, f"/v1/variables/{key}_{kind}") == before


def test_a_secret_stays_one_without_a_new_value(gateway: Gateway, key: str) -> None:
    put(gateway, key, value="a-secret-value", type="secret")
    answer = put(gateway, key, type="public")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "variable.value")
    assert put(gateway, key, type="public", value="open").json()["value"] == "open"


def test_a_value_is_removed_in_one_environment_or_everywhere(gateway: Gateway, key: str) -> None:
    put(gateway, key, value="a", environment_values={"production": "b"})
    for _ in range(2):  # removing again changes nothing
        answer = gateway.client.delete(f"/v1/variables/{key}", params={"environment": "production"})
        assert answer.status_code == 204
        assert shown(gateway, f"/v1/variables/{key}")["environment_values"] == {}
    for _ in range(2):
        assert gateway.client.delete(f"/v1/variables/{key}").status_code == 204
        assert gateway.client.get(f"/v1/variables/{key}").status_code == 404
    assert key not in {each["key"] for each in shown(gateway, "/v1/variables")["entries"]}


@pytest.mark.parametrize("path", ["{}", "{}?environment=production"])
def test_what_nobody_set_is_missing(gateway: Gateway, key: str, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = gateway.client.request(method, f"/v1/variables/{path.format(key)}")
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")


def test_an_environment_that_nobody_made_is_missing(gateway: Gateway, key: str) -> None:
    put(gateway, key, value="a")
    for method in ("GET", "DELETE"):
        answer = gateway.client.request(method, f"/v1/variables/{key}", params={"environment": "nowhere"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (404, "environment")


def test_variables_are_read_by_all_and_set_by_editors(gateway: Gateway, sender: httpx.Client, key: str) -> None:
    for role, status in (("auditor", 403), ("editor", 200), ("admin", 200)):
        headers = bearer(issue(gateway, role=role)["key"])
        assert sender.get("/v1/variables", headers=headers).status_code == 200
        answer = sender.put(f"/v1/variables/{key}", json={"value": role}, headers=headers)
        assert answer.status_code == status, answer.text
    bound = bearer(issue(gateway, environment="development")["key"])
    assert sender.get("/v1/variables", headers=bound).status_code == 403


def settings(answer: httpx.Response) -> list[dict[str, Any]]:
    """The settings of a source in each environment."""
    assert answer.status_code == 200, answer.text
    found = answer.json()
    source = next(each for each in found["entries"] if each["environment_settings"]) if "entries" in found else found
    return [each["settings"] for each in source["environment_settings"].values()]


def test_write_keys_are_shown_to_those_who_may_edit(gateway: Gateway, sender: httpx.Client, connect: Connect) -> None:
    source = connect()
    paths = (f"/v1/sources/{source.key}", "/v1/sources?include=environment_settings")
    for role, visible in (("admin", True), ("editor", True), ("auditor", False)):
        headers = bearer(issue(gateway, role=role)["key"])
        for path in paths:
            keys = {each["write_key"] for each in settings(sender.get(path, headers=headers))}
            assert (keys == {None}) is not visible
            assert len(keys) == (len(settings(gateway.client.get(paths[0]))) if visible else 1)


def test_a_rotated_address_comes_with_another_write_key(gateway: Gateway, connect: Connect) -> None:
    source = connect()
    before = source.settings()["settings"]["write_key"]
    path = f"/v1/sources/{source.key}/rotate_token"
    rotated = gateway.client.post(path, params={"environment": "development"}).json()["settings"]["write_key"]
    assert rotated == source.settings()["settings"]["write_key"]
    assert rotated.startswith("wk_")
    assert rotated != before


def test_a_secret_is_retired_at_once(gateway: Gateway, connect: Connect) -> None:
    signed = {"scheme": "shared_header", "header": "x-webhook-secret"}
    old, new = "the-secret-of-before", "the-secret-of-today"
    source = connect(enforce_verification=True, verification=signed, secrets={"signing_secret": old})
    source.put(settings={"secrets": {"signing_secret": {"value": new, "previous_expires_in_seconds": 3_600}}})
    codes = [source.send({"type": "x"}, {"x-webhook-secret": secret}).status_code for secret in (old, new, "neither")]
    assert codes == [200, 200, 401]
    first, second = source.settings()["settings"]["secrets"]
    path = f"/v1/sources/{source.key}/secrets/{first['id']}"
    for _ in range(2):  # retiring again changes nothing
        assert gateway.client.delete(path, params={"environment": "development"}).status_code == 204
        codes = [source.send({"type": "x"}, {"x-webhook-secret": secret}).status_code for secret in (old, new)]
        assert codes == [401, 200]
    assert second == source.settings()["settings"]["secrets"][1]
    for elsewhere, slug in ((first["id"], "production"), ("unheard-of", "development")):
        answer = gateway.client.delete(f"/v1/sources/{source.key}/secrets/{elsewhere}", params={"environment": slug})
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")
