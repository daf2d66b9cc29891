"""What a gateway for sources must do at least, one test for each promise, over HTTP against a running server.

The parts behind it have tests of their own with many more cases; here each promise is seen kept from end to end.
"""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from application.templates import Template
from infrastructure import bodies
from infrastructure.templates.loading import YamlTemplates
from tests.infrastructure import signing
from tests.interfaces.conversations import Connect, Source, mapping, settled, shown

TEMPLATES = {template.key: template for template in YamlTemplates().all() if template.receives}
SIGNED = {key: template for key, template in TEMPLATES.items() if template.example_secret is not None}

IDENTIFY = mapping("ordered", "users_identify", id="body.user")
TRIGGER = mapping("ordered", "workflows_trigger", key="order-placed", recipients="body.to", data="body")


def first_example(template: Template) -> Mapping[str, Any]:
    return next(iter(template.example_payloads.values()))[0]


def from_template(connect: Connect, key: str, **settings: Any) -> Source:
    """A source made from a template, with the example's secret where it takes one."""
    secret = TEMPLATES[key].example_secret
    return connect(template=key, secrets={"signing_secret": secret} if secret else None, **settings)


def send_example(source: Source, key: str, example: Mapping[str, Any], body: bytes | None = None) -> Any:
    """Send an example signed at this moment; another `body` in its place is not signed anew."""
    raw = bodies.dumps(example["body"])
    headers = signing.headers(TEMPLATES[key], raw, example["headers"])
    return source.send(raw if body is None else body, {**headers, "content-type": "application/json"})


def workflow(source: Source, key: str) -> None:
    answer = source.gateway.client.put(
        f"/v1/workflows/{key}", params={"environment": source.environment}, json={"workflow": {"name": key}}
    )
    assert answer.status_code == 200, answer.text


def by_type(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {action["action_type"]: action for action in entry["actions"]}


# Every template: a valid signature comes in, a tampered body does not.


@pytest.mark.parametrize("key", TEMPLATES)
def test_the_example_of_every_template_comes_in_as_what_it_is(connect: Connect, key: str) -> None:
    source, template = from_template(connect, key), TEMPLATES[key]
    answer = send_example(source, key, first_example(template))
    assert answer.status_code == (204 if template.settings.dialect != "current" else 200), answer.text
    entry = settled(source.gateway, answer.headers["x-request-id"])
    assert entry["outcome"] in ("unmapped", "executed"), entry
    if key in SIGNED and template.settings.enforce_verification:
        assert entry["verification_status"] == "enforced:verified"


@pytest.mark.parametrize("key", SIGNED)
def test_what_is_not_signed_as_the_template_says_is_401_where_it_is_enforced(connect: Connect, key: str) -> None:
    source, template = from_template(connect, key, enforce_verification=True), TEMPLATES[key]
    example = first_example(template)
    answer = source.send(bodies.dumps(example["body"]), {"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "verification_failed")
    assert source.entry(answer)["verification_status"] == "enforced:failed"


@pytest.mark.parametrize("key", SIGNED)
def test_a_tampered_body_is_401_and_only_logged_where_it_is_not_enforced(connect: Connect, key: str) -> None:
    source, template = from_template(connect, key, enforce_verification=True), TEMPLATES[key]
    example = first_example(template)
    raw = bodies.dumps(example["body"])
    tampered = raw[:-1] + b" }"
    answer = send_example(source, key, example, tampered)
    if not signing.covers_body(template):
        assert answer.status_code == 200  # a shared secret vouches for the sender and for no byte of the body
        assert set(settled(source.gateway, answer.json()["event_id"])["not_covered_by_signature"]) >= {"event_type"}
        return
    assert answer.status_code == 401
    source.put(settings={"enforce_verification": False})
    entry = settled(source.gateway, send_example(source, key, example, tampered).headers["x-request-id"])
    assert entry["verification_status"] == "not_enforced:failed"


# Each rule for event types.


@pytest.mark.parametrize(
    ("key", "event_types"),
    [
        ("stripe", {"customer.created", "invoice.paid"}),
        ("shopify", {"customers/create", "orders/create"}),
        ("segment", {"identify", "track/user-signed-up"}),
        ("rudderstack", {"identify", "track/order_completed"}),
        ("supabase", {"auth.users:INSERT", "auth.users:UPDATE", "auth.users:DELETE"}),
        ("amplitude", {"$identify", "cohort.entered", "cohort.exited"}),
        ("workos", {"dsync.user.created", "dsync.user.updated"}),
    ],
)
def test_every_rule_for_event_types_holds(connect: Connect, key: str, event_types: set[str]) -> None:
    source = from_template(connect, key)
    examples = TEMPLATES[key].example_payloads
    assert event_types <= set(examples)
    for event_type, several in examples.items():
        for example in several:
            answer = send_example(source, key, example)
            entry = settled(source.gateway, answer.json()["event_id"])
            assert entry["event_type"] == event_type, entry


# Idempotency.


def deduplicating(connect: Connect, **more: Any) -> Source:
    return connect(mappings=[IDENTIFY], event_type_path="body.type", idempotency_key_path="body.key", **more)


def order(key: Any, **more: Any) -> dict[str, Any]:
    return {"type": "ordered", "user": "u-1", "key": key, **more}


def test_a_replay_has_no_actions_and_says_so(connect: Connect) -> None:
    source = deduplicating(connect)
    first, second = source.settled(order("k")), source.settled(order("k"))
    assert (first["outcome"], second["outcome"], second["actions"]) == ("executed", "duplicate", [])
    assert second["idempotency"]["outcome"] == "replayed"
    assert second["idempotency"]["original_id"] == first["id"]


@pytest.mark.parametrize(
    ("key", "outcome"),
    [
        ("k" * 255, "replayed"),
        ("k" * 256, "invalid_key"),
        (17, "replayed"),
        (1.5, "invalid_key"),
        (True, "invalid_key"),
        (["k"], "invalid_key"),
        ({"k": 1}, "invalid_key"),
        ("k\0", "invalid_key"),
        ("", "no_key"),
        (None, "no_key"),
        ("🔑", "replayed"),
    ],
)
def test_a_key_counts_if_it_is_a_text_of_at_most_255_characters(connect: Connect, key: Any, outcome: str) -> None:
    source = deduplicating(connect)
    source.settled(order(key))
    second = source.settled(order(key))
    assert second["idempotency"]["outcome"] == outcome
    assert second["outcome"] == ("duplicate" if outcome == "replayed" else "executed")
    assert second["idempotency"]["key"] == (str(key) if outcome == "replayed" else None)


def test_webhooks_without_a_key_never_collapse_into_one_another(connect: Connect) -> None:
    source = deduplicating(connect)
    outcomes = [source.settled({"type": "ordered", "user": "u-1"})["outcome"] for _ in range(3)]
    assert outcomes == ["executed"] * 3


def test_a_key_counts_within_its_event_type_and_environment(connect: Connect) -> None:
    source = deduplicating(connect)
    production = deduplicating(connect, environment="production")
    assert source.settled(order("k"))["outcome"] == "executed"
    assert source.settled(order("k", type="paid"))["outcome"] == "unmapped"
    assert production.settled(order("k"))["outcome"] == "executed"
    assert deduplicating(connect).settled(order("k"))["outcome"] == "executed"


def test_a_key_counts_for_its_window_and_no_longer(connect: Connect) -> None:
    source = deduplicating(connect, idempotency_window_seconds=2)
    assert [source.settled(order("k"))["outcome"] for _ in range(2)] == ["executed", "duplicate"]
    time.sleep(2.1)
    assert source.settled(order("k"))["outcome"] == "executed"


def test_an_execution_that_failed_is_no_precedent(connect: Connect) -> None:
    source = deduplicating(connect)
    source.put(mappings=[mapping("ordered", "workflows_trigger", key=source.key, recipients="body.to")])
    body = order("k", to=["u-1"])
    assert source.settled(body)["outcome"] == "failed"  # there is no such workflow yet
    workflow(source, source.key)
    assert [source.settled(body)["outcome"] for _ in range(2)] == ["executed", "duplicate"]


def test_a_hundred_simultaneous_copies_are_executed_once(connect: Connect) -> None:
    source = deduplicating(connect)
    with ThreadPoolExecutor(20) as threads:
        ids = list(threads.map(lambda _: source.sent(order("k")), range(100)))
    outcomes = [settled(source.gateway, webhook_id)["outcome"] for webhook_id in ids]
    assert (outcomes.count("executed"), outcomes.count("duplicate")) == (1, 99)


# Missing values, recipients, mappings.


def test_without_a_required_value_an_action_is_skipped_and_the_others_run(connect: Connect) -> None:
    source = connect(
        mappings=[IDENTIFY, mapping("ordered", "tenants_set", id="body.tenant.id")], event_type_path="body.type"
    )
    actions = by_type(source.settled(order("k")))
    skipped = actions["tenants_set"]
    assert actions["users_identify"]["action_status"] == "success"
    assert (skipped["action_status"], skipped["error"]["field"], skipped["error"]["path"]) == (
        "skipped",
        "id",
        "body.tenant.id",
    )


INLINE_USER = {"id": "u-2", "name": "Mira", "email": "mira@example.com"}
INLINE_OBJECT = {"id": "p-1", "collection": "projects", "name": "Apollo", "$trigger_data": {"greeting": "hi"}}


@pytest.mark.parametrize(
    ("to", "recipients"),
    [
        ("u-1", [{"collection": "$users", "id": "u-1"}]),
        (17, [{"collection": "$users", "id": "17"}]),
        (["u-1", "u-3"], [{"collection": "$users", "id": "u-1"}, {"collection": "$users", "id": "u-3"}]),
        ({"collection": "projects", "id": "p-1"}, [{"collection": "projects", "id": "p-1"}]),
        (INLINE_USER, [{"collection": "$users", "id": "u-2"}]),
        ([INLINE_OBJECT], [{"collection": "projects", "id": "p-1"}]),
    ],
)
def test_recipients_may_be_ids_references_and_people_or_objects_themselves(
    connect: Connect, to: Any, recipients: list[dict[str, str]]
) -> None:
    source = connect(mappings=[TRIGGER], event_type_path="body.type")
    workflow(source, "order-placed")
    action = by_type(source.settled(order("k", to=to)))["workflows_trigger"]
    assert action["action_status"] == "success", action
    assert action["action_payload"]["recipients"] == recipients
    assert action["action_result"]["id"]


def test_a_recipient_itself_is_identified_before_its_run(connect: Connect) -> None:
    source = connect(mappings=[TRIGGER], event_type_path="body.type")
    workflow(source, "order-placed")
    unique = f"{source.key}-user"
    source.settled(order("k", to={**INLINE_USER, "id": unique}))
    user = shown(source.gateway, f"/v1/users/{unique}", environment=source.environment)
    assert (user["name"], user["email"]) == ("Mira", "mira@example.com")


@pytest.mark.parametrize(("count", "status"), [(1_000, "success"), (1_001, "error")])
def test_a_trigger_takes_a_thousand_recipients_and_not_one_more(connect: Connect, count: int, status: str) -> None:
    source = connect(mappings=[TRIGGER], event_type_path="body.type")
    workflow(source, "order-placed")
    recipients = [f"u-{number}" for number in range(count)]
    action = by_type(source.settled(order("k", to=recipients)))["workflows_trigger"]
    assert action["action_status"] == status
    assert status == "success" or "1000" in action["error"]["message"].replace(",", "")


def test_an_inactive_mapping_is_passed_over_and_without_one_a_webhook_is_only_logged(connect: Connect) -> None:
    source = connect(mappings=[{**IDENTIFY, "active": False}], event_type_path="body.type")
    for body in (order("k"), {"type": "unheard-of"}):
        entry = source.settled(body)
        assert (entry["outcome"], entry["actions"]) == ("unmapped", [])


def test_environments_share_nothing(connect: Connect) -> None:
    source = connect(mappings=[IDENTIFY], event_type_path="body.type")
    whole = shown(source.gateway, f"/v1/sources/{source.key}")
    production = connect.of(whole, "production")
    unique = f"{source.key}-user"
    assert source.settled(order("k", user=unique))["outcome"] == "executed"
    assert production.settled({**order("k", user=unique), "type": "ordered"})["outcome"] == "unmapped"
    client = source.gateway.client
    assert client.get(f"/v1/users/{unique}", params={"environment": "development"}).status_code == 200
    assert client.get(f"/v1/users/{unique}", params={"environment": "production"}).status_code == 404
    assert source.endpoint != production.endpoint


# Legacy sources.


TRACK = {"type": "track", "event": "document-shared", "userId": "u-1", "properties": {"title": "Plan", "to": ["u-9"]}}


def legacy_entry(source: Source, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = source.send(body)
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    return settled(source.gateway, answer.headers["x-request-id"])


@pytest.mark.parametrize("key", ["http_legacy", "segment_legacy", "rudderstack_legacy"])
@pytest.mark.parametrize("prefix", ["data", "properties", "body.properties"])
def test_a_legacy_track_call_is_204_and_its_properties_are_read_by_either_name(
    connect: Connect, key: str, prefix: str
) -> None:
    trigger = mapping(
        "document-shared", "workflows_trigger", key="order-placed", recipients=f"{prefix}.to", actor="userId"
    )
    source = connect(template=key, mappings=[trigger])
    workflow(source, "order-placed")
    entry = legacy_entry(source, TRACK)
    assert (entry["event_type"], entry["outcome"], entry["occurred_at"]) == ("document-shared", "executed", None)
    assert entry["actions"][0]["action_payload"]["recipients"] == [{"collection": "$users", "id": "u-9"}]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({**TRACK, "type": "identify"}, "type"),
        ({"type": "track", "properties": {}}, "event"),
        ({**TRACK, "event": ""}, "event"),
        ([TRACK], "object"),
    ],
)
def test_legacy_http_takes_nothing_but_a_track_call_with_the_name_of_its_event(
    connect: Connect, body: Any, words: str
) -> None:
    source = connect(template="http_legacy")
    answer = source.send(json.dumps(body).encode())
    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert source.entry(answer)["outcome"] == "rejected"


def test_a_legacy_call_happened_when_it_says_or_when_it_came(connect: Connect) -> None:
    source = connect(template="http_legacy")
    told = legacy_entry(source, {**TRACK, "timestamp": "2024-02-01T10:00:00Z"})
    assert told["occurred_at"].startswith("2024-02-01T10:00:00")
    assert legacy_entry(source, TRACK)["occurred_at"] is None


@pytest.mark.parametrize("key", ["segment_legacy", "rudderstack_legacy"])
def test_the_identify_toggle_makes_users_of_traits(connect: Connect, key: str) -> None:
    source = connect(template=key)
    unique = f"{source.key}-user"
    body = {
        "type": "identify",
        "userId": unique,
        "traits": {"name": "Zoë", "phone": "+31201234567", "plan": "pro"},
        "context": {"traits": {"name": "below", "email": "zoe@example.com", "seats": 3}},
    }
    assert legacy_entry(source, body)["actions"] == []
    source.put(settings={"handle_identifies": True})
    assert by_type(legacy_entry(source, body))["users_identify"]["action_status"] == "success"
    user = shown(source.gateway, f"/v1/users/{unique}", environment=source.environment)
    assert {name: user.get(name) for name in ("name", "email", "phone_number", "plan", "seats", "phone")} == {
        "name": "Zoë",
        "email": "zoe@example.com",
        "phone_number": "+31201234567",
        "plan": "pro",
        "seats": 3,
        "phone": None,
    }


@pytest.mark.parametrize("key", ["http_legacy", "segment_legacy", "rudderstack_legacy"])
def test_legacy_sources_compare_message_ids_only_when_they_are_told_to(connect: Connect, key: str) -> None:
    source = connect(template=key)
    body = {**TRACK, "messageId": "m-1"}
    assert [legacy_entry(source, body)["outcome"] for _ in range(2)] == ["unmapped", "unmapped"]
    source.put(settings={"enforce_idempotency": True})
    workflow(source, "order-placed")
    trigger = mapping("document-shared", "workflows_trigger", key="order-placed", recipients="data.to")
    source.put(mappings=[trigger])
    assert [legacy_entry(source, {**body, "messageId": "m-2"})["outcome"] for _ in range(2)] == [
        "executed",
        "duplicate",
    ]
