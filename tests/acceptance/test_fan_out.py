"""Fan-out end to end: a trigger for an object arrives, through a whole gateway, at those who follow it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests import databases, gateways, sinks
from tests.gateways import Gateway
from tests.servers import within
from tests.sinks import Sink

WHERE = {"environment": "development"}
PROJECT = {"collection": "projects", "id": "apollo"}
TEAM = {"collection": "teams", "id": "red"}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with sinks.listening() as sink:
        yield sink


@pytest.fixture(scope="module")
def gateway(postgres_url: str, sink: Sink) -> Iterator[Gateway]:
    """Ann, Ben, a stranger and a team follow a project; Cat, Ben and a guild follow the team, Dan the guild."""
    settings = {"allow_private_targets": "loopback", "outgoing_ports": f"80,443,{sinks.port_of(sink)}"}
    with databases.fresh_database(postgres_url) as url, gateways.running(url, **settings) as running:
        for user in ("ann", "ben", "cat", "dan"):
            call(running, "PUT", f"users/{user}", {"name": user.title()})
        follow(running, PROJECT, "ann", role="owner")
        follow(running, PROJECT, "ben", "stranger", {**TEAM, "name": "Red"}, role="guest")
        follow(running, TEAM, "cat", "ben", {"collection": "guilds", "id": "g", "name": "Guild"}, role="member")
        follow(running, {"collection": "guilds", "id": "g"}, "dan")
        yield running


def call(gateway: Gateway, method: str, path: str, body: Any = None, **params: Any) -> Any:
    answer = gateway.client.request(method, f"/v1/{path}", json=body, params={**WHERE, **params})
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def follow(gateway: Gateway, followed: dict[str, str], *who: Any, **properties: str) -> None:
    path = f"objects/{followed['collection']}/{followed['id']}/subscriptions"
    call(gateway, "POST", path, {"recipients": list(who), "properties": properties})


def define(gateway: Gateway, key: str, *steps: dict[str, Any], **more: Any) -> None:
    call(gateway, "PUT", f"workflows/{key}", {"workflow": {"name": key, "steps": list(steps), **more}})


def tell(sink: Sink, path: str) -> dict[str, Any]:
    body = {"who": "{{ recipient.id }}", "role": "{{ recipient.subscription.role }}"}
    return {"ref": "tell", "type": "webhook", "settings": {"url": f"{sink.url}{path}", "body": body}}


def trigger(gateway: Gateway, key: str, *recipients: Any, **more: Any) -> dict[str, Any]:
    """Start a workflow; its action as the log shows it."""
    run = call(gateway, "POST", f"workflows/{key}/trigger", {"recipients": list(recipients), **more})
    entries = call(gateway, "GET", "action_logs", action_type="workflows_trigger")["entries"]
    found: dict[str, Any] = next(each for each in entries if each["action_result"]["id"] == run["workflow_run_id"])
    return found


def told(sink: Sink, path: str) -> dict[str, str | None]:
    """Who was told, and in which role."""
    bodies = [json.loads(each.body) for each in sink.at(path)]
    assert len({body["who"] for body in bodies}) == len(bodies)
    return {body["who"]: body["role"] for body in bodies}


def runs(gateway: Gateway, key: str) -> dict[str, str]:
    """The status of each recipient's run."""
    items = call(gateway, "GET", "workflow_recipient_runs", workflow=key)["items"]
    found = {
        each["recipient"] if isinstance(each["recipient"], str) else each["recipient"]["id"]: each for each in items
    }
    assert len(found) == len(items)
    return {who: each["status"] for who, each in found.items()}


def test_an_object_those_who_follow_it_and_those_who_follow_these_are_told_once(gateway: Gateway, sink: Sink) -> None:
    define(gateway, "news", tell(sink, "/news"))
    action = trigger(gateway, "news", PROJECT, actor="cat")
    everyone = {"apollo": None, "ann": "owner", "ben": "guest", "red": "guest", "g": "member"}
    assert within(20, lambda: set(runs(gateway, "news").values()) == {"completed"})
    assert told(sink, "/news") == everyone
    (warning,) = action["warnings"]
    assert "'stranger'" in warning


def test_conditions_see_the_subscription(gateway: Gateway, sink: Sink) -> None:
    owners = [{"path": "recipient.subscription.role", "operator": "equal_to", "value": "owner"}]
    define(gateway, "owners", {**tell(sink, "/owners"), "conditions": owners})
    trigger(gateway, "owners", PROJECT)
    assert within(20, lambda: set(runs(gateway, "owners").values()) == {"completed"})
    assert told(sink, "/owners") == {"ann": "owner"}


def test_who_was_reached_through_a_subscription_is_cancelled_by_name(gateway: Gateway) -> None:
    define(gateway, "later", {"ref": "wait", "type": "delay", "settings": {"seconds": 3600}})
    trigger(gateway, "later", TEAM, cancellation_key="k")
    call(gateway, "POST", "workflows/later/cancel", {"cancellation_key": "k", "recipients": ["cat"]})
    assert within(20, lambda: runs(gateway, "later").get("cat") == "cancelled")
    others = {who for who, status in runs(gateway, "later").items() if status != "cancelled"}
    assert others == {"red", "ben", "g", "dan"}


def test_a_tenant_that_nobody_knows_exists_once_a_trigger_names_it(gateway: Gateway) -> None:
    define(gateway, "tenanted")
    trigger(gateway, "tenanted", "ann", tenant="initech")
    assert call(gateway, "GET", "tenants/initech")["id"] == "initech"
    assert runs(gateway, "tenanted") == {"ann": "completed"}


def test_more_followers_than_one_trigger_may_reach_are_refused_and_as_many_are_reached(gateway: Gateway) -> None:
    """Taken in by a mapping, since the API takes a hundred at a time."""
    crowd = {"collection": "crowds", "id": "all"}
    mapping = {
        "event_type": "join",
        "action_type": "objects_subscribe",
        "action_parameters": {
            "collection": {"value": crowd["collection"]},
            "object_id": {"value": crowd["id"]},
            "recipients": "body.who",
        },
    }
    settings = {"event_type_path": "body.type"}
    body = {"name": "Crowd", "environment_settings": {"development": {"settings": settings, "mappings": [mapping]}}}
    made = call(gateway, "PUT", "sources/crowd", {"source": body})
    endpoint = made["source"]["environment_settings"]["development"]["settings"]["endpoint"]
    define(gateway, "crowded")
    for first, count in ((0, 9_999), (9_999, 2)):
        people = [{"id": f"c-{number}"} for number in range(first, first + count)]
        assert gateway.client.post(endpoint, json={"type": "join", "who": people}).status_code == 200
        last = people[-1]["id"]
        assert within(30, lambda: gateway.client.get(f"/v1/users/{last}", params=WHERE).status_code == 200)  # noqa: B023
        answer = gateway.client.post("/v1/workflows/crowded/trigger", json={"recipients": [crowd]}, params=WHERE)
        if count == 2:
            assert answer.status_code == 422
            assert "more than 10,000 subscriptions" in answer.json()["message"]
        else:
            assert answer.status_code == 200
            entry = call(gateway, "GET", "action_logs", action_type="workflows_trigger")["entries"][0]
            assert len(entry["action_result"]["subscribers"][0]["recipients"]) == 9_999
