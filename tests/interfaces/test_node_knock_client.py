"""The unmodified client of Knock for Node against our directory: every call that our documentation names.

The client checks no answer against its types, so they are checked here against the shapes of Knock's API.
"""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.gateways import Gateway
from tests.interfaces.knock import checking
from tests.node_clients import Node, NodeFailed

PATIENCE = 30.0
BULK = {
    *("__typename", "id", "name", "status", "estimated_total_rows", "processed_rows"),
    *("success_count", "inserted_at", "updated_at"),
}


@attrs.frozen(kw_only=True)
class Knock:
    """The client as its users make it, but for the address."""

    node: Node
    url: str
    key: str

    def __call__(self, name: str, *args: Any) -> Any:
        """What a call comes to."""
        return self.answer(name, *args)["data"]

    def answer(self, name: str, *args: Any) -> Any:
        """The same, with the status and headers of the answer."""
        return self.node.ask("call", url=self.url, key=self.key, name=name, args=args)

    def pages(self, name: str, *args: Any) -> Any:
        """Everything on all the pages of a list."""
        return self.node.ask("pages", url=self.url, key=self.key, name=name, args=args)

    def refused(self, name: str, *args: Any) -> NodeFailed:
        """What the client throws."""
        with pytest.raises(NodeFailed) as failed:
            self(name, *args)
        return failed.value

    def done(self, name: str, *args: Any) -> Any:
        """A bulk operation once it is over."""
        operation = self(name, *args)
        deadline = time.monotonic() + PATIENCE
        while operation["status"] in ("queued", "processing"):
            assert time.monotonic() < deadline, operation
            time.sleep(0.02)
            operation = self("bulkOperations.get", operation["id"])
        return operation


@pytest.fixture
def knock(node: Node, gateway: Gateway, key: dict[str, Any]) -> Knock:
    return Knock(node=node, url=gateway.url, key=key["key"])


# Every call, its answer in the shape that the client's types promise.

Before = Sequence[Sequence[Any]]
ZOE: Any = {"name": "Zoë", "email": "zoe@example.com", "plan": {"seats": 4}}
USER: Before = [("users.update", "zoe", ZOE)]
PLAN: Before = [("objects.set", "plans", "a", {"seats": 4})]
FOLLOWED: Before = [*USER, ("objects.addSubscriptions", "plans", "a", {"recipients": ["zoe"], "properties": {"x": 1}})]
TENANT: Before = [("tenants.set", "acme", {"name": "Acme", "settings": {"branding": {"primary_color": "#33FF5B"}}})]
MEMBERS = {"members": [{"user": {"id": "zoe"}, "tenant": "acme"}]}
MEMBER: Before = [("audiences.addMembers", "vips", {**MEMBERS, "create_audience": True})]
TRIGGER = {"recipients": [{"id": "zoe", "name": "Zoë"}], "data": {"total": 7}, "cancellation_key": "order-7"}


def is_a(schema: str) -> Callable[[Any], None]:
    return lambda data: checking.DIRECTORY.check(schema, data)


def each_is_a(schema: str) -> Callable[[Any], None]:
    def check(data: Any) -> None:
        assert data
        for each in data:
            checking.DIRECTORY.check(schema, each)

    return check


def is_an_operation(data: Any) -> None:
    assert data.keys() >= BULK, data


def names_a_run(data: Any) -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}", data["workflow_run_id"])


def is_nothing(data: Any) -> None:
    assert data in (None, "")


@attrs.frozen
class Call:
    """A call, with those before it that it needs, and what its answer must be."""

    name: str
    args: Sequence[Any]
    check: Callable[[Any], None]
    before: Before = ()
    status: int = 200


CALLS = [
    Call("users.update", ["zoe", ZOE], is_a("User")),
    Call("users.get", ["zoe"], is_a("User"), USER),
    Call("users.list", [{"page_size": 1}], is_a("ListUsersResponse"), USER),
    Call("users.delete", ["zoe"], is_nothing, USER, 204),
    Call("users.merge", ["zoe", {"from_user_id": "old"}], is_a("User"), [*USER, ("users.update", "old", {})]),
    Call("users.listSubscriptions", ["zoe"], is_a("ListSubscriptionsResponse"), FOLLOWED),
    Call("users.bulk.identify", [{"users": [{"id": "zoe", **ZOE}]}], is_an_operation),
    Call("users.bulk.delete", [{"user_ids": ["zoe"]}], is_an_operation, USER),
    Call("objects.set", ["plans", "a", {"seats": 4}], is_a("Object")),
    Call("objects.get", ["plans", "a"], is_a("Object"), PLAN),
    Call("objects.list", ["plans", {"page_size": 1}], is_a("ListObjectsResponse"), PLAN),
    Call("objects.delete", ["plans", "a"], is_nothing, PLAN, 204),
    Call("objects.addSubscriptions", ["plans", "a", {"recipients": ["zoe"]}], each_is_a("Subscription"), USER),
    Call("objects.deleteSubscriptions", ["plans", "a", {"recipients": ["zoe"]}], each_is_a("Subscription"), FOLLOWED),
    Call("objects.listSubscriptions", ["plans", "a"], is_a("ListSubscriptionsResponse"), FOLLOWED),
    Call("objects.bulk.set", ["plans", {"objects": [{"id": "a", "seats": 1}]}], is_an_operation),
    Call("objects.bulk.delete", ["plans", {"object_ids": ["a"]}], is_an_operation, PLAN),
    Call(
        "objects.bulk.addSubscriptions",
        ["plans", {"subscriptions": [{"id": "a", "recipients": ["zoe"]}]}],
        is_an_operation,
    ),
    Call(
        "objects.bulk.deleteSubscriptions",
        ["plans", {"subscriptions": [{"id": "a", "recipients": ["zoe"]}]}],
        is_an_operation,
        FOLLOWED,
    ),
    Call("tenants.set", ["acme", {"name": "Acme"}], is_a("Tenant")),
    Call("tenants.get", ["acme"], is_a("Tenant"), TENANT),
    Call("tenants.list", [{"name": "Acme"}], is_a("ListTenantsResponse"), TENANT),
    Call("tenants.delete", ["acme"], is_nothing, TENANT, 204),
    Call("tenants.bulk.set", [{"tenants": ["acme", {"id": "bolt", "name": "Bolt"}]}], is_an_operation),
    Call("tenants.bulk.delete", [{"tenant_ids": ["acme", "bolt"]}], is_an_operation, TENANT),
    Call("audiences.addMembers", ["vips", {**MEMBERS, "create_audience": True}], is_nothing, (), 204),
    Call("audiences.removeMembers", ["vips", MEMBERS], is_nothing, MEMBER, 204),
    Call("audiences.listMembers", ["vips"], is_a("ListAudienceMembersResponse"), MEMBER),
    Call("workflows.trigger", ["welcome", TRIGGER], names_a_run),
    Call("workflows.cancel", ["welcome", {"cancellation_key": "order-7", "recipients": ["zoe"]}], is_nothing, (), 204),
    Call(
        "workflowRecipientRuns.list",
        [{"workflow": "welcome"}],
        is_a("ListWorkflowRecipientRunsResponse"),
        [("workflows.trigger", "welcome", TRIGGER)],
    ),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_call_is_answered_as_the_client_s_types_promise(knock: Knock, call: Call) -> None:
    for name, *args in call.before:
        knock(name, *args)
    answer = knock.answer(call.name, *call.args)
    assert answer["status"] == call.status
    call.check(answer.get("data"))


FOUND_BY_ID = ("workflow_recipient_runs.get", "bulk_operations.get")
"""Calls that need an id which another call gave; they have tests of their own below."""


def test_every_call_that_is_documented_is_made() -> None:
    table = Path("docs/knock-clients.md").read_text().split("## What works")[1].split("\n\n## ")[0]
    documented = {
        f"{row[0]}.{name}"
        for row in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
        for name in _names(row)
    }
    made = {re.sub(r"(?<!^)([A-Z])", r"_\1", call.name).lower() for call in CALLS}
    assert documented == made | set(FOUND_BY_ID)


def _names(row: Sequence[str]) -> list[str]:
    return [name for name in re.findall(r"`([\w.]+)`", row[1]) if "/" not in name and name != "POST"]


# What the answers say.


def test_a_user_is_read_as_it_was_written_and_null_overwrites(knock: Knock) -> None:
    written = knock("users.update", "zoe", ZOE)
    assert knock("users.get", "zoe") == written
    assert (written["name"], written["email"], written["plan"]) == (ZOE["name"], ZOE["email"], ZOE["plan"])
    merged = knock("users.update", "zoe", {"name": None, "plan": {"name": "team"}})
    assert (merged["name"], merged["plan"]) == (None, {"seats": 4, "name": "team"})


def test_lists_are_followed_from_page_to_page(knock: Knock) -> None:
    for number in range(3):
        knock("users.update", f"u-{number}", {})
        knock("objects.set", "plans", f"p-{number}", {})
        knock("tenants.set", f"t-{number}", {})
        knock("workflows.trigger", "welcome", {"recipients": [{"id": f"u-{number}"}]})
    ids = {
        name: [each["id"] for each in knock.pages(f"{name}.list", *args, {"page_size": 2})]
        for name, *args in (("users",), ("objects", "plans"), ("tenants",), ("workflowRecipientRuns",))
    }
    assert ids["users"] == ["u-0", "u-1", "u-2"]
    assert ids["objects"] == ["p-0", "p-1", "p-2"]
    assert ids["tenants"] == ["t-0", "t-1", "t-2"]
    assert len(set(ids["workflowRecipientRuns"])) == 3


@pytest.mark.parametrize("user_id", ["a/b", "a b#c", "50%", "%2F", "zoë", "bulk", "a..b", "🙂"])
def test_any_id_is_one_id(knock: Knock, user_id: str) -> None:
    assert knock("users.update", user_id, {"name": "Zoë"})["id"] == user_id
    assert knock("users.get", user_id)["name"] == "Zoë"
    knock("objects.set", "plans", user_id, {})
    knock("objects.addSubscriptions", "plans", user_id, {"recipients": [user_id]})
    [followed] = knock.pages("users.listSubscriptions", user_id)
    assert (followed["object"]["id"], followed["recipient"]["id"]) == (user_id, user_id)
    knock("objects.delete", "plans", user_id)
    knock("users.delete", user_id)
    assert (knock.pages("users.list"), knock.pages("objects.list", "plans")) == ([], [])


def test_what_was_subscribed_is_unsubscribed(knock: Knock) -> None:
    recipients = [{"id": "zoe", "name": "Zoë"}, {"collection": "teams", "id": "core"}, "stranger"]
    added = knock("objects.addSubscriptions", "plans", "a", {"recipients": recipients, "properties": {"role": "owner"}})
    assert [each["recipient"]["id"] for each in added] == ["zoe", "core", "stranger"]
    gone = knock("objects.deleteSubscriptions", "plans", "a", {"recipients": ["stranger", "nobody"]})
    assert [each["recipient"]["id"] for each in gone] == ["stranger"]
    left = knock.pages("objects.listSubscriptions", "plans", "a")
    assert {(each["recipient"]["id"], each["properties"]["role"]) for each in left} == {
        ("zoe", "owner"),
        ("core", "owner"),
    }
    [own] = knock.pages("objects.listSubscriptions", "teams", "core", {"mode": "recipient"})
    assert own["object"]["id"] == "a"


def test_bulk_operations_do_what_they_are_asked(knock: Knock) -> None:
    users = [{"id": "u-1", "name": "Zoë"}, {"id": 2, "email": "b@example.com"}, {"name": "nobody"}]
    identified = knock.done("users.bulk.identify", {"users": users})
    assert (identified["status"], identified["success_count"], identified["error_count"]) == ("completed", 2, 1)
    objects = [{"id": "a", "seats": 1}, {"id": "b", "seats": 2}]
    assert knock.done("objects.bulk.set", "plans", {"objects": objects})["success_count"] == 2
    subscriptions = [{"id": "a", "recipients": ["u-1"]}, {"id": "b", "recipients": ["u-1"]}]
    knock.done("objects.bulk.addSubscriptions", "plans", {"subscriptions": subscriptions})
    knock.done("objects.bulk.deleteSubscriptions", "plans", {"subscriptions": subscriptions[:1]})
    assert [each["object"]["id"] for each in knock.pages("users.listSubscriptions", "u-1")] == ["b"]
    knock.done("objects.bulk.delete", "plans", {"object_ids": ["b"]})
    assert [each["id"] for each in knock.pages("objects.list", "plans")] == ["a"]
    knock.done("users.bulk.delete", {"user_ids": ["u-1", "nobody"]})
    assert [each["id"] for each in knock.pages("users.list")] == ["2"]
    knock.done("tenants.bulk.set", {"tenants": ["a", {"id": "b", "name": "Bolt"}, "c"]})
    knock.done("tenants.bulk.delete", {"tenant_ids": ["a", "c"]})
    assert [(each["id"], each["name"]) for each in knock.pages("tenants.list")] == [("b", "Bolt")]


def test_members_join_and_leave_an_audience(knock: Knock) -> None:
    missing = knock.refused("audiences.addMembers", "vips", MEMBERS)
    assert (missing.kind, missing.status) == ("NotFoundError", 404)
    knock("audiences.addMembers", "vips", {**MEMBERS, "create_audience": True})
    [member] = knock("audiences.listMembers", "vips")["entries"]
    assert (member["user_id"], member["tenant"]) == ("zoe", "acme")
    knock("audiences.removeMembers", "vips", MEMBERS)
    assert knock("audiences.listMembers", "vips")["entries"] == []


def test_a_run_is_read_as_the_client_s_types_promise(knock: Knock) -> None:
    triggered = knock("workflows.trigger", "welcome", {**TRIGGER, "tenant": "acme", "actor": {"id": "max"}})
    [run] = knock("workflowRecipientRuns.list")["items"]
    assert (run["workflow_run_id"], run["workflow"], run["tenant"]) == (triggered["workflow_run_id"], "welcome", "acme")
    read = knock("workflowRecipientRuns.get", run["id"])
    checking.DIRECTORY.check("WorkflowRecipientRunDetail", read)
    assert read["id"] == run["id"]


def test_a_trigger_with_a_key_happens_once(knock: Knock) -> None:
    options = {"idempotencyKey": "order-7"}
    first, again = (knock.answer("workflows.trigger", "welcome", TRIGGER, options) for _ in range(2))
    assert first["data"] == again["data"]
    assert "idempotent-replayed" not in first["headers"]
    assert again["headers"]["idempotent-replayed"] == "true"
    assert again["headers"]["original-x-request-id"] == first["headers"]["x-request-id"]
    other = knock.refused("workflows.trigger", "welcome", {"recipients": ["max"]}, options)
    assert (other.kind, other.status) == ("UnprocessableEntityError", 422)


@pytest.mark.parametrize(
    ("call", "kind", "code"),
    [
        (["users.get", "nobody"], "NotFoundError", "resource_missing"),
        (["objects.get", "plans", "none"], "NotFoundError", "resource_missing"),
        (["bulkOperations.get", "019bc186-de00-7a12-8000-b8c2f04d1e67"], "NotFoundError", "resource_missing"),
        (["workflows.trigger", "unheard-of", {"recipients": ["zoe"]}], "NotFoundError", "workflow_missing"),
        (["workflows.trigger", "paused", {"recipients": ["zoe"]}], "UnprocessableEntityError", "workflow_inactive"),
        (["users.bulk.delete", {"user_ids": []}], "UnprocessableEntityError", "invalid_params"),
        (["messages.list"], "NotFoundError", "resource_missing"),
        (["users.getPreferences", "zoe", "default"], "NotFoundError", "resource_missing"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_refusal_becomes_the_error_that_its_users_catch(knock: Knock, call: Any, kind: str, code: str) -> None:
    failed = knock.refused(*call)
    body: Any = failed.body
    assert (failed.kind, body["code"], body["status"]) == (kind, code, failed.status)


def test_a_wrong_key_is_an_authentication_error(knock: Knock) -> None:
    failed = attrs.evolve(knock, key="sk_of_nobody").refused("users.get", "zoe")
    assert (failed.kind, failed.status) == ("AuthenticationError", 401)
