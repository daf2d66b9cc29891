"""Narrowing the logs to an entity and to words in payloads, whatever is in these; wrong filters say what is right."""

from typing import Any

import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, bearer, issue, mapping, shown

HOSTILE = [
    b'{"type":"a\\u0000b","text":"needle \\u0000 \\ud83d\\ude00 needle"}',
    b'{"type":"x","text":"needle' + b"\\u00e9" * 5_000 + b'"}',
    b'{"type":"x","text":["needle","' + b"y" * 500_000 + b'"]}',
    b'{"type":"x","n":' + b"[" * 60 + b'"needle"' + b"]" * 60 + b"}",
    b'{"type":"x","text":"needle\', \\" {} %s $1 \\\\ ; DROP TABLE"}',
]


def ids(gateway: Gateway, path: str = "event_logs", **query: Any) -> list[str]:
    """What a filter finds."""
    return [entry["id"] for entry in shown(gateway, f"/v1/{path}", **query)["entries"]]


@pytest.fixture
def people(connect: Connect) -> Source:
    """A source that makes users, objects and tenants."""
    return connect(
        mappings=[
            mapping("user", "users_identify", id="body.id", name="body.name"),
            mapping("plan", "objects_set", collection={"value": "plans"}, id="body.id"),
            mapping("tenant", "tenants_set", id="body.id"),
        ]
    )


def test_the_logs_can_be_narrowed_to_an_entity(people: Source) -> None:
    gateway, name = people.gateway, people.key
    first = people.settled({"type": "user", "id": f"{name}/a"})["id"]
    people.settled({"type": "user", "id": f"{name}/b"})
    second = people.settled({"type": "user", "id": f"{name}/a", "name": "Ada"})["id"]
    plan = people.settled({"type": "plan", "id": f"{name}/a"})["id"]
    tenant = people.settled({"type": "tenant", "id": name})["id"]
    assert ids(gateway, entity=f"users/{name}/a") == [second, first]
    assert ids(gateway, entity=f"users/{name}/a", page_size=1) == [second]
    assert ids(gateway, entity=f"objects/plans/{name}/a") == [plan]
    assert ids(gateway, entity=f"tenants/{name}") == [tenant]
    assert ids(gateway, entity=f"users/{name}") == []
    actions = shown(gateway, "/v1/action_logs", entity=f"users/{name}/a", environment="development")["entries"]
    assert [action["event_log_id"] for action in actions] == [second, first]
    foreign = issue(gateway, environment="production")["key"]
    answer = gateway.client.get("/v1/event_logs", params={"entity": f"users/{name}/a"}, headers=bearer(foreign))
    assert answer.json()["entries"] == []


def test_payloads_are_found_by_their_words_where_that_is_enabled(connect: Connect, gateway: Gateway) -> None:
    searched, silent = connect(search_payloads=True), connect()
    word = f"w{searched.key.rpartition('-')[0][-8:]}x"
    ada = searched.settled({"type": "a", "name": f"Ada REYES {word}"})["id"]
    zoe = searched.settled({"type": "b", "who": {"name": f"Zoë {word}", "mail": "zoe@example.com"}})["id"]
    silent.settled({"type": "a", "name": f"Ada Reyes {word}"})
    assert ids(gateway, text=word) == [zoe, ada]
    assert ids(gateway, text=f"{word} reyes") == ids(gateway, text=f"Reyes, {word.upper()}!") == [ada]
    assert ids(gateway, text=f"{word} zoe@example.com", source=searched.key, event_type="b") == [zoe]
    assert ids(gateway, text=f"{word} nobody") == []
    assert ids(gateway, text="name", source=searched.key) == []
    refused = gateway.client.get("/v1/event_logs", params={"text": word, "source": silent.key})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "text")
    assert "search_payloads" in refused.json()["message"]


@pytest.mark.parametrize("body", HOSTILE, ids=["NUL", "a long word", "a long text", "depth", "signs"])
def test_a_payload_can_hold_anything_and_is_found(connect: Connect, body: bytes) -> None:
    source = connect(search_payloads=True)
    webhook = source.settled(body)["id"]
    wanted = "needle" + "é" * 100 if b"00e9" in body else "needle"
    assert ids(source.gateway, text=wanted, source=source.key) == [webhook]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"entity": "visitors/a"}, "entity"),
        ({"entity": "users"}, "entity"),
        ({"entity": "objects/plans"}, "entity"),
        ({"entity": "users/\0"}, "entity"),
        ({"text": "…"}, "text"),
        ({"text": " ".join(map(str, range(17)))}, "text"),
        ({"text": "a\0"}, "text"),
        ({"outcome": "done"}, "outcome"),
        ({"verification_status": "verified"}, "verification_status"),
        ({"action_type": "users_identify"}, "action_type"),
        ({"starting_at": "2026-02-01", "ending_at": "2026-01-01"}, "ending_at"),
        ({"event-type": "a"}, "event-type"),
    ],
)
def test_a_wrong_filter_names_itself(gateway: Gateway, query: dict[str, str], field: str) -> None:
    answer = gateway.client.get("/v1/event_logs", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"action_type": "users"}, "action_type"),
        ({"action_status": "failed"}, "action_status"),
        ({"outcome": "failed"}, "outcome"),
        ({"text": "a"}, "text"),
    ],
)
def test_the_action_log_has_filters_of_its_own(gateway: Gateway, query: dict[str, str], field: str) -> None:
    answer = gateway.client.get("/v1/action_logs", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
