"""Census and Hightouch as they call: a key, one URL, JSON-RPC; and what becomes of the audience."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, bearer, issue, shown
from tests.interfaces.knock.checking import DIRECTORY

CENSUS, HIGHTOUCH = "/v1/integrations/census/custom-destination", "/v1/integrations/hightouch/embedded-destination"
OBJECT = {"object_api_name": "audience", "label": "Audiences"}
FIELD = {"active_identifier": True, "field": {"field_api_name": "user_id", "type": "string"}}
MAPPINGS = [{"from": "org", "to": "tenant"}]


class Warehouse:
    """A tool with a secret key to an environment of its own."""

    def __init__(self, connect: Connect, client: httpx.Client) -> None:
        self.gateway, self.slug, self.client = connect.gateway, connect.key()[-32:].strip("-"), client
        assert self.gateway.client.post("/v1/environments", json={"slug": self.slug}).status_code == 201
        self.key = issue(self.gateway, environment=self.slug)
        client.headers.update(bearer(self.key["key"]))

    def call(self, url: str, method: str, *, call_id: Any = "c-1", **params: Any) -> Any:
        """The result of a call."""
        answer = self.client.post(url, json={"jsonrpc": "2.0", "id": call_id, "method": method, "params": params})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found.keys() == {"jsonrpc", "id", "result"}, found
        assert (found["jsonrpc"], found["id"], type(found["id"])) == ("2.0", call_id, type(call_id))
        return found["result"]

    def batch(self, operation: str, records: list[Any]) -> list[dict[str, Any]]:
        """What Census is told of each record of a batch."""
        plan = {"object": OBJECT, "operation": operation, "sync_run_id": 602, "sync_id": 309}
        found = self.call(
            CENSUS, "sync_batch", sync_plan={**plan, "schema": {"user_id": FIELD}}, records=records, call_id=7
        )
        results: list[dict[str, Any]] = found["record_results"]
        return results

    def rows(self, method: str, rows: list[Any], *, key: str = "beta", mode: str = "mirror") -> list[dict[str, Any]]:
        """The rows that Hightouch is told were rejected."""
        mapped = {"identifierMapping": {"from": "uid", "to": "user_id"}, "mappings": MAPPINGS}
        configuration = {"object": "audiences", "mode": mode, "audience_key": key, **mapped}
        found = self.call(HIGHTOUCH, method, idColumn="pk", configuration=configuration, rows=rows)
        rejected: list[dict[str, Any]] = found["rejectedRows"]
        return rejected

    def define(self, key: str) -> None:
        """Make an audience."""
        query, body = {"environment": self.slug}, {"audience": {"type": "static", "name": key}}
        assert self.gateway.client.put(f"/v1/audiences/{key}", params=query, json=body).status_code == 200

    def members(self, key: str = "beta") -> list[tuple[str, str | None]]:
        """Who is in an audience at this moment, without waiting."""
        page = shown(self.gateway, f"/v1/audiences/{key}/members", environment=self.slug)
        DIRECTORY.check("ListAudienceMembersResponse", page)
        return [(each["user_id"], each["tenant"]) for each in page["entries"]]


@pytest.fixture
def warehouse(connect: Connect, gateway: Gateway) -> Iterator[Warehouse]:
    """A tool that knows the gateway's address and has a key."""
    with httpx.Client(base_url=gateway.url, timeout=30, trust_env=False) as client:
        yield Warehouse(connect, client)


def record(user_id: Any, audience_key: Any = "beta") -> dict[str, Any]:
    return {"user_id": user_id, "audience_key": audience_key}


def row(number: int, uid: Any, org: Any = None) -> dict[str, Any]:
    return {"pk": number, "uid": uid, "org": org}


# Census.


@pytest.mark.parametrize("call_id", ["d33ded2672b7877ff833c317892d748c", 0, 7])
def test_census_finds_its_way_to_a_sync(warehouse: Warehouse, call_id: Any) -> None:
    assert warehouse.call(CENSUS, "test_connection", call_id=call_id) == {"success": True}
    [found] = warehouse.call(CENSUS, "list_objects", call_id=call_id)["objects"]
    fields = warehouse.call(CENSUS, "list_fields", object=found)["fields"]
    assert [each["field_api_name"] for each in fields if each["identifier"]] == ["user_id"]
    assert warehouse.call(CENSUS, "supported_operations", object=found) == {"operations": ["insert", "mirror"]}
    assert warehouse.call(CENSUS, "get_sync_speed")["maximum_batch_size"] == 1_000


def test_a_batch_of_census_is_in_the_audience_when_it_is_answered(warehouse: Warehouse) -> None:
    warehouse.define("beta")
    assert warehouse.batch("insert", [record("zoe"), record(12)]) == [
        {"identifier": "zoe", "success": True},
        {"identifier": 12, "success": True},
    ]
    assert warehouse.members() == [("12", None), ("zoe", None)]


def test_a_record_that_fails_keeps_no_other_out(warehouse: Warehouse) -> None:
    warehouse.define("beta")
    results = warehouse.batch(
        "upsert", [record("zoe"), record(None), record("bob", "nowhere"), "x", record("x" * 257), record("ada")]
    )
    assert [(each["identifier"], each["success"]) for each in results] == [
        ("zoe", True),
        (None, False),
        ("bob", False),
        (None, False),
        ("x" * 257, False),
        ("ada", True),
    ]
    assert results[2]["error_message"] == "audience 'nowhere' does not exist in this environment; create it first"
    assert all(each["error_message"] for each in results if not each["success"])
    assert warehouse.members() == [("ada", None), ("zoe", None)]


def test_a_mirror_deletes_and_repeats_without_harm(warehouse: Warehouse) -> None:
    warehouse.define("beta")
    both = [record("zoe"), record("bob"), record("zoe")]
    for _ in range(2):
        assert all(each["success"] for each in warehouse.batch("mirror", both))
        assert warehouse.members() == [("bob", None), ("zoe", None)]
    for _ in range(2):
        assert warehouse.batch("delete", [record("bob")]) == [{"identifier": "bob", "success": True}]
        assert warehouse.members() == [("zoe", None)]
    [missing] = warehouse.batch("delete", [record("zoe", "nowhere")])
    assert (missing["success"], "nowhere" in missing["error_message"]) == (False, True)


def test_a_batch_may_be_for_several_audiences_and_for_nobody(warehouse: Warehouse) -> None:
    for key in ("alpha", "beta"):
        warehouse.define(key)
    assert all(each["success"] for each in warehouse.batch("upsert", [record("zoe"), record("zoe", "alpha")]))
    assert warehouse.members("alpha") == warehouse.members("beta") == [("zoe", None)]
    assert warehouse.batch("upsert", []) == []


def test_more_than_one_operation_holds_is_taken_and_batches_come_at_once(warehouse: Warehouse) -> None:
    warehouse.define("beta")
    with ThreadPoolExecutor(4) as pool:
        batches = [[record(f"u-{number}-{index}") for index in range(1_200)] for number in range(4)]
        results = list(pool.map(lambda batch: warehouse.batch("upsert", batch), batches))
    assert [sum(each["success"] for each in result) for result in results] == [1_200] * 4
    logs = shown(warehouse.gateway, "/v1/event_logs", environment=warehouse.slug)["entries"]
    assert [entry["event_type"] for entry in logs] == ["audiences.add_members"] * 8


def test_a_batch_is_in_the_logs_with_the_key_that_sent_it(warehouse: Warehouse) -> None:
    warehouse.define("beta")
    warehouse.batch("insert", [record("zoe")])
    [listed] = shown(warehouse.gateway, "/v1/event_logs", environment=warehouse.slug)["entries"]
    entry = shown(warehouse.gateway, f"/v1/event_logs/{listed['id']}")
    assert (entry["source"], entry["outcome"]) == ("$api", "executed")
    history = shown(warehouse.gateway, f"/v1/event_logs/{listed['id']}/history")["entries"]
    assert warehouse.key["id"] in str(history[0])
    assert warehouse.key["key"] not in str(history)


# Hightouch.


def test_hightouch_finds_its_way_to_a_sync(warehouse: Warehouse) -> None:
    [found] = warehouse.call(HIGHTOUCH, "list_objects", call_id=3)["objects"]
    modes = warehouse.call(HIGHTOUCH, "list_modes", object=found["id"])["modes"]
    assert [each["id"] for each in modes] == ["insert", "mirror"]
    fields = warehouse.call(HIGHTOUCH, "list_fields", object=found["id"], mode="insert")["fields"]
    assert [each["id"] for each in fields] == ["user_id", "tenant"]
    assert (
        "audience_key" in warehouse.call(HIGHTOUCH, "list_options", object=found["id"])["options"]["schema"]["required"]
    )
    [error] = warehouse.call(
        HIGHTOUCH,
        "validate",
        configuration={
            "object": "audiences",
            "mode": "insert",
            "identifierMapping": {"from": "uid", "to": "user_id"},
        },
    )["errors"]
    assert error.startswith("Audience key")
    assert warehouse.call(HIGHTOUCH, "behavior", configuration={"mode": "insert"})["operations"]["remove"] is False
    assert warehouse.call(HIGHTOUCH, "behavior", configuration={"mode": "mirror"})["operations"]["remove"] is True


def test_the_first_sync_of_hightouch_makes_the_audience_and_knows_tenants(warehouse: Warehouse) -> None:
    assert warehouse.rows("add", [row(1, "zoe"), row(2, "zoe", "acme"), row(3, 12, "")], mode="insert") == []
    assert warehouse.members() == [("12", None), ("zoe", None), ("zoe", "acme")]


def test_a_mirror_removes_the_membership_that_is_meant_and_no_other(warehouse: Warehouse) -> None:
    warehouse.rows("add", [row(1, "zoe"), row(2, "zoe", "acme"), row(3, "bob")])
    for _ in range(2):
        assert warehouse.rows("remove", [row(2, "zoe", "acme"), row(3, "bob")]) == []
        assert warehouse.members() == [("zoe", None)]
    assert warehouse.rows("remove", [row(1, "zoe")], key="nowhere") == []


def test_a_row_that_is_rejected_keeps_no_other_out(warehouse: Warehouse) -> None:
    [null, short] = warehouse.rows("add", [row(1, "zoe"), row(2, None), {"pk": 3, "uid": "bob"}])
    assert (null["pk"], null["row"], null["error"][:19]) == (2, row(2, None), "the user id is null")
    assert (short["pk"], "no column 'org'" in short["error"]) == (3, True)
    assert warehouse.members() == [("zoe", None)]
    [changed] = warehouse.rows("change", [row(1, "zoe", "acme")])
    assert changed["pk"] == 1
    assert warehouse.members() == [("zoe", None)]


# What is no call, and who may not call.


@pytest.mark.parametrize("url", [CENSUS, HIGHTOUCH])
@pytest.mark.parametrize(
    ("body", "code", "call_id"),
    [
        (b"", -32700, None),
        (b'{"jsonrpc":"2.0",}', -32700, None),
        (b"\xff", -32700, None),
        (b'[{"jsonrpc":"2.0","id":1,"method":"list_objects"}]', -32600, None),
        (b"null", -32600, None),
        (b"{}", -32600, None),
        (b'{"jsonrpc":"1.0","id":1,"method":"list_objects"}', -32600, 1),
        (b'{"jsonrpc":"2.0","method":"list_objects"}', -32600, None),
        (b'{"jsonrpc":"2.0","id":"a","method":"drop"}', -32601, "a"),
        (b'{"jsonrpc":"2.0","id":"a","method":"__class__"}', -32601, "a"),
        (b'{"jsonrpc":"2.0","id":"a","method":"list_fields"}', -32602, "a"),
        (b'{"jsonrpc":"2.0","id":"a","method":"list_fields","params":[]}', -32602, "a"),
    ],
)
def test_what_is_no_call_is_told_in_the_words_of_json_rpc(
    warehouse: Warehouse, url: str, body: bytes, code: int, call_id: Any
) -> None:
    answer = warehouse.client.post(url, content=body)
    assert answer.status_code == 200
    error = answer.json().pop("error")
    assert answer.json() == {"jsonrpc": "2.0", "id": call_id, "error": error}
    assert (error["code"], bool(error["message"])) == (code, True)


@pytest.mark.parametrize("url", [CENSUS, HIGHTOUCH])
def test_a_key_is_needed_that_may_write_there(warehouse: Warehouse, url: str) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "list_objects"})
    gateway = warehouse.gateway
    assert httpx.post(f"{gateway.url}{url}", content=body, trust_env=False).status_code == 401
    auditor = bearer(issue(gateway, role="auditor")["key"])
    here = {"environment": warehouse.slug}
    assert gateway.client.post(url, content=body, params=here, headers=auditor).status_code == 403
    assert warehouse.client.post(url, content=body, params={"environment": "production"}).status_code == 403
    assert gateway.client.post(url, content=body).json()["errors"][0]["field"] == "environment"
    assert gateway.client.post(url, content=body, params=here).json()["id"] == 1


def test_environments_are_kept_apart(warehouse: Warehouse, connect: Connect, gateway: Gateway) -> None:
    warehouse.define("beta")
    with httpx.Client(base_url=gateway.url, timeout=30, trust_env=False) as client:
        other = Warehouse(connect, client)
        [result] = other.batch("insert", [record("zoe")])
    assert result["success"] is False
    assert warehouse.members() == []
