"""The requests that Hightouch's and Census' HTTP Request destinations send, as their templates make them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from liquid import Template

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, bearer, issue, shown

HIGHTOUCH = {"user-agent": "Hightouch", "content-type": "application/json"}
CENSUS = {"user-agent": "Census https://www.getcensus.com", "content-type": "application/json"}
PATIENCE = 20.0


class Tool:
    """A reverse-ETL tool with a secret key to an environment of its own, in which there is an audience, beta."""

    def __init__(self, connect: Connect, client: httpx.Client) -> None:
        self.gateway, self.slug, self.client = connect.gateway, connect.key()[-32:].strip("-"), client
        assert self.gateway.client.post("/v1/environments", json={"slug": self.slug}).status_code == 201
        body = {"audience": {"type": "static", "name": "Beta"}}
        assert self.gateway.client.put("/v1/audiences/beta", params=self.query, json=body).status_code == 200
        client.headers.update(bearer(issue(self.gateway, environment=self.slug)["key"]))

    @property
    def query(self) -> dict[str, str]:
        """Names the environment to a service token."""
        return {"environment": self.slug}

    def get(self, path: str) -> Any:
        """What the directory shows."""
        return shown(self.gateway, f"/v1/{path}", **self.query)

    def members(self) -> list[tuple[str, str | None]]:
        """Who is in the audience."""
        return [(each["user_id"], each["tenant"]) for each in self.get("audiences/beta/members")["entries"]]

    def add(self, body: str) -> httpx.Response:
        """Census: records added, as its template writes them."""
        return self.client.post("/v1/audiences/beta/members", content=body, headers=CENSUS)

    def remove(self, query: str) -> httpx.Response:
        """Census: a record removed, as its template writes the URL; nothing in it is encoded on the way."""
        url = httpx.URL(self.gateway.url, raw_path=f"/v1/audiences/beta/members?members={query}".encode())
        return self.client.request("DELETE", url, headers=CENSUS)


@pytest.fixture
def tool(connect: Connect, gateway: Gateway) -> Iterator[Tool]:
    """A tool that knows the gateway's address and has a key."""
    with httpx.Client(base_url=gateway.url, timeout=30, trust_env=False) as client:
        yield Tool(connect, client)


def test_hightouch_identifies_a_user_with_each_row(tool: Tool) -> None:
    body = '{"name": "Zoë", "email": "zoe@example.com", "phone_number": ""}'
    for _ in range(2):  # onError: retryRequest
        answer = tool.client.put("/v1/users/1042", content=body.encode(), headers=HIGHTOUCH)
        assert (answer.status_code, answer.json()["id"]) == (200, "1042")
    user = tool.get("users/1042")
    assert (user["name"], user["email"]) == ("Zoë", "zoe@example.com")


def test_hightouch_sets_an_object_and_starts_a_workflow_the_same_way(tool: Tool) -> None:
    answer = tool.client.put("/v1/objects/plans/7", content=b'{"name": "Team", "seats": 4}', headers=HIGHTOUCH)
    assert (answer.status_code, answer.json()["properties"]["seats"]) == (200, 4)
    made = tool.gateway.client.put("/v1/workflows/greet", params=tool.query, json={"workflow": {"name": "Greet"}})
    assert made.status_code == 200
    assert tool.client.put("/v1/users/zoe", content=b"{}", headers=HIGHTOUCH).status_code == 200
    body = b'{"recipients": ["zoe"], "data": {"plan": "Team"}}'
    answer = tool.client.post("/v1/workflows/greet/trigger", content=body, headers=HIGHTOUCH)
    assert (answer.status_code, bool(answer.json()["workflow_run_id"])) == (200, True)


def test_census_identifies_users_in_bulk_with_numbers_as_ids(tool: Tool) -> None:
    body = (
        '{"users": [{"id": 1, "name": "Zoë"}, {"id": "u-2", "email": "bob@example.com", "plan": "team"}, {"id": ""}]}'
    )
    answer = tool.client.post("/v1/users/bulk/identify", content=body.encode(), headers=CENSUS)
    assert answer.status_code == 200, answer.text
    deadline, operation = time.monotonic() + PATIENCE, answer.json()
    while operation["status"] not in ("completed", "failed") and time.monotonic() < deadline:
        time.sleep(0.02)
        operation = tool.get(f"bulk_operations/{operation['id']}")
    assert (operation["success_count"], operation["error_count"]) == (2, 1), operation
    assert tool.get("users/1")["name"] == "Zoë"
    assert tool.get("users/u-2")["plan"] == "team"


def test_census_adds_members_in_batches_of_five_hundred(tool: Tool) -> None:
    users = ",".join(f'{{"user": {{"id": "u-{number:03}"}}, "tenant": "acme"}}' for number in range(500))
    for _ in range(2):
        assert tool.add(f'{{"members": [{users}]}}').status_code == 204
    first = tool.members()
    assert first[0] == ("u-000", "acme")
    page = tool.get("audiences/beta/members")
    assert len(page["entries"]) == 50


def test_the_template_of_the_documentation_writes_its_commas(tool: Tool) -> None:
    _, _, after = Path("docs/reverse-etl.md").read_text().partition("```liquid\n")
    template = Template(after.partition("```")[0])
    for count in (1, 3):
        body = template.render(records=[{"user_id": f"u-{number}"} for number in range(count)])
        assert tool.add(body).status_code == 204, body
    assert tool.members() == [("u-0", None), ("u-1", None), ("u-2", None)]


def test_an_empty_tenant_is_none_and_a_number_is_a_text(tool: Tool) -> None:
    body = '{"members": [{"user": {"id": 12}, "tenant": ""}, {"user": {"id": "zoe"}, "tenant": 7}]}'
    assert tool.add(body).status_code == 204
    assert tool.members() == [("12", None), ("zoe", "7")]


@pytest.mark.parametrize(
    "query",
    [
        '[{"user":{"id":"zoe"},"tenant":"acme"}]',
        "%5B%7B%22user%22%3A%7B%22id%22%3A%22zoe%22%7D%2C%22tenant%22%3A%22acme%22%7D%5D",
        "[%7B%22user%22:%7B%22id%22:%22zoe%22%7D,%22tenant%22:%22acme%22%7D]",
    ],
    ids=["raw", "encoded", "half encoded"],
)
def test_census_removes_a_member_by_the_query_alone(tool: Tool, query: str) -> None:
    tool.add('{"members": [{"user": {"id": "zoe"}}, {"user": {"id": "zoe"}, "tenant": "acme"}]}')
    for _ in range(2):
        answer = tool.remove(query)
        assert (answer.status_code, answer.content) == (204, b"")
        assert tool.members() == [("zoe", None)]
    assert tool.remove('[{"user":{"id":"zoe"},"tenant":""}]').status_code == 204
    assert tool.members() == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"members": [{"user": {"id": "zoe"}},]}', "a trailing comma stands before ] at line 1, column 37"),
        ('{"members": [\n  {"user": {"id": "zoe"}},\n]}', "a trailing comma stands before ] at line 2, column 26"),
        ('{"members": [{"user": {"id": "zoe"}} {"user": {"id": "bob"}}]}', "expected ',' or ']' at line 1, column 38"),
        ('{"members": [{"user": {"id": "zoe",}}]}', "a trailing comma stands before } at line 1, column 35"),
        ('{"members": [{"user": {"id": }}]}', "at line 1, column 30"),
    ],
)
def test_a_template_with_wrong_commas_is_told_where(tool: Tool, body: str, words: str) -> None:
    answer = tool.add(body)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["errors"][0]["field"]) == ("invalid_params", "body")
    assert words in answer.json()["message"]
    assert tool.members() == []


def test_a_query_with_wrong_commas_is_told_where(tool: Tool) -> None:
    answer = tool.remove('[{"user":{"id":"zoe"}},]')
    assert answer.status_code == 400
    assert "a trailing comma stands before ]" in answer.json()["message"]


def test_a_member_that_cannot_be_is_named_and_nobody_is_added(tool: Tool) -> None:
    answer = tool.add('{"members": [{"user": {"id": "zoe"}}, {"user": {"id": null}}]}')
    assert answer.status_code == 422
    assert "members[1]" in answer.json()["errors"][0]["field"]
    assert tool.members() == []
