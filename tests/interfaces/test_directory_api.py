"""The directory over HTTP as the public API's clients read it: shapes, merging, paging, environments kept apart."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests import databases, gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, pages, shown
from tests.interfaces.directories import Directory
from tests.interfaces.knock.checking import MANAGEMENT

FOLLOWERS = [{"id": "zoe", "email": "zoe@example.com"}, {"collection": "plans", "id": "team"}, "nobody"]
MEMBERS = [{"user": {"id": "zoe", "name": "Zoë"}, "tenant": "acme"}, "zoe", "stranger"]


@pytest.fixture(scope="module")
def gateway(postgres_url: str) -> Iterator[Gateway]:
    """A gateway of its own: every environment made here has every source there is."""
    with databases.fresh_database(postgres_url) as url, gateways.running(url) as running:
        yield running


@pytest.fixture(scope="module")
def sender(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=gateway.url, timeout=30) as client:
        yield client


@pytest.fixture
def directory(connect: Connect) -> Directory:
    """An empty directory."""
    return Directory(connect)


def test_a_user_has_custom_properties_on_the_top_level(directory: Directory) -> None:
    directory.feed(
        "user", id="zoe", name="Zoë", traits={"plan": "team", "tags": ["a", None], "big": 2**70, "odd": "\0"}
    )
    user = directory.get("users/zoe", "User")
    expected = {
        "id": "zoe",
        "name": "Zoë",
        "email": None,
        "plan": "team",
        "tags": ["a", None],
        "big": 2**70,
        "odd": "\0",
    }
    assert {name: user[name] for name in expected} == expected
    assert (user["__typename"], user["created_at"]) == ("User", None)
    assert directory.get("users", "ListUsersResponse")["entries"] == [user]


def test_properties_merge_and_null_overwrites(directory: Directory) -> None:
    directory.feed("user", id="zoe", email="zoe@example.com", traits={"plan": {"name": "team", "seats": 4}, "x": 1})
    directory.feed("user", id="zoe", traits={"plan": {"seats": 5}, "x": None})
    user = directory.get("users/zoe", "User")
    assert (user["email"], user["plan"], user["x"]) == ("zoe@example.com", {"name": "team", "seats": 5}, None)


def test_properties_cannot_take_the_place_of_what_we_say(directory: Directory) -> None:
    traits = {"id": "other", "__typename": "Admin", "updated_at": "never", "channel_data": {"token": "t"}}
    for kind, path, schema in (("user", "users/zoe", "User"), ("tenant", "tenants/zoe", "Tenant")):
        directory.feed(kind, id="zoe", traits=traits)
        entity = directory.get(path, schema)
        assert (entity["id"], entity["__typename"]) == ("zoe", schema)
        assert entity["updated_at"] != "never"
        assert "channel_data" not in entity


def test_a_deleted_user_is_gone_with_what_it_followed(directory: Directory) -> None:
    directory.feed("user", id="zoe")
    directory.feed("follow", id="team", who="zoe")
    directory.feed("user.gone", id="zoe")
    assert directory.answer("users/zoe").status_code == 404
    assert directory.get("objects/plans/team/subscriptions", "ListSubscriptionsResponse")["entries"] == []


def test_an_object_has_its_properties_nested(directory: Directory) -> None:
    directory.feed("plan", id="team/eu 1", name="Team", traits={"seats": 4})
    listed = directory.get("objects/plans", "ListObjectsResponse")["entries"]
    assert [(each["collection"], each["id"], each["properties"]) for each in listed] == [
        ("plans", "team/eu 1", {"name": "Team", "seats": 4})
    ]
    assert directory.get("objects/other", "ListObjectsResponse")["entries"] == []


def test_a_tenant_has_settings_and_custom_properties(directory: Directory) -> None:
    branding = {"primary_color": "#33FF5B", "logo_url": "https://images.example.com/acme.png"}
    directory.feed("tenant", id="acme", name="Acme", settings={"branding": branding}, traits={"region": "eu"})
    tenant = directory.get("tenants/acme", "Tenant")
    assert (tenant["name"], tenant["settings"], tenant["region"]) == ("Acme", {"branding": branding}, "eu")
    assert directory.get("tenants", "ListTenantsResponse")["entries"] == [tenant]


def test_subscriptions_are_read_from_either_side(directory: Directory) -> None:
    directory.feed("plan", id="team", name="Team")
    directory.feed("follow", id="team", who=FOLLOWERS, p={"role": "owner"})
    entries = directory.get("objects/plans/team/subscriptions", "ListSubscriptionsResponse")["entries"]
    assert {(each["recipient"].get("collection"), each["recipient"]["id"]) for each in entries} == {
        (None, "zoe"),
        (None, "nobody"),
        ("plans", "team"),
    }
    assert all(each["properties"] == {"role": "owner"} for each in entries)
    assert all(each["object"]["properties"] == {"name": "Team"} for each in entries)
    for path, query in (("users/zoe/subscriptions", {}), ("objects/$users/zoe/subscriptions", {"mode": "recipient"})):
        [own] = directory.get(path, "ListSubscriptionsResponse", **query)["entries"]
        assert (own["object"]["id"], own["recipient"]["email"]) == ("team", "zoe@example.com")
    directory.feed("unfollow", id="team", who=["zoe", {"collection": "plans", "id": "team"}])
    [left] = directory.get("objects/plans/team/subscriptions", "ListSubscriptionsResponse")["entries"]
    assert left["recipient"]["id"] == "nobody"


def test_an_audience_lists_members_by_tenant_identified_or_not(directory: Directory) -> None:
    directory.feed("join", audience="beta", who=MEMBERS)
    entries = directory.get("audiences/beta/members", "ListAudienceMembersResponse")["entries"]
    assert [(each["user_id"], each["tenant"], each["user"]["name"]) for each in entries] == [
        ("stranger", None, None),
        ("zoe", None, "Zoë"),
        ("zoe", "acme", "Zoë"),
    ]
    directory.feed("leave", audience="beta", who="zoe")
    entries = directory.get("audiences/beta/members", "ListAudienceMembersResponse")["entries"]
    assert [(each["user_id"], each["tenant"]) for each in entries] == [("stranger", None), ("zoe", "acme")]
    audiences = shown(directory.gateway, "/v1/audiences", environment=directory.slug)
    MANAGEMENT.check("PaginatedAudienceResponse", audiences)
    assert [each["key"] for each in audiences["entries"]] == ["beta"]
    MANAGEMENT.check("Audience", shown(directory.gateway, "/v1/audiences/beta", environment=directory.slug))


def test_a_defined_audience_has_no_members_at_first(directory: Directory) -> None:
    path, body = "/v1/audiences/alpha", {"audience": {"type": "static", "name": "Alpha", "description": "The first"}}
    answer = directory.gateway.client.put(path, params={"environment": directory.slug}, json=body)
    MANAGEMENT.check("WrappedAudienceResponse", answer.json())
    directory.feed("user", id="zoe")  # whatever is settled after it
    assert directory.get("audiences/alpha/members", "ListAudienceMembersResponse")["entries"] == []


def test_runs_are_listed_under_items_and_shown_with_events(directory: Directory) -> None:
    directory.feed(
        "greet", who=[{"id": "zoe"}, {"collection": "plans", "id": "team", "name": "Team"}], tenant="acme", c="k"
    )
    items = directory.get("workflow_recipient_runs", "ListWorkflowRecipientRunsResponse")["items"]
    assert {str(each["recipient"]) for each in items} == {"zoe", str({"collection": "plans", "id": "team"})}
    assert len({each["workflow_run_id"] for each in items}) == 1
    for each in items:
        run = directory.get(f"workflow_recipient_runs/{each['id']}", "WorkflowRecipientRunDetail")
        assert (run["workflow"], run["tenant"], run["trigger_source"]["type"]) == ("greet", "acme", "integration")
    assert directory.get("workflow_recipient_runs", "ListWorkflowRecipientRunsResponse", workflow="x")["items"] == []


@pytest.mark.parametrize(
    ("kind", "path", "schema"),
    [
        ("user", "users", "ListUsersResponse"),
        ("plan", "objects/plans", "ListObjectsResponse"),
        ("tenant", "tenants", "ListTenantsResponse"),
    ],
)
def test_lists_are_paged_by_id(directory: Directory, kind: str, path: str, schema: str) -> None:
    expected = sorted(["Zoë", "zoe", "a b", "ä", "10", "9", "\U0001f600"])
    for entity in expected:
        directory.feed(kind, id=entity)
    query: Mapping[str, Any] = {"environment": directory.slug, "page_size": 2}
    found = list(pages(directory.gateway, f"/v1/{path}", **query))
    assert [len(page) for page in found] == [2, 2, 2, 1]
    assert [entity["id"] for page in found for entity in page] == expected
    first = directory.get(path, schema, page_size=2)["page_info"]
    second = directory.get(path, schema, page_size=2, after=first["after"])["page_info"]
    back = directory.get(path, schema, page_size=2, before=second["before"])
    assert [entity["id"] for entity in back["entries"]] == expected[:2]


def test_environments_are_kept_apart(connect: Connect) -> None:
    here, there = Directory(connect), Directory(connect)
    here.feed("user", id="zoe", name="Zoë")
    here.feed("join", audience="beta", who="zoe")
    there.feed("user", id="zoe", name="Zoe from elsewhere")
    assert (here.get("users/zoe", "User")["name"], there.get("users/zoe", "User")["name"]) == (
        "Zoë",
        "Zoe from elsewhere",
    )
    assert there.answer("audiences/beta/members").status_code == 404
    here.feed("user.gone", id="zoe")
    assert here.answer("users/zoe").status_code == 404
    assert there.get("users/zoe", "User")["id"] == "zoe"


@pytest.mark.parametrize(
    "path", ["users/x", "objects/plans/x", "tenants/x", "audiences/x/members", "workflow_recipient_runs/x"]
)
def test_what_is_not_there_is_missing(directory: Directory, path: str) -> None:
    answer = directory.answer(path)
    assert (answer.status_code, answer.json()["code"], answer.json()["type"]) == (404, "resource_missing", "api_error")


def test_a_key_of_the_account_has_to_name_the_environment(gateway: Gateway) -> None:
    answer = gateway.client.get("/v1/users")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "environment")
    assert gateway.client.get("/v1/objects/plans/x/subscriptions?environment=development&mode=both").status_code == 400


@pytest.mark.parametrize(
    "odd", ["a/b", "/", "50%", "a%2Fb", "a b+c", "ü/ö", "q?x=1#y", "\U0001f600", "x" * 256, "$users"]
)
def test_any_id_can_be_asked_for(directory: Directory, odd: str) -> None:
    directory.feed("user", id=odd, name="Zoë")
    directory.feed("plan", id=odd, name="Team")
    directory.feed("follow", id=odd, who=odd)
    directory.feed("join", audience=odd, who=odd)
    encoded = quote(odd, safe="")
    assert directory.get(f"users/{encoded}", "User")["id"] == odd
    assert directory.get(f"objects/plans/{encoded}", "Object")["id"] == odd
    [follower] = directory.get(f"objects/plans/{encoded}/subscriptions", "ListSubscriptionsResponse")["entries"]
    [following] = directory.get(f"users/{encoded}/subscriptions", "ListSubscriptionsResponse")["entries"]
    assert follower == following
    [member] = directory.get(f"audiences/{encoded}/members", "ListAudienceMembersResponse")["entries"]
    assert member["user_id"] == odd
    assert shown(directory.gateway, f"/v1/audiences/{encoded}", environment=directory.slug)["key"] == odd
