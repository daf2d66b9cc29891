"""Forwarding between whole gateways: what one executes, another that stands for a Knock account carries out as well."""

import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from knockapi import Knock

from tests import databases, gateways, sinks
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, issue, mapping, settled
from tests.servers import within
from tests.sinks import Arrival, Sink

WHERE = {"environment": "production"}
ACTIONS = {
    "users_identify",
    "users_delete",
    "objects_set",
    "objects_delete",
    "objects_subscribe",
    "objects_unsubscribe",
    "tenants_set",
    "tenants_delete",
    "audiences_add_member",
    "audiences_remove_member",
    "workflows_trigger",
    "workflows_cancel",
}
KEY = "sk_test_of_the_sink"
WAITING = [{"ref": "wait", "type": "delay", "settings": {"seconds": 3600}}]


@pytest.fixture(scope="module")
def account(postgres_url: str) -> Iterator[Gateway]:
    """A gateway in the place of a Knock account."""
    with databases.fresh_database(postgres_url) as url, gateways.running(url) as running:
        yield running


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    """The front door's database."""
    with databases.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def gateway(database: str, account: Gateway, sink: Sink) -> Iterator[Gateway]:
    """The front door: production forwards to the account."""
    ports = f"80,443,{account.url.rpartition(':')[2]},{sinks.port_of(sink)}"
    settings = {"allow_private_targets": "loopback", "outgoing_ports": ports}
    with gateways.running(database, **settings) as running:
        key = issue(account, environment="production")["key"]
        shown = forward_to(running, "production", account.url, key)
        assert shown["api_key_hint"] == key[-4:]
        assert key not in str(shown)
        yield running


@pytest.fixture
def slug(gateway: Gateway, sink: Sink, request: pytest.FixtureRequest) -> str:
    """An environment of a test's own that forwards to the sink, and a workflow in it."""
    slug = f"to-sink-{zlib.crc32(request.node.nodeid.encode()):08x}"
    assert gateway.client.post("/v1/environments", json={"slug": slug}).status_code == 201
    define(gateway, slug, [])
    forward_to(gateway, slug, sink.url, KEY)
    sink.arrivals.clear()
    sink.answer = lambda arrival, nth: (200, {}, 0.0)
    return slug


def forward_to(gateway: Gateway, slug: str, url: str, key: str) -> dict[str, Any]:
    body = {"forwarding": {"base_url": url, "api_key": key}}
    answer = gateway.client.put(f"/v1/environments/{slug}/forwarding", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def define(gateway: Gateway, slug: str, steps: list[dict[str, Any]]) -> None:
    body = {"workflow": {"name": "Welcome", "steps": steps}}
    answer = gateway.client.put("/v1/workflows/welcome", params={"environment": slug}, json=body)
    assert answer.status_code == 200, answer.text


def forwards(gateway: Gateway, slug: str, **query: Any) -> list[dict[str, Any]]:
    """Oldest first."""
    answer = gateway.client.get("/v1/forwards", params={"environment": slug, **query})
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["entries"]))


def detail(gateway: Gateway, forward: dict[str, Any]) -> dict[str, Any]:
    params = {"environment": forward["environment"]}
    return dict(gateway.client.get(f"/v1/forwards/{forward['id']}", params=params).json())


def attempts(gateway: Gateway, forward: dict[str, Any]) -> list[dict[str, Any]]:
    return [each["data"] for each in detail(gateway, forward)["events"] if each["name"] == "ForwardAttempted"]


def all_are(gateway: Gateway, slug: str, status: str = "completed", seconds: float = 30) -> bool:
    return within(seconds, lambda: {each["status"] for each in forwards(gateway, slug)} == {status})


def identify(gateway: Gateway, slug: str, user: str, **properties: Any) -> None:
    answer = gateway.client.put(f"/v1/users/{user}", params={"environment": slug}, json=properties)
    assert answer.status_code == 200, answer.text


def told(sink: Sink) -> list[tuple[str, str]]:
    return [(each.method, each.path) for each in list(sink.arrivals)]


def directory(gateway: Gateway) -> dict[str, Any]:
    """Everything in production, but for times and ids of the gateway's own."""
    paths = (
        *("users", "objects/plans", "tenants", "audiences/vips/members"),
        *("objects/plans/team/subscriptions", "objects/plans/crowd/subscriptions?page_size=50"),
    )
    shown = {path: gateway.client.get(f"/v1/{path}", params=WHERE).json()["entries"] for path in paths}
    runs = gateway.client.get("/v1/workflow_recipient_runs", params=WHERE).json()["items"]
    own = {"updated_at", "created_at", "inserted_at", "added_at"}
    kept = ("workflow", "recipient", "actor", "tenant", "status")
    return {**_without(shown, own), "runs": sorted(str({name: run[name] for name in kept}) for run in runs)}


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(each, names) for name, each in value.items() if name not in names}
    return [_without(each, names) for each in value] if isinstance(value, list) else value


def test_all_twelve_actions_are_carried_out_in_the_account_too(gateway: Gateway, account: Gateway) -> None:
    for each in (gateway, account):
        define(each, "production", WAITING)
    with Knock(api_key=issue(gateway, environment="production")["key"], base_url=gateway.url) as knock:
        act(knock)
    assert all_are(gateway, "production")
    assert {each["action_type"] for each in forwards(gateway, "production")} == ACTIONS
    ours, theirs = directory(gateway), directory(account)
    assert ours == theirs
    assert [user["id"] for user in ours["users"]] == ["a/b", "ann", "cleo", "dan", "eve"]
    assert [run for run in ours["runs"] if "cancelled" in run]
    assert len(ours["objects/plans/crowd/subscriptions?page_size=50"]) == 50


def act(knock: Knock) -> None:
    more: Any = {"plan": {"name": "team", "seats": 4}, "big": 2**60, "nothing": None}
    knock.users.update("ann", name="Ann", email="ann@example.com", extra_body=more)
    knock.users.update("a/b", name="Slash")
    knock.users.update("ben", name="Ben")
    knock.objects.set("plans", "team", name="Team", extra_body={"price": 1.5})
    knock.objects.set("plans", "old")
    knock.tenants.set("acme", name="Acme", settings={"branding": {"primary_color": "#33FF5B"}})
    knock.tenants.set("initech")
    knock.objects.add_subscriptions("plans", "team", recipients=["ann", {"id": "cleo", "name": "Cleo"}, "ben"])
    knock.objects.add_subscriptions("plans", "team", recipients=["ann"], properties={"role": "owner"})
    knock.objects.delete_subscriptions("plans", "team", recipients=["ben"])
    members: Any = [{"user": {"id": "dan", "name": "Dan"}, "tenant": "acme"}, {"user": {"id": "ben"}}]
    knock.audiences.add_members("vips", members=members, create_audience=True)
    knock.audiences.remove_members("vips", members=[{"user": {"id": "ben"}}])
    people: Any = ["ann", {"id": "eve", "name": "Eve", "$trigger_data": {"vip": True}}]
    knock.workflows.trigger(
        "welcome", recipients=people, data={"n": 1}, tenant="acme", actor="ann", cancellation_key="c"
    )
    knock.workflows.cancel("welcome", cancellation_key="c", recipients=["eve"])
    for start in range(0, 120, 60):
        knock.objects.add_subscriptions("plans", "crowd", recipients=[f"u-{n}" for n in range(start, start + 60)])
    knock.objects.delete("plans", "old")
    knock.tenants.delete("initech")
    knock.users.delete("ben")


def test_webhooks_are_forwarded_in_chunks_that_the_account_takes(gateway: Gateway, slug: str, sink: Sink) -> None:
    follow = mapping(
        "follow", "objects_subscribe", collection={"value": "c"}, object_id={"value": "o"}, recipients="body.who"
    )
    source = Connect(gateway=gateway, sender=gateway.client, name="chunks")(mappings=[follow], environment=slug)
    source.send({"type": "follow", "who": [f"u-{number}" for number in range(250)]})
    assert within(20, lambda: len(sink.arrivals) == 3)
    assert all_are(gateway, slug)
    assert len({each.key for each in sink.arrivals}) == 3
    (forward,) = forwards(gateway, slug)
    assert [(each["call"], each["calls"]) for each in attempts(gateway, forward)] == [(0, 3), (1, 3), (2, 3)]
    assert [each["idempotency_key"] for each in attempts(gateway, forward)] == [each.key for each in sink.arrivals]


def test_what_the_log_shows_of_an_action_says_how_far_its_forward_is(gateway: Gateway, slug: str, sink: Sink) -> None:
    sink.answer = lambda arrival, nth: (500 if nth == 1 else 200, {"retry-after": "1"}, 0.0)
    identify(gateway, slug, "ann", name="Ann")
    params = {"environment": slug}

    def logged() -> dict[str, Any]:
        (entry,) = gateway.client.get("/v1/action_logs", params=params).json()["entries"]
        return dict(entry)

    assert within(10, lambda: logged()["forward"]["attempts"] == 1)
    shown = logged()["forward"]
    assert (shown["status"], shown["last_status"]) == ("processing", 500)
    assert shown["last_error"]["message"] == "the target answered 500"
    assert all_are(gateway, slug)
    entry = logged()
    assert (entry["forward"]["status"], entry["forward"]["last_error"]) == ("completed", None)
    assert gateway.client.get(f"/v1/action_logs/{entry['id']}").json()["forward"] == entry["forward"]
    whole = settled(gateway, entry["event_log_id"])
    assert [each["forward"] for each in whole["actions"]] == [entry["forward"]]


def test_a_call_that_fails_is_made_again_under_the_same_key(gateway: Gateway, slug: str, sink: Sink) -> None:
    """By 500, by 429 with Retry-After, and when the answer is lost."""
    statuses = [500, 429, 0, 200]
    sink.answer = lambda arrival, nth: (statuses[nth - 1], {"retry-after": "0"}, 0.0)
    identify(gateway, slug, "ann", name="Ann")
    assert all_are(gateway, slug, seconds=90)
    assert len(sink.arrivals) == 4
    assert len({(each.key, each.body) for each in sink.arrivals}) == 1
    (forward,) = forwards(gateway, slug)
    made = attempts(gateway, forward)
    assert [(each["attempt"], each["status"], each["outcome"]) for each in made] == [
        (1, 500, "failed"),
        (2, 429, "failed"),
        (3, None, "failed"),
        (4, 200, "delivered"),
    ]
    assert len({each["request_id"] for each in made}) == 4
    assert made[0]["answer"] == "ok"


def test_who_is_told_to_wait_waits(gateway: Gateway, slug: str, sink: Sink) -> None:
    sink.answer = lambda arrival, nth: (429 if arrival.path.endswith("ann") else 200, {"retry-after": "3600"}, 0.0)
    identify(gateway, slug, "ann", name="Ann")
    assert within(10, lambda: len(sink.arrivals) == 1)
    (forward,) = forwards(gateway, slug)
    assert within(10, lambda: len(attempts(gateway, forward)) == 1)
    (made,) = attempts(gateway, forward)
    assert made["retry_at"] > made["attempted_at"]
    identify(gateway, slug, "ben", name="Ben")  # shares nothing with what waits
    identify(gateway, slug, "ann", name="Anna")  # does
    assert within(10, lambda: [path for _, path in told(sink)] == ["/v1/users/ann", "/v1/users/ben"])
    assert within(
        10, lambda: [each["status"] for each in forwards(gateway, slug)] == ["processing", "completed", "queued"]
    )
    gateway.client.delete(f"/v1/environments/{slug}/forwarding")
    assert within(
        10, lambda: [each["status"] for each in forwards(gateway, slug)] == ["cancelled", "completed", "cancelled"]
    )
    assert len(sink.arrivals) == 2


def test_calls_about_the_same_user_keep_their_order(gateway: Gateway, slug: str, sink: Sink) -> None:
    sink.answer = lambda arrival, nth: (200, {}, 0.05)
    for number in range(8):
        identify(gateway, slug, "ann", number=number)
        identify(gateway, slug, f"u-{number}")
    answer = gateway.client.post(
        "/v1/workflows/welcome/trigger", params={"environment": slug}, json={"recipients": ["ann"]}
    )
    assert answer.status_code == 200
    gateway.client.delete("/v1/users/ann", params={"environment": slug})
    assert all_are(gateway, slug)
    of_ann = [each for each in sink.arrivals if each.path in ("/v1/users/ann", "/v1/workflows/welcome/trigger")]
    bodies = [each.body for each in of_ann[:8]]
    assert bodies == [b'{"number":%d}' % number for number in range(8)]
    assert [(each.method, each.path) for each in of_ann[8:]] == [
        ("POST", "/v1/workflows/welcome/trigger"),
        ("DELETE", "/v1/users/ann"),
    ]


@pytest.mark.parametrize("status", [404, 422])
def test_what_the_account_refuses_is_a_dead_letter_and_lets_others_pass(
    gateway: Gateway, slug: str, sink: Sink, status: int
) -> None:
    sink.answer = lambda arrival, nth: (status if nth == 1 else 200, {}, 0.0)
    identify(gateway, slug, "ann", number=1)
    assert within(10, lambda: len(forwards(gateway, slug, status="failed")) == 1)
    identify(gateway, slug, "ann", number=2)
    assert within(10, lambda: [each["status"] for each in forwards(gateway, slug)] == ["failed", "completed"])
    (letter,) = forwards(gateway, slug, status="failed")
    assert letter["last_error"]["code"] == "answered"
    answer = gateway.client.post(f"/v1/forwards/{letter['id']}/retry", params={"environment": slug})
    assert answer.status_code == 200, answer.text
    assert all_are(gateway, slug)
    assert [each.body for each in sink.arrivals] == [b'{"number":%d}' % number for number in (1, 2, 1)]
    assert sink.arrivals[0].key == sink.arrivals[2].key
    again = gateway.client.post(f"/v1/forwards/{letter['id']}/retry", params={"environment": slug})
    assert again.status_code == 422
    assert again.json()["message"].endswith("only failed ones can be retried")


def test_an_account_that_does_not_accept_the_key_is_not_hammered(gateway: Gateway, slug: str, sink: Sink) -> None:
    """A handful become dead letters, then all others wait; with the right key everything is carried out in order."""

    def guarding(arrival: Arrival, nth: int) -> tuple[int, dict[str, str], float]:
        return (200 if arrival.headers["authorization"] == "Bearer sk_the_right_one" else 401), {}, 0.0

    sink.answer = guarding
    for number in range(20):
        identify(gateway, slug, "ann", number=number)
    assert within(10, lambda: len(forwards(gateway, slug, status="failed")) >= 5)
    refused = len(sink.arrivals)
    assert refused <= 9
    letters = forwards(gateway, slug, status="failed")
    assert {each["last_error"]["code"] for each in letters} == {"unauthorized"}
    forward_to(gateway, slug, sink.url, "sk_the_right_one")
    retried = gateway.client.post("/v1/forwards/retry", params={"environment": slug, "code": "unauthorized"})
    assert retried.json() == {"retried": len(letters), "left": [], "more": False}
    assert all_are(gateway, slug, seconds=60)
    accepted = [each.body for each in sink.arrivals if "right" in each.headers["authorization"]]
    assert accepted == [b'{"number":%d}' % number for number in range(20)]


def test_another_key_is_used_by_the_next_attempt(gateway: Gateway, slug: str, sink: Sink) -> None:
    for key in (KEY, "sk_another"):
        forward_to(gateway, slug, sink.url, key)
        identify(gateway, slug, "ann", key=key)
        assert within(10, lambda wanted=key: f"Bearer {wanted}" in [a.headers["authorization"] for a in sink.arrivals])  # type: ignore[misc]
    assert [each.headers["user-agent"] for each in sink.arrivals] == ["Hookledger", "Hookledger"]


def test_what_is_executed_before_or_after_is_not_forwarded(gateway: Gateway, slug: str, sink: Sink) -> None:
    gateway.client.delete(f"/v1/environments/{slug}/forwarding")
    assert gateway.client.get(f"/v1/environments/{slug}/forwarding").status_code == 404
    assert gateway.client.delete(f"/v1/environments/{slug}/forwarding").status_code == 204
    identify(gateway, slug, "ann")
    assert forwards(gateway, slug) == []
    (entry,) = gateway.client.get("/v1/action_logs", params={"environment": slug}).json()["entries"]
    assert entry["forward"] is None
    forward_to(gateway, slug, sink.url, KEY)
    identify(gateway, slug, "ben")
    assert within(10, lambda: told(sink) == [("PUT", "/v1/users/ben")])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"api_key": "pk_test_1"}, "api_key"),
        ({"api_key": "sk_"}, "api_key"),
        ({"api_key": "sk_with space"}, "api_key"),
        ({"api_key": 1}, "api_key"),
        ({"api_key": KEY, "base_url": "http://10.0.0.1/"}, "base_url"),
        ({"api_key": KEY, "base_url": "http://api.knock.app"}, "base_url"),
        ({"api_key": KEY, "base_url": "https://api.knock.app?x=1"}, "base_url"),
        ({"api_key": KEY, "base_url": "https://api.knock.app:8443"}, "base_url"),
        ({"api_key": KEY, "url": "https://api.knock.app"}, "url"),
        ({"base_url": "https://another.example.com"}, "api_key"),
    ],
)
def test_what_can_be_no_account_is_refused(gateway: Gateway, body: dict[str, Any], field: str) -> None:
    answer = gateway.client.put("/v1/environments/production/forwarding", json={"forwarding": body})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"].startswith(f"forwarding.{field}")


def test_forwarding_needs_a_key_first_and_knock_is_where_it_goes_by_itself(gateway: Gateway) -> None:
    path = "/v1/environments/development/forwarding"
    assert gateway.client.put(path, json={"forwarding": {}}).json()["errors"][0]["field"] == "forwarding.api_key"
    assert gateway.client.put(path, json={"api_key": KEY}).json()["base_url"] == "https://api.knock.app"
    shown = gateway.client.get(path).json()
    assert gateway.client.put(path, json={"forwarding": shown}).json()["updated_at"] == shown["updated_at"]
    assert gateway.client.delete(path).status_code == 204


def test_forwarding_of_an_environment_that_is_not_there_is_not_there(gateway: Gateway) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = gateway.client.request(method, "/v1/environments/nowhere/forwarding", json={"api_key": KEY})
        assert answer.status_code == 404, (method, answer.text)


def test_a_forward_of_another_environment_is_not_there(gateway: Gateway, slug: str, sink: Sink) -> None:
    identify(gateway, slug, "ann")
    assert all_are(gateway, slug)
    (forward,) = forwards(gateway, slug)
    for method, path in (("GET", ""), ("POST", "/retry")):
        answer = gateway.client.request(method, f"/v1/forwards/{forward['id']}{path}", params=WHERE)
        assert answer.status_code == 404


def test_the_doctor_says_whether_the_account_answers(
    gateway: Gateway, database: str, slug: str, sink: Sink, tmp_path: Path
) -> None:
    sink.answer = lambda arrival, nth: (422, {}, 0.0)
    identify(gateway, slug, "ann")
    assert all_are(gateway, slug, "failed")
    environ = gateways.environment(database, {"master_key": gateways.MASTER_KEY, "data_dir": str(tmp_path)})
    done = subprocess.run(
        [*gateways.COMMAND, "doctor"], env={**environ, "COLUMNS": "400"}, capture_output=True, text=True
    )
    (said,) = (line for line in done.stdout.splitlines() if f"forwarding of {slug}" in line)
    assert f"{sink.url} answered last at" in said
    assert "0 wait and 1 failed" in said
