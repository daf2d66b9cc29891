"""Replays over HTTP: try a draft against history, carry the difference out, let rejected webhooks in."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, bearer, issue, mapping, put, settled, shown

PATIENCE = 30.0
TOTALS = {
    *("evaluated", "unchanged", "changed", "actions_added", "actions_removed", "actions_changed"),
    *("errors_added", "errors_removed", "not_evaluable"),
}
USER = {"id": "body.user", "email": "body.email"}


def request(source: Source, **members: Any) -> httpx.Response:
    """Ask for a replay of a source's webhooks."""
    body = {"source": source.key, "environment": source.environment, "mode": "what_if", **members}
    return source.gateway.client.post("/v1/replays", json=body)


def replayed(source: Source, **members: Any) -> dict[str, Any]:
    """A replay once it has ended."""
    answer = request(source, **members)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] in ("queued", "running", "completed")
    return ended(source.gateway, answer.json()["id"])


def ended(gateway: Gateway, replay_id: str) -> dict[str, Any]:
    """A replay once it has ended."""
    deadline = time.monotonic() + PATIENCE
    while (found := shown(gateway, f"/v1/replays/{replay_id}"))["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, f"{found}\n{gateway.log_text()[-3000:]}"
        time.sleep(0.05)
    assert isinstance(found, dict)
    return found


def apply(gateway: Gateway, replay_id: str, **members: Any) -> dict[str, Any]:
    """Carry a difference out, to its end."""
    answer = gateway.client.post(f"/v1/replays/{replay_id}/apply", json={"reason": "the mapping was wrong", **members})
    assert answer.status_code == 202, answer.text
    return ended(gateway, replay_id)


def diff(gateway: Gateway, replay_id: str, **query: Any) -> dict[str, list[dict[str, Any]]]:
    """The changes by webhook."""
    entries = shown(gateway, f"/v1/replays/{replay_id}/diff", **query)["entries"]
    return {each["event_log_id"]: each["changes"] for each in entries}


@pytest.fixture
def source(connect: Connect) -> Source:
    """A source that identifies users."""
    return connect(mappings=[mapping("user.created", "users_identify", id="body.user")], idempotency_key_path="body.id")


def send(source: Source, user: str, **more: Any) -> str:
    """Send a user, and wait for what comes of it."""
    body = {"id": user, "type": "user.created", "user": user, "email": f"{user}@example.com", **more}
    return str(source.settled(body)["id"])


def draft(*mappings: Mapping[str, Any], **settings: Any) -> dict[str, Any]:
    """A draft of mappings and settings."""
    return {"draft": {"mappings": list(mappings), "settings": settings}}


def test_the_configuration_in_force_makes_no_difference(source: Source) -> None:
    send(source, "ann")
    found = replayed(source, configuration={"current": True})
    assert found["status"] == "completed"
    assert found["mode"] == "what_if"
    assert found["progress"] == {"processed": 1, "total": 1}
    assert found["totals"].keys() == TOTALS
    assert (found["totals"]["evaluated"], found["totals"]["unchanged"]) == (1, 1)
    assert diff(source.gateway, found["id"]) == {}
    assert list(diff(source.gateway, found["id"], all="true").values()) == [[]]


def test_a_draft_shows_what_would_change_field_by_field_and_changes_nothing(source: Source, name: str) -> None:
    user = f"{name}-u"
    ann = send(source, user)
    found = replayed(source, configuration=draft(mapping("user.created", "users_identify", **USER)))
    [change] = diff(source.gateway, found["id"])[ann]
    assert (change["kind"], change["action_type"], change["field"]) == (
        "action_changed",
        "users_identify",
        "payload.email",
    )
    assert (change["before"], change["after"]) == (None, f"{user}@example.com")
    assert found["totals"]["actions_changed"] == found["totals"]["changed"] == 1
    assert shown(source.gateway, f"/v1/users/{user}", environment=source.environment)["email"] is None
    assert shown(source.gateway, f"/v1/event_logs/{ann}")["evaluations"] == 1


def test_applying_carries_exactly_the_difference_out_once(source: Source, name: str) -> None:
    gateway, user = source.gateway, f"{name}-u"
    webhook = send(source, user)
    again = source.settled({"id": user, "type": "user.created", "user": user})["id"]
    other = source.settled({"id": f"{user}-2", "type": "order", "user": user})["id"]
    wanted = draft(
        mapping("user.created", "users_identify", **USER),
        mapping("order", "tenants_set", id="body.user"),
    )
    found = replayed(source, configuration=wanted)
    assert diff(gateway, found["id"]).keys() == {webhook, other}
    preview = gateway.client.post(f"/v1/replays/{found['id']}/apply", json={"preview": True}).json()["preview"]
    assert preview["webhooks"] == 2
    assert preview["actions"] == {"tenants_set": 1, "users_identify": 1}
    applied = apply(gateway, found["id"])
    assert applied["status"] == "completed"
    assert applied["apply"]["applied"] == 2
    entry = settled(gateway, webhook)
    assert entry["evaluations"] == 2
    assert [each["evaluation"] for each in entry["actions"]] == [1, 2]
    assert shown(gateway, f"/v1/users/{user}", environment=source.environment)["email"] == f"{user}@example.com"
    assert settled(gateway, other)["outcome"] == "executed"
    assert settled(gateway, again)["evaluations"] == 1
    assert replayed(source, configuration=wanted)["totals"]["changed"] == 0
    later = source.settled({"id": user, "type": "user.created", "user": user})
    assert later["outcome"] == "duplicate"
    second = gateway.client.post(f"/v1/replays/{found['id']}/apply", json={"reason": "again"})
    assert second.status_code == 409, second.text


def test_what_was_altered_and_applied_differs_from_itself_in_nothing(source: Source, name: str) -> None:
    """Each webhook under its own configurations: what ran twice, in two forms, is evaluated twice as it was."""
    send(source, f"{name}-u")
    altered = replayed(source, configuration=draft(mapping("user.created", "users_identify", **USER)))
    apply(source.gateway, altered["id"])
    found = replayed(source, configuration={"recorded": True})
    assert diff(source.gateway, found["id"]) == {}
    assert (found["totals"]["evaluated"], found["totals"]["unchanged"]) == (1, 1)


def test_the_second_evaluation_says_who_wanted_it_and_why(source: Source) -> None:
    gateway, webhook = source.gateway, send(source, "zoe")
    found = replayed(source, configuration=draft(mapping("user.created", "users_identify", **USER)))
    apply(gateway, found["id"], reason="add e-mail addresses")
    history = shown(gateway, f"/v1/event_logs/{webhook}/history")["entries"]
    [asked] = [each for each in history if each["name"] == "EvaluationRequested"]
    assert asked["data"]["reason"] == "add e-mail addresses"
    assert asked["data"]["replay_id"] == found["id"]
    assert asked["actor"]
    told = shown(gateway, f"/v1/event_logs/{webhook}/explain")
    assert len(told["evaluations"]) == 2
    assert [each["name"] for each in history].count("WebhookProcessed") == 2


def test_a_new_mapping_is_backfilled_alone(source: Source, name: str) -> None:
    gateway = source.gateway
    webhook = send(source, f"{name}-u")
    mappings = [
        *source.settings()["mappings"],
        mapping("user.created", "objects_set", collection={"value": "c"}, id="body.user"),
    ]
    assert source.put(mappings=mappings).status_code == 200
    added = source.settings()["mappings"][-1]["id"]
    found = replayed(source, mode="apply", reason="backfill", mappings=[added], configuration={"current": True})
    assert found["apply"]["applied"] == 1
    entry = settled(gateway, webhook)
    assert [(each["evaluation"], each["action_type"]) for each in entry["actions"]] == [
        (1, "users_identify"),
        (2, "objects_set"),
    ]


def test_a_corrected_secret_releases_what_was_rejected(connect: Connect, name: str) -> None:
    source = connect(
        mappings=[mapping("user.created", "users_identify", id="body.user")],
        enforce_verification=True,
        verification={"scheme": "github"},
        secrets={"signing_secret": "the-wrong-secret-of-all"},
    )
    body = json.dumps({"type": "user.created", "user": f"{name}-u"}).encode()
    signature = hmac.new(b"the-right-secret-of-all", body, hashlib.sha256).hexdigest()
    answer = source.send(body, {"x-hub-signature-256": f"sha256={signature}", "content-type": "application/json"})
    assert answer.status_code == 401
    rejected = shown(source.gateway, "/v1/event_logs", source=source.key)["entries"][0]["id"]
    counted = shown(source.gateway, "/v1/audit/accounting", source=source.key)["entries"][0]
    assert source.put(settings={"secrets": {"signing_secret": "the-right-secret-of-all"}}).status_code == 200
    asked = {"slice": {"outcomes": ["rejected"]}, "configuration": {"current": True}}
    found = replayed(source, **asked)
    assert [each["kind"] for each in diff(source.gateway, found["id"])[rejected]] == [
        "verdict",
        "outcome",
        "event_type",
        "idempotency",
        "action_added",
    ]
    assert shown(source.gateway, f"/v1/event_logs/{rejected}")["outcome"] == "rejected"
    apply(source.gateway, found["id"], reason="the secret was mistyped")
    entry = settled(source.gateway, rejected)
    assert (entry["outcome"], entry["verification_status"]) == ("executed", "enforced:verified")
    [listed] = shown(source.gateway, "/v1/event_logs", source=source.key)["entries"]
    assert listed["outcome"] == "executed"
    after = shown(source.gateway, "/v1/audit/accounting", source=source.key)["entries"][0]
    assert counted["received"] == after["received"] == 1
    assert (after["rejected"], after["executed"]) == (0, 1)
    assert shown(source.gateway, f"/v1/event_logs/{rejected}/explain")["evaluations"]


@pytest.mark.parametrize("drafted", [True, False])
def test_what_was_released_is_read_with_the_configuration_of_its_release(connect: Connect, drafted: bool) -> None:
    verified: dict[str, Any] = {"enforce_verification": True, "verification": {"scheme": "github"}}
    source = connect(mappings=[mapping("a", "users_identify", id="body.user")], **verified)
    assert source.put(settings={"secrets": {"signing_secret": "the-wrong-secret-of-all"}}).status_code == 200
    gateway, right = source.gateway, {"secrets": {"signing_secret": "the-right-secret-of-all"}}
    edit: dict[str, Any] = {
        "settings": {**verified, **right},
        "mappings": [mapping("a", "users_identify", id="body.user")],
    }
    for path in ("body.a", "body.b", "body.c", "body.d", None):
        edit["settings"]["idempotency_key_path"] = path
        assert put(gateway, source.key, {"environment_settings": {"production": edit}}).status_code == 200
    body = b'{"type": "a", "user": "ann"}'
    signature = hmac.new(b"the-right-secret-of-all", body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}", "content-type": "application/json"}
    assert source.send(body, headers).status_code == 401
    rejected = shown(gateway, "/v1/event_logs", source=source.key)["entries"][0]["id"]
    deadline = time.monotonic() + PATIENCE
    while request(source, slice={"outcomes": ["rejected"]}, preview=True).status_code != 200:
        assert time.monotonic() < deadline
    wanted = {"draft": {"settings": right}} if drafted else {"environment": "production"}
    asked = {"slice": {"outcomes": ["rejected"]}, "configuration": wanted, "mode": "apply", "reason": "mistyped"}
    assert replayed(source, **asked)["apply"]["applied"] == 1
    assert settled(gateway, rejected)["outcome"] == "executed"
    explained = shown(gateway, f"/v1/event_logs/{rejected}/explain")
    assert explained["evaluations"]
    secret = explained["verification"]["secret"]
    assert secret["id"] == explained["verification"]["secret_id"]
    assert explained["configuration"]["edited_at"] is not None
    again = {"configuration": {"recorded": True}, "mode": "apply", "reason": "again", "force": True}
    found = replayed(source, **again)
    assert (found["status"], found["totals"]["unchanged"], found["apply"]["applied"]) == ("completed", 1, 1), found


def test_what_was_not_kept_cannot_be_released_and_is_counted(connect: Connect) -> None:
    source = connect(
        enforce_verification=True,
        verification={"scheme": "shared_header"},
        secrets={"signing_secret": "the-wrong-secret-of-all"},
    )
    assert source.send({"type": "a"}, {"x-webhook-secret": "the-right-secret-of-all"}).status_code == 401
    settled_at = time.monotonic() + PATIENCE
    while request(source, slice={"outcomes": ["rejected"]}, preview=True).status_code != 200:
        assert time.monotonic() < settled_at
    found = replayed(source, slice={"outcomes": ["rejected"]})
    assert found["totals"]["not_evaluable"] == 1
    [[change]] = diff(source.gateway, found["id"]).values()
    assert change["after"]["reason"] == "credential_not_kept"


def test_a_duplicate_is_processed_anyway(source: Source) -> None:
    gateway = source.gateway
    send(source, "dup")
    duplicate = source.settled({"id": "dup", "type": "user.created", "user": "dup"})["id"]
    assert gateway.client.post(f"/v1/event_logs/{duplicate}/process", json={}).status_code == 422
    answer = gateway.client.post(f"/v1/event_logs/{duplicate}/process", json={"reason": "it was no duplicate"})
    assert answer.status_code == 202, answer.text
    assert answer.json()["evaluation"] == 2
    deadline = time.monotonic() + PATIENCE
    while (entry := shown(gateway, f"/v1/event_logs/{duplicate}"))["evaluations"] < 2:
        assert time.monotonic() < deadline
    assert entry["outcome"] == "executed"
    assert [each["evaluation"] for each in entry["actions"]] == [2]
    missing = gateway.client.post("/v1/event_logs/nothing/process", json={"reason": "why not"})
    assert missing.status_code == 404


def test_two_replays_are_compared_and_exported(source: Source) -> None:
    ann = send(source, "ann")
    same = replayed(source)
    other = replayed(source, configuration=draft(mapping("user.created", "users_identify", **USER)))
    [entry] = shown(source.gateway, f"/v1/replays/{other['id']}/diff", against=same["id"])["entries"]
    assert entry["event_log_id"] == ann
    assert entry["changes"]
    assert entry["against"] == []
    lines = source.gateway.client.get(f"/v1/replays/{other['id']}/export").text.splitlines()
    assert [json.loads(line)["event_log_id"] for line in lines] == [ann]
    assert diff(source.gateway, other["id"], kind="action_removed") == {}


def test_a_draft_that_does_not_validate_names_every_error_and_runs_nothing(source: Source) -> None:
    send(source, "ann")
    before = shown(source.gateway, "/v1/replays", source=source.key)["entries"]
    wrong = draft({"event_type": "a", "action_type": "users_burn"}, mapping("b", "users_delete"), event_type_path=5)
    answer = request(source, configuration=wrong)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [
        "configuration.draft.settings.event_type_path",
        "configuration.draft.mappings[0].action_type",
        "configuration.draft.mappings[1].action_parameters.id",
    ]
    assert shown(source.gateway, "/v1/replays", source=source.key)["entries"] == before


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"slice": {"ids": ["nothing"]}}, "slice"),
        ({"slice": {"outcomes": ["burnt"]}}, "slice.outcomes"),
        ({"slice": {"since": "7d"}}, "slice.since"),
        ({"configuration": {"version": 999}}, "configuration.version"),
        ({"configuration": {"current": True, "version": 1}}, "configuration"),
        ({"configuration": {"environment": "nowhere"}}, "environment"),
        ({"mode": "burn"}, "mode"),
        ({"mode": "apply"}, "reason"),
        ({"mappings": ["none"]}, "mappings"),
        ({"per_second": 0}, "per_second"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused(source: Source, members: Mapping[str, Any], field: str) -> None:
    send(source, "ann")
    answer = request(source, **members)
    assert answer.status_code in (404, 422), answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_an_auditor_reads_replays_and_asks_for_none(source: Source) -> None:
    send(source, "ann")
    found = replayed(source)
    headers = bearer(issue(source.gateway, role="auditor")["key"])
    reads = source.gateway.client.get(f"/v1/replays/{found['id']}", headers=headers)
    assert reads.status_code == 200
    body = {"source": source.key, "environment": source.environment}
    assert source.gateway.client.post("/v1/replays", json=body, headers=headers).status_code == 403
    elsewhere = source.gateway.client.get(f"/v1/replays/{found['id']}", params={"environment": "production"})
    assert elsewhere.status_code == 404


def test_a_stale_event_is_passed_over(connect: Connect, name: str) -> None:
    guarded = {**mapping("user.changed", "users_identify", id="body.user", name="body.name"), "only_newer": True}
    source = connect(mappings=[guarded], timestamp_path="body.at")
    told = {"type": "user.changed", "user": f"{name}-u"}
    newer = source.settled({**told, "name": "New", "at": "2026-01-15T12:00:00Z"})
    older = source.settled({**told, "name": "Old", "at": "2026-01-15T11:00:00Z"})
    assert [each["actions"][0]["action_status"] for each in (newer, older)] == ["success", "skipped"]
    assert older["actions"][0]["error"]["code"] == "stale_event"
    assert shown(source.gateway, f"/v1/users/{name}-u", environment=source.environment)["name"] == "New"
    assert source.settings()["mappings"][0]["only_newer"] is True
    assert replayed(source)["totals"]["changed"] == 0


def test_the_guard_needs_a_time_to_compare(connect: Connect) -> None:
    guarded = {**mapping("user.changed", "users_identify", id="body.user"), "only_newer": True}
    source = connect()
    answer = source.put(mappings=[guarded])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].endswith("settings.timestamp_path")


def test_what_was_erased_is_counted_and_gone_from_results(source: Source, name: str) -> None:
    gateway, user = source.gateway, f"{name}-u"
    webhook, other = send(source, user), send(source, f"{name}-other")
    wanted = draft(mapping("user.created", "users_identify", **USER))
    before = replayed(source, configuration=wanted)
    assert f"{user}@example.com" in str(diff(gateway, before["id"]))
    asked = {"environment": source.environment, "subject": {"kind": "user", "id": user}, "reason": "asked for it"}
    erased = gateway.client.post("/v1/erasures", json=asked)
    assert erased.status_code == 201, erased.text
    assert f"{user}@example.com" not in str(diff(gateway, before["id"]))
    again = gateway.client.post(f"/v1/event_logs/{webhook}/process", json={"reason": "why not"})
    assert (again.status_code, "erased" in again.json()["message"]) == (409, True), again.text
    found = replayed(source, configuration=wanted)
    assert (found["totals"]["not_evaluable"], found["totals"]["evaluated"]) == (1, 1)
    told = diff(gateway, found["id"])
    assert [each["after"]["reason"] for each in told[webhook]] == ["payload_erased"]
    assert [each["kind"] for each in told[other]] == ["action_changed"]
    assert apply(gateway, before["id"], force=True)["apply"]["applied"] == 1
    assert shown(gateway, f"/v1/event_logs/{webhook}")["outcome"] == "executed"
