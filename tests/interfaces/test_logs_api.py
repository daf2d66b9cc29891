"""The event log and the action log over HTTP: filters, details, histories, raw bodies, the accounting identity."""

import json
from typing import Any

import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, mapping, shown

OUTCOMES = ("rejected", "duplicate", "executed", "partially_executed", "failed", "unmapped", "unclassified", "pending")
ENTRY = {
    *("id", "source", "environment", "event_type", "received_at", "occurred_at", "configuration_version"),
    *("verification_status", "idempotency", "outcome", "error", "actions_count", "evaluations"),
}
ACTION = {
    *("id", "event_log_id", "source", "environment", "event_type", "mapping_id", "evaluation", "action_type"),
    *("action_parameters", "action_payload", "action_result", "action_status", "error", "inserted_at"),
}
AT = "2026-01-15T12:00:00+01:00"


@pytest.fixture
def source(connect: Connect) -> Source:
    """A source with one webhook of each outcome, the oldest first in `OUTCOMES` but for the pending one."""
    source = connect(
        mappings=[
            mapping("user.created", "users_identify", id="body.user", email="body.email"),
            mapping("user.created", "objects_set", collection={"value": "plans"}, id="body.plan"),
        ],
        idempotency_key_path="body.key",
        timestamp_path="body.at",
    )
    user = {"type": "user.created", "user": source.key}
    source.send(b"{")
    source.sent({"type": "order.placed", "key": "1", "at": AT})
    source.sent({"type": "order.placed", "key": "1"})
    source.sent({**user, "plan": "team", "key": "2"})
    source.sent({**user, "plan": None})
    source.sent({**user, "user": "a\0", "plan": "b\0"})
    source.settled({"kind": "?"})
    return source


ORDER = ["unclassified", "failed", "partially_executed", "executed", "duplicate", "unmapped", "rejected"]


def listed(source: Source, path: str = "event_logs", **query: Any) -> list[dict[str, Any]]:
    """What a log has of the source."""
    entries: list[dict[str, Any]] = shown(source.gateway, f"/v1/{path}", source=source.key, **query)["entries"]
    return entries


def test_the_event_log_has_every_webhook_the_newest_first(source: Source) -> None:
    entries = listed(source)
    assert [entry["outcome"] for entry in entries] == ORDER
    assert all(entry.keys() >= ENTRY for entry in entries)
    assert all("payload" not in entry and "headers" not in entry for entry in entries)
    assert entries == sorted(entries, key=lambda entry: str(entry["received_at"]), reverse=True)


@pytest.mark.parametrize(
    ("query", "outcomes"),
    [
        *(({"outcome": outcome}, [outcome] if outcome != "pending" else []) for outcome in OUTCOMES),
        ({"event_type": "order.placed"}, ["duplicate", "unmapped"]),
        ({"event_type": "order"}, []),
        ({"idempotency_key": "1"}, ["duplicate", "unmapped"]),
        ({"idempotency_key": "1", "outcome": "duplicate"}, ["duplicate"]),
        ({"verification_status": "not_enforced:failed", "outcome": "executed"}, ["executed"]),
        ({"environment": "development"}, ORDER),
        ({"environment": "production"}, []),
        ({"starting_at": "2100-01-01T00:00:00Z"}, []),
        ({"ending_at": "2001-01-01T00:00:00Z"}, []),
        ({"starting_at": "2001-01-01", "ending_at": "2100-01-01"}, ORDER),
    ],
)
def test_the_event_log_can_be_narrowed(source: Source, query: dict[str, str], outcomes: list[str]) -> None:
    assert [entry["outcome"] for entry in listed(source, **query)] == outcomes


def test_a_span_of_time_begins_with_its_beginning_and_ends_before_its_end(source: Source) -> None:
    times = [entry["received_at"] for entry in listed(source)]
    assert [entry["received_at"] for entry in listed(source, starting_at=times[5], ending_at=times[2])] == times[3:6]


def test_a_webhook_is_shown_with_all_that_it_brought_and_led_to(source: Source) -> None:
    [executed] = listed(source, outcome="executed")
    detail = shown(source.gateway, f"/v1/event_logs/{executed['id']}")
    assert {name: detail[name] for name in ENTRY - {"idempotency"}} == {
        name: executed[name] for name in ENTRY - {"idempotency"}
    }
    assert detail["payload"]["plan"] == "team"
    assert detail["headers"]["content-type"] == "application/json"
    assert [action["action_type"] for action in detail["actions"]] == ["users_identify", "objects_set"]
    assert detail["actions_count"] == executed["actions_count"] == 2
    assert detail["body_bytes"] == len(json.dumps(detail["payload"], separators=(",", ":")))


def test_a_duplicate_names_its_original_and_has_no_actions(source: Source) -> None:
    [duplicate], [original] = listed(source, outcome="duplicate"), listed(source, outcome="unmapped")
    assert duplicate["idempotency"] == {"outcome": "replayed", "key": "1", "original_id": original["id"]}
    assert original["occurred_at"] == "2026-01-15T11:00:00.000000Z"
    assert duplicate["actions_count"] == 0


def test_a_history_has_every_event_in_order(source: Source) -> None:
    [executed] = listed(source, outcome="executed")
    history = shown(source.gateway, f"/v1/event_logs/{executed['id']}/history")["entries"]
    names = "WebhookReceived WebhookClassified IdempotencyDecided ActionExecuted ActionExecuted WebhookProcessed"
    assert [event["name"] for event in history] == names.split()
    assert [event["version"] for event in history] == [1, 2, 3, 4, 5, 6]
    positions = [event["position"] for event in history]
    assert positions == sorted(set(positions))
    assert {event["stream"] for event in history} == {f"webhook-{executed['id']}"}
    assert all(event["digest"] and event["recorded_at"] for event in history)
    assert history[-1]["data"]["outcome"] == "executed"


@pytest.mark.parametrize("body", [b'{ "type" : "x" }\r\n', b'{"type":"\\u00fc\xc3\xbc"}', b"\x00\xff not JSON \xfe"])
def test_a_raw_body_is_what_arrived_byte_for_byte(connect: Connect, body: bytes) -> None:
    source = connect()
    webhook = source.send(body, {"content-type": "application/json"}).json()["event_id"]
    answer = source.gateway.client.get(f"/v1/event_logs/{webhook}/body")
    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-original-content-type"] == "application/json"
    assert (answer.headers["x-content-type-options"], answer.headers["content-security-policy"]) == (
        "nosniff",
        "sandbox",
    )
    assert answer.headers["content-disposition"].startswith("attachment")


def test_the_action_log_has_every_action_the_newest_first(source: Source) -> None:
    actions = listed(source, "action_logs")
    assert [action["action_status"] for action in actions] == ["error", "error", "skipped", "success"] + ["success"] * 2
    assert all(action.keys() >= ACTION for action in actions)
    for action in actions:
        assert shown(source.gateway, f"/v1/action_logs/{action['id']}") == action


def test_an_action_tells_what_was_configured_what_it_came_to_and_what_went_wrong(source: Source) -> None:
    [skipped] = listed(source, "action_logs", action_status="skipped")
    assert skipped["action_parameters"] == {"collection": {"value": "plans"}, "id": "body.plan"}
    assert (skipped["error"]["field"], skipped["error"]["path"]) == ("id", "body.plan")
    assert skipped["action_result"] is None
    [identified, *_] = listed(source, "action_logs", action_type="users_identify", action_status="success")
    assert identified["action_payload"] == {"id": source.key, "properties": {}}
    assert (identified["action_result"], identified["error"]) == ({"id": source.key}, None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"action_type": "objects_set"}, 3),
        ({"action_type": "users_delete"}, 0),
        ({"action_status": "error"}, 2),
        ({"action_status": "error", "action_type": "users_identify"}, 1),
        ({"event_type": "user.created"}, 6),
        ({"event_type": "order.placed"}, 0),
        ({"environment": "production"}, 0),
        ({"starting_at": "2100-01-01T00:00:00Z"}, 0),
        ({"ending_at": "2100-01-01T00:00:00Z"}, 6),
    ],
)
def test_the_action_log_can_be_narrowed(source: Source, query: dict[str, str], count: int) -> None:
    assert len(listed(source, "action_logs", **query)) == count


def test_the_action_log_can_be_narrowed_to_a_webhook(source: Source) -> None:
    [failed] = listed(source, outcome="failed")
    actions = listed(source, "action_logs", event_log_id=failed["id"])
    assert [action["event_log_id"] for action in actions] == [failed["id"]] * 2


def test_everything_received_is_accounted_for(source: Source) -> None:
    [counted] = listed(source, "audit/accounting")
    assert shown(source.gateway, "/v1/audit/accounting").keys() == {"entries", "recounted_at", "agrees"}
    assert (counted["source"], counted["environment"]) == (source.key, "development")
    assert counted["received"] == len(ORDER)
    assert {outcome: counted[outcome] for outcome in OUTCOMES} == {**dict.fromkeys(ORDER, 1), "pending": 0}


@pytest.mark.parametrize(
    "query",
    [
        *({"page_size": size} for size in ("0", "51", "-1", "x", "1e1", "²", "01234", "")),
        *(
            {place: cursor}
            for place in ("after", "before")
            for cursor in ("", "x", "WyJhIl0", "WzEsMl0", "W251bGxd", "é")
        ),
        *(
            {place: at}
            for place in ("starting_at", "ending_at")
            for at in ("", "yesterday", "2026-13-01", "0001-01-01T00:00+14:00")
        ),
        *({name: "a\0b"} for name in ("source", "event_type", "outcome", "idempotency_key", "verification_status")),
        {"environment": "nowhere"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["event_logs", "action_logs"])
def test_a_question_that_makes_no_sense_is_answered_with_words(
    gateway: Gateway, path: str, query: dict[str, str]
) -> None:
    answer = gateway.client.get(f"/v1/{path}", params=query)
    [name] = query
    assert answer.status_code in (400, 404, 422)
    assert [each["field"] for each in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("wrong", ["nothing", "%00", "%F0%9F%92%A9", "x.1", "x.99999999999", "..", "x" * 4_000])
def test_what_is_not_on_record_is_missing(gateway: Gateway, wrong: str) -> None:
    for path in (
        f"event_logs/{wrong}",
        f"event_logs/{wrong}/body",
        f"event_logs/{wrong}/history",
        f"action_logs/{wrong}",
    ):
        answer = gateway.client.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing"), path
