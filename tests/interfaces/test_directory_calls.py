"""Calls that change the directory as no well-behaved client makes them: hostile, over the limits, without a worker."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from application.waiting import SEATS
from domain.webhooks import WebhookReceived
from tests import databases, gateways, stores
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, bearer, issue
from tests.servers import within

LARGE = "x" * 262_144


@pytest.fixture
def directory(connect: Connect, gateway: Gateway) -> Iterator[httpx.Client]:
    """A client with a secret key of an environment of its own."""
    slug = connect.key()[-32:].strip("-")
    assert gateway.client.post("/v1/environments", json={"slug": slug}).status_code == 201
    workflow = {"name": "Welcome"}
    assert gateway.client.put("/v1/workflows/welcome", params={"environment": slug}, json=workflow).status_code == 200
    headers = bearer(issue(gateway, environment=slug)["key"])
    with httpx.Client(base_url=gateway.url, headers=headers, timeout=30) as client:
        yield client


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and the field at fault, of an answer in the one shape of errors."""
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["message"]
    return answer.status_code, body["code"], body["errors"][0]["field"] if "errors" in body else None


def raw(gateway: Gateway, key: str, method: str, path: bytes) -> int:
    """The status of an answer to a path that no client would send as it is."""
    place = urlsplit(gateway.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        lines = (b"%s %s HTTP/1.1" % (method.encode(), path), b"Host: x", f"Authorization: {key}".encode())
        connection.sendall(b"\r\n".join((*lines, b"Content-Length: 2", b"Connection: close", b"", b"{}")))
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/users/..",
        b"/v1/users/.",
        b"/v1/users/%2e%2e",
        b"/v1/users/a%2F..%2Fb",
        b"/v1/users/a%00b",
        b"/v1/users/%FF",
        b"/v1/users/a%C3",
        b"/v1/objects/../p-1",
        b"/v1/objects/plans/%2E%2E",
        b"/v1/objects/pl%00ans/p-1",
        b"/v1/tenants/%ED%A0%80",
        b"/v1/users/u-1?x=%FF",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_id_that_cannot_be_one_is_malformed(
    directory: httpx.Client, gateway: Gateway, method: str, path: bytes
) -> None:
    assert raw(gateway, directory.headers["authorization"], method, path) == 400
    assert directory.get("/v1/users").json()["entries"] == []


@pytest.mark.parametrize("path", [b"/v1/users/..", b"/v1/users/%FF", b"/v1/users/a%00b", b"/v1/bulk_operations/%FF"])
def test_nor_is_it_read(directory: httpx.Client, gateway: Gateway, path: bytes) -> None:
    assert raw(gateway, directory.headers["authorization"], "GET", path) == 400


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"{", "line 1"),
        (b'{"name": "Zo\xff"}', "UTF-8"),
        (b"[]", "not an object"),
        (b'{"name":\n "Zo",}', "line 2"),
        (b'{"name": "Zo",}', "comma"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/users/u-1", "/v1/objects/plans/p-1", "/v1/tenants/t-1"])
def test_a_malformed_body_is_refused_with_the_place(
    directory: httpx.Client, path: str, body: bytes, words: str
) -> None:
    answer = directory.put(path, content=body)
    assert error(answer) == (400, "invalid_params", "body")
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/v1/users/u-1", {"bio": LARGE}, "properties"),
        ("PUT", "/v1/objects/plans/p", {"bio": LARGE}, "properties"),
        ("PUT", "/v1/tenants/t", {"bio": LARGE}, "properties"),
        ("PUT", "/v1/users/u-1", {"name": ["Zoë"]}, "name"),
        ("PUT", "/v1/users/u-1", {"preferences": 7}, "preferences"),
        ("PUT", "/v1/users/" + "x" * 257, {}, "id"),
        ("POST", "/v1/users/u-1/merge", {}, "from_user_id"),
        ("POST", "/v1/objects/plans/p/subscriptions", {}, "recipients"),
        ("POST", "/v1/objects/plans/p/subscriptions", {"recipients": ["u"] * 101}, "recipients"),
        ("DELETE", "/v1/objects/plans/p/subscriptions", {"recipients": ["u"] * 101}, "recipients"),
        ("DELETE", "/v1/objects/plans/p/subscriptions", {"recipients": [None]}, "recipients[0]"),
        ("POST", "/v1/objects/plans/p/subscriptions", {"recipients": ["u"], "properties": {"x": LARGE}}, "properties"),
        ("POST", "/v1/objects/plans/p/subscriptions", {"recipients": ["u"], "properties": 7}, "properties"),
        ("POST", "/v1/audiences/vips/members?create_audience=true", {"members": ["u"] * 1_001}, "members"),
        ("POST", "/v1/audiences/vips/members?create_audience=true", {"members": [7.5]}, "members[0]"),
        ("POST", "/v1/workflows/welcome/trigger", {"recipients": ["u"] * 1_001}, "recipients"),
        ("POST", "/v1/workflows/welcome/trigger", {"recipients": []}, "recipients"),
        ("POST", "/v1/workflows/welcome/trigger", {"recipients": ["u"], "data": []}, "data"),
        ("POST", "/v1/workflows/welcome/cancel", {}, "cancellation_key"),
        ("POST", "/v1/notify", {"recipients": ["u"]}, "name"),
        ("POST", "/v1/notify/cancel", {"cancellation_key": "c"}, "name"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(
    directory: httpx.Client, method: str, path: str, body: Any, field: str
) -> None:
    assert error(directory.request(method, path, json=body)) == (422, "invalid_params", field)


def test_numbers_become_texts(directory: httpx.Client) -> None:
    directory.put("/v1/users/7", json={"phone_number": 4312345})
    assert directory.get("/v1/users/7").json()["phone_number"] == "4312345"
    directory.post("/v1/objects/plans/1/subscriptions", json={"recipients": [7, {"id": 8}]})
    listed = directory.get("/v1/objects/plans/1/subscriptions").json()["entries"]
    assert sorted(each["recipient"]["id"] for each in listed) == ["7", "8"]


def test_members_are_removed_by_the_query_too(directory: httpx.Client) -> None:
    path, members = "/v1/audiences/vips/members", [{"user": {"id": each}} for each in ("a", "b", "c&d")]
    added = directory.post(path, params={"create_audience": "true"}, json={"members": members})
    assert (added.status_code, added.content) == (204, b"")
    assert directory.delete(path, params={"members": json.dumps(members[1:])}).status_code == 204
    assert [each["user_id"] for each in directory.get(path).json()["entries"]] == ["a"]
    for spoilt in ("[", "{}", '"a"', '[{"user": {"id": "a"}},]', '[], "x": 1', ""):
        answer = directory.delete(path, params={"members": spoilt})
        assert answer.status_code == 400, spoilt
    assert [each["user_id"] for each in directory.get(path).json()["entries"]] == ["a"]


def test_the_older_way_to_trigger_names_the_workflow_in_the_body(directory: httpx.Client) -> None:
    body = {"name": "welcome", "recipients": [{"id": "zoe"}], "cancellation_key": "c"}
    runs = {directory.post("/v1/notify", json=body).json()["workflow_run_id"] for _ in range(2)}
    listed = directory.get("/v1/workflow_recipient_runs").json()["items"]
    assert {each["workflow_run_id"] for each in listed} == runs
    assert len(runs) == 2
    gone = directory.post("/v1/notify/cancel", json={"name": "welcome", "cancellation_key": "c"})
    assert (gone.status_code, gone.content) == (204, b"")
    headers = {"idempotency-key": "k"}
    again = [directory.post("/v1/notify", json=body, headers=headers).json()["workflow_run_id"] for _ in range(2)]
    assert again[0] != again[1]


def test_a_key_that_is_too_long_is_refused(directory: httpx.Client) -> None:
    for length, status in ((255, 200), (256, 422)):
        headers = {"idempotency-key": "k" * length}
        answer = directory.post("/v1/workflows/welcome/trigger", json={"recipients": [{"id": "u"}]}, headers=headers)
        assert answer.status_code == status, answer.text


def test_what_a_call_wrote_is_read_at_once(directory: httpx.Client) -> None:
    for number in range(20):
        directory.put("/v1/users/u-1", json={"number": number})
        assert directory.get("/v1/users/u-1").json()["number"] == number


def test_a_service_token_says_in_which_environment_it_writes(gateway: Gateway) -> None:
    assert error(gateway.client.put("/v1/users/u-1", json={})) == (400, "invalid_params", "environment")
    answer = gateway.client.put("/v1/users/u-1", params={"environment": "unheard-of"}, json={})
    assert error(answer) == (404, "resource_missing", "environment")


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("editor", 200), ("auditor", 403)])
def test_editors_write_and_auditors_do_not(gateway: Gateway, sender: httpx.Client, role: str, status: int) -> None:
    headers = bearer(issue(gateway, role=role)["key"])
    for path in (f"/v1/users/by-{role}", f"/v1/objects/plans/by-{role}", f"/v1/tenants/by-{role}"):
        answer = sender.put(path, params={"environment": "development"}, json={}, headers=headers)
        assert answer.status_code == status, answer.text
        there = sender.get(path, params={"environment": "development"}, headers=headers).status_code
        assert there == (200 if status == 200 else 404)


def test_without_a_worker_a_call_is_unavailable_and_is_carried_out_later(postgres_url: str) -> None:
    """A bulk operation goes on where it was, too, since its progress is in the log."""
    users = [{"id": f"u-{number}"} for number in range(3)]
    query = {"environment": "development"}
    with databases.fresh_database(postgres_url) as url:
        with gateways.running(url, command="api") as api:
            operation = api.client.post("/v1/users/bulk/identify", params=query, json={"users": users}).json()
            assert (operation["status"], operation["processed_rows"]) == ("queued", 0)
            answer = api.client.put("/v1/users/zoe", params=query, json={"name": "Zoë"})
            assert (error(answer)[:2], answer.headers["retry-after"]) == ((503, "unavailable"), "1")
        with gateways.running(url) as whole:
            path, deadline = operation["progress_path"], time.monotonic() + 20
            while (told := whole.client.get(path, params=query).json())["status"] != "completed":
                assert time.monotonic() < deadline, told
                time.sleep(0.05)
            assert (told["success_count"], told["error_count"]) == (3, 0)
            assert whole.client.get("/v1/users/u-2", params=query).status_code == 200
            assert whole.client.get("/v1/users/zoe", params=query).json()["name"] == "Zoë"


def test_calls_without_a_worker_hold_up_nobody_who_reads(database_url: str) -> None:
    """So many wait for it; the next are told at once to come again, with nothing on record, and reading goes on."""
    query = {"environment": "development"}
    with gateways.running(database_url, command="api") as api:
        limits = httpx.Limits(max_connections=None)
        with (
            httpx.Client(base_url=api.url, headers=bearer(api.token), timeout=30, limits=limits) as crowd,
            ThreadPoolExecutor(SEATS + 10) as threads,
        ):
            names = [f"u-{number}" for number in range(SEATS + 10)]
            began = time.monotonic()
            pending = [threads.submit(crowd.put, f"/v1/users/{name}", params=query, json={}) for name in names]
            assert within(9, lambda: sum(each.done() for each in pending) == 10)
            refused = [each.result() for each in pending if each.done()]
            for path in ("/v1/users", "/v1/sources", "/health/ready"):
                asked = time.monotonic()
                assert api.client.get(path, params=query).status_code == 200
                assert time.monotonic() - asked < 2
            assert time.monotonic() - began < 9, "those who wait have given up already"
            assert {(each.status_code, each.json()["code"], each.headers["retry-after"]) for each in refused} == {
                (503, "busy", "1")
            }
            answers = [each.result() for each in pending]
        assert sum(each.json()["code"] == "unavailable" for each in answers) == SEATS
    with stores.migrated(database_url) as database:
        calls = [each for each in stores.log(database) if isinstance(each.event, WebhookReceived)]
    assert len(calls) == SEATS
