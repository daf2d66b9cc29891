"""The clients for Node of Segment, RudderStack and PostHog, unchanged, deliver to a gateway: each event once."""

from typing import Any

import pytest

from tests.acceptance.test_event_clients import (
    EVERY_CALL,
    IDENTIFIED,
    ORDER,
    POSTHOG,
    RUDDERSTACK,
    SEGMENT,
    TRAITS,
    Library,
    actions,
    arrived,
    connect,
    connected,
    database,
    gateway,
    sender,
    types,
    write_key,
)
from tests.interfaces.conversations import Connect, Source
from tests.node_clients import Node

__all__ = ["connect", "database", "gateway", "sender"]  # fixtures

Calls = list[list[Any]]

CALLING = pytest.mark.parametrize("library", [SEGMENT, RUDDERSTACK], ids=lambda library: library.template)
ALL = pytest.mark.parametrize("library", [SEGMENT, RUDDERSTACK, POSTHOG], ids=lambda library: library.template)

EVERYTHING: Calls = [
    ["identify", {"userId": "zoe", "traits": TRAITS}],
    ["track", {"userId": "zoe", "event": "order placed", "properties": ORDER}],
    ["page", {"userId": "zoe", "category": "shop", "name": "cart", "properties": {"path": "/cart"}}],
    ["screen", {"userId": "zoe", "category": "shop", "name": "cart"}],
    ["group", {"userId": "zoe", "groupId": "acme", "traits": {"plan": "scale"}}],
    ["alias", {"userId": "zoe", "previousId": "anonymous-7"}],
]
AN_ORDER: Calls = [["track", {"userId": "zoe", "event": "order placed", "properties": ORDER, "messageId": "m-1"}]]
A_CAPTURE: Calls = [["capture", {"distinctId": "zoe", "event": "order placed", "properties": ORDER}]]


def deliver(node: Node, source: Source, library: Library, calls: Calls, key: str | None = None) -> list[str]:
    return node.deliver(library.template, source.gateway.url, key or write_key(source), calls)


@CALLING
def test_every_call_arrives_once_with_its_type_and_its_action(connect: Connect, node: Node, library: Library) -> None:
    source = connected(connect, library)
    assert deliver(node, source, library, EVERYTHING) == []
    entries = arrived(source)
    assert types(entries) == EVERY_CALL
    assert {entry["verification_status"].partition(":")[2] for entry in entries} == {"verified"}
    assert actions(entries[0]) == [("users_identify", "success")]
    assert actions(entries[1]) == [("objects_set", "success")]
    assert entries[0]["actions"][0]["action_payload"].items() >= IDENTIFIED.items()
    assert entries[1]["payload"]["properties"] == ORDER


def test_posthog_s_events_arrive_once_with_their_types_and_their_actions(connect: Connect, node: Node) -> None:
    source = connected(connect, POSTHOG)
    calls: Calls = [
        ["identify", {"distinctId": "zoe", "properties": {"$set": TRAITS}}],
        *A_CAPTURE,
        ["groupIdentify", {"groupType": "company", "groupKey": "acme", "properties": {"plan": "scale"}}],
        ["alias", {"distinctId": "zoe", "alias": "anonymous-7"}],
    ]
    assert deliver(node, source, POSTHOG, calls) == []
    entries = arrived(source)
    assert sorted(types(entries)) == [
        ("$create_alias", "unmapped"),
        ("$groupidentify", "unmapped"),
        ("$identify", "executed"),
        ("order placed", "executed"),
    ]
    by_type = {entry["event_type"]: entry for entry in entries}
    [identified] = by_type["$identify"]["actions"]
    assert identified["action_payload"].items() >= IDENTIFIED.items()
    assert actions(by_type["order placed"]) == [("objects_set", "success")]


@CALLING
def test_what_is_sent_again_acts_once(connect: Connect, node: Node, library: Library) -> None:
    source = connected(connect, library)
    for _ in range(2):
        assert deliver(node, source, library, AN_ORDER) == []
    entries = arrived(source)
    assert [entry["outcome"] for entry in entries] == ["executed", "duplicate"]
    assert [len(entry["actions"]) for entry in entries] == [1, 0]


@ALL
def test_a_client_with_a_wrong_key_hears_of_it(connect: Connect, node: Node, library: Library) -> None:
    source = connected(connect, library)
    failures = deliver(node, source, library, A_CAPTURE if library is POSTHOG else AN_ORDER, "wk_of_nobody")
    assert failures != []
    assert arrived(source) == []
