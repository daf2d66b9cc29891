"""What a source received, in the management API's shapes: status, event types, logs; and rehearsals."""

from typing import Any

import pytest

from tests.interfaces.conversations import Connect, Source, mapping, settled, shown
from tests.interfaces.knock.checking import MANAGEMENT

IDENTIFY = mapping("user.created", "users_identify", id="body.user", name="body.name", properties="body.traits")
DELETE = mapping("user.deleted", "users_delete", id="body.user")


@pytest.fixture
def busy(connect: Connect) -> Source:
    """A source that has received three webhooks of two types."""
    source = connect(mappings=[IDENTIFY, DELETE])
    source.sent({"type": "user.created", "user": source.key, "name": "Zoë", "traits": {"plan": "team"}})
    source.sent({"type": "user.created", "user": None})
    source.settled({"type": "order.placed", "total": 10**25})
    return source


def test_the_status_counts_what_was_received(busy: Source) -> None:
    status = busy.get("/status")
    MANAGEMENT.check("SourceStatusResponse", status)
    assert status["events_count"] == 3
    assert status["mappings_count"] == 2
    assert status["last_event_received"] == busy.get("/logs")["entries"][0]["inserted_at"]


def test_a_source_that_received_nothing_says_so(connect: Connect) -> None:
    source = connect()
    MANAGEMENT.check("SourceStatusResponse", source.get("/status"))
    assert source.get("/status")["last_event_received"] is None
    assert source.get("/events") == {"entries": []}
    assert source.get("/logs")["entries"] == []


def test_event_types_are_discovered_the_latest_first(busy: Source) -> None:
    events = busy.get("/events")
    MANAGEMENT.check("SourceEventsResponse", events)
    assert [each["event"] for each in events["entries"]] == ["order.placed", "user.created"]
    assert [each["count"] for each in events["entries"]] == [1, 2]


def test_logs_are_shown_in_the_management_apis_shape(busy: Source) -> None:
    logs = busy.get("/logs", include="actions")
    MANAGEMENT.check("SourceLogsResponse", logs)
    order, _, created = logs["entries"]
    assert order["data"] == {"type": "order.placed", "total": 10**25}
    assert (order["event"], order["actions"], order["source"]) == ("order.placed", [], None)
    [action] = created["actions"]
    assert action["action_status"] == "success"
    assert action["action_parameters"] == IDENTIFY["action_parameters"]
    assert action["action_payload"] == {"id": busy.key, "name": "Zoë", "properties": {"plan": "team"}}
    assert action["action_result"] == {"id": busy.key}


def test_logs_leave_actions_out_unless_they_are_asked_for(busy: Source) -> None:
    assert all("actions" not in entry for entry in busy.get("/logs")["entries"])


def test_logs_can_be_narrowed_and_paged(busy: Source) -> None:
    entries = busy.get("/logs")["entries"]
    assert busy.get("/logs", event="order.placed")["entries"] == entries[:1]
    assert busy.get("/logs", starting_at=entries[1]["inserted_at"])["entries"] == entries[:2]
    assert busy.get("/logs", ending_at=entries[1]["inserted_at"])["entries"] == entries[2:]
    page = busy.get("/logs", limit=2)
    assert page["entries"] == entries[:2]
    assert busy.get("/logs", limit=2, after=page["page_info"]["after"])["entries"] == entries[2:]


def test_another_environment_knows_nothing_of_it(busy: Source) -> None:
    there = {"environment": "production"}
    path = f"/v1/sources/{busy.key}"
    assert shown(busy.gateway, f"{path}/status", **there)["events_count"] == 0
    assert shown(busy.gateway, f"{path}/events", **there)["entries"] == []
    assert shown(busy.gateway, f"{path}/logs", **there)["entries"] == []


def rehearse(source: Source, payload: Any, environment: str = "development") -> Any:
    """Ask for a rehearsal."""
    path, query = f"/v1/sources/{source.key}/rehearse", {"environment": environment}
    return source.gateway.client.post(path, params=query, json={"payload": payload})


def test_a_rehearsal_tells_what_came_of_it(connect: Connect) -> None:
    source = connect(mappings=[IDENTIFY])
    body = {"type": "user.created", "user": source.key}
    answer = rehearse(source, {"body": body, "headers": {"X-Mark": "1"}})
    assert answer.status_code == 200
    MANAGEMENT.check("SourceRehearseResponse", answer.json())
    told = {name: answer.json()[name] for name in ("status", "action_logs_count", "errors")}
    assert told == {"status": "ok", "action_logs_count": 1, "errors": None}
    entry = shown(source.gateway, f"/v1/event_logs/{answer.json()['log_id']}")
    assert (entry["payload"], entry["headers"]) == (body, {"x-mark": "1"})
    assert (entry["verification_status"], entry["origin"]) == ("skipped", "rehearsal")
    assert source.get("/logs")["entries"][0]["source"] == "rehearsal"


def test_a_rehearsal_tells_what_went_wrong(connect: Connect) -> None:
    source = connect(mappings=[IDENTIFY, mapping("user.created", "users_delete", id="body.old")])
    told = rehearse(source, {"body": {"type": "user.created", "user": source.key}}).json()
    MANAGEMENT.check("SourceRehearseResponse", told)
    assert told["status"] == "error"
    assert (told["successful_action_logs_count"], told["failed_action_logs_count"]) == (1, 1)
    assert [each["field"] for each in told["errors"]] == ["id"]
    nothing = rehearse(source, {"body": {"kind": "user.created"}}).json()
    MANAGEMENT.check("SourceRehearseResponse", nothing)
    assert [each["field"] for each in nothing["errors"]] == ["event_type_path"]


def test_a_rehearsal_needs_no_signature_where_webhooks_do(connect: Connect) -> None:
    source = connect(enforce_verification=True, secrets={"signing_secret": "a-secret-of-some-length"})
    assert source.send({"type": "x"}).status_code == 401
    assert rehearse(source, {"body": {"type": "x"}}).status_code == 200


def test_production_is_no_place_to_rehearse(connect: Connect) -> None:
    source = connect()
    answer = rehearse(source, {"body": {"type": "x"}}, "production")
    assert (answer.status_code, answer.json()["code"]) == (403, "rehearsal_forbidden")
    assert shown(source.gateway, "/v1/event_logs", source=source.key)["entries"] == []


@pytest.mark.parametrize(
    ("payload", "status", "field"),
    [
        (None, 400, "payload"),
        ([], 400, "payload"),
        ({}, 422, "payload.body"),
        ({"body": []}, 422, "payload.body"),
        ({"body": {}, "headers": []}, 422, "payload.headers"),
        ({"body": {}, "headers": ""}, 422, "payload.headers"),
        ({"body": {}, "headers": {"x": 1}}, 422, "payload.headers"),
    ],
)
def test_a_payload_that_cannot_be_rehearsed_is_refused(connect: Connect, payload: Any, status: int, field: str) -> None:
    answer = rehearse(connect(), payload)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


def test_a_rehearsed_webhook_is_settled_like_any_other(connect: Connect) -> None:
    source = connect(mappings=[IDENTIFY])
    log_id = rehearse(source, {"body": {"type": "user.created", "user": source.key}}).json()["log_id"]
    assert settled(source.gateway, log_id)["outcome"] == "executed"
    user = shown(source.gateway, f"/v1/users/{source.key}", environment="development")
    assert user["id"] == source.key
