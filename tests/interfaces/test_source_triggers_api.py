"""Source events that trigger a workflow: shown with it, and switched on and off in one environment."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, bearer, issue, mapping


@pytest.fixture
def source(connect: Connect, gateway: Gateway) -> Source:
    """A source two of whose event types trigger a workflow of its name, one of them at rest, in two environments."""
    source = connect(event_type_path="body.type")
    ordered = mapping("ordered", "workflows_trigger", key=source.key, recipients="body.to")
    paid = {**mapping("paid", "workflows_trigger", key=source.key, recipients="body.to"), "active": False}
    others = [mapping("ordered", "users_identify", id="body.to"), {**ordered, "action_parameters": _other(source.key)}]
    settings = {slug: {"mappings": [*others, ordered, paid]} for slug in ("development", "production")}
    body = {"name": "Shop", "environment_settings": settings}
    assert gateway.client.put(f"/v1/sources/{source.key}", json={"source": body}).status_code == 200
    for slug in settings:
        for key in (source.key, f"{source.key}-other"):
            answer = gateway.client.put(f"/v1/workflows/{key}", params={"environment": slug}, json={"name": key})
            assert answer.status_code == 200
    return source


def _other(key: str) -> dict[str, Any]:
    return {"key": f"{key}-other", "recipients": "body.to"}


def triggers(source: Source, environment: str = "development") -> Sequence[Mapping[str, Any]]:
    path = f"/v1/workflows/{source.key}"
    shown = source.gateway.client.get(path, params={"environment": environment}).json()
    (listed,) = (
        each
        for each in source.gateway.client.get("/v1/workflows", params={"environment": environment}).json()["entries"]
        if each["key"] == source.key
    )
    assert listed == shown
    found: Sequence[Mapping[str, Any]] = shown["source_triggers"]
    return found


def toggle(source: Source, trigger: Mapping[str, Any], body: Any, **more: Any) -> Any:
    path = f"/v1/workflows/{source.key}/triggers/{trigger['source']}/{trigger['mapping_id']}"
    return source.gateway.client.put(path, json=body, **{"params": {"environment": "development"}, **more})


def active(found: Sequence[Mapping[str, Any]]) -> list[tuple[str, bool]]:
    return [(each["event_type"], each["active"]) for each in found]


def test_a_workflow_shows_the_source_events_that_trigger_it(source: Source) -> None:
    found = triggers(source)
    assert active(found) == [("ordered", True), ("paid", False)]
    assert {each["source"] for each in found} == {source.key}
    known = {each["id"] for each in source.settings()["mappings"]}
    assert {each["mapping_id"] for each in found} < known


def started(source: Source, kind: str) -> list[str]:
    """The workflows that a webhook triggers."""
    entry = source.settled({"type": kind, "to": "u-1"})
    return [each["action_payload"]["key"] for each in entry["actions"] if each["action_type"] == "workflows_trigger"]


def test_a_switch_is_in_force_for_the_very_next_webhook_in_that_environment_alone(source: Source) -> None:
    ordered, paid = triggers(source)
    assert (started(source, "ordered"), started(source, "paid")) == ([f"{source.key}-other", source.key], [])
    for number in range(4):
        on = bool(number % 2)
        for trigger, wanted in ((ordered, on), (paid, not on)):
            answer = toggle(source, trigger, {"active": wanted})
            assert (answer.status_code, answer.json()) == (200, {**trigger, "active": wanted})
        assert started(source, "ordered") == [f"{source.key}-other", *([source.key] if on else [])]
        assert started(source, "paid") == ([] if on else [source.key])
    assert active(triggers(source, "production")) == [("ordered", True), ("paid", False)]


def test_switching_twice_changes_nothing(source: Source) -> None:
    (ordered, _), before = triggers(source), source.settings()["version"]
    assert toggle(source, ordered, {"active": True}).status_code == 200
    assert source.settings()["version"] == before
    assert toggle(source, ordered, {"active": False}).status_code == 200
    assert source.settings()["version"] == before + 1


@pytest.mark.parametrize("body", [{}, {"active": "yes"}, {"active": None}, {"active": 1}])
def test_a_switch_is_true_or_false(source: Source, body: Any) -> None:
    answer = toggle(source, triggers(source)[0], body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "active")


def test_what_does_not_trigger_the_workflow_there_is_404(source: Source) -> None:
    ordered = triggers(source)[0]
    (abroad, _), mappings = triggers(source, "production"), source.settings()["mappings"]
    identify = next(each for each in mappings if each["action_type"] == "users_identify")
    for changed in (
        {"mapping_id": "nothing"},
        {"mapping_id": identify["id"]},
        {"mapping_id": abroad["mapping_id"]},
        {"source": "nothing"},
    ):
        answer = toggle(source, {**ordered, **changed}, {"active": False})
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing"), changed
    path = f"/v1/workflows/nothing/triggers/{source.key}/{ordered['mapping_id']}"
    answer = source.gateway.client.put(path, params={"environment": "development"}, json={"active": False})
    assert answer.status_code == 404
    assert active(triggers(source)) == [("ordered", True), ("paid", False)]


def test_only_who_may_edit_may_switch(source: Source, gateway: Gateway) -> None:
    ordered = triggers(source)[0]
    for key, status in (
        (issue(gateway, role="auditor"), 403),
        (issue(gateway, environment="development"), 403),
        (issue(gateway, role="editor"), 200),
    ):
        answer = toggle(source, ordered, {"active": False}, headers=bearer(key["key"]))
        assert answer.status_code == status, answer.text


def test_an_archived_source_triggers_nothing(source: Source, gateway: Gateway) -> None:
    ordered = triggers(source)[0]
    gateway.client.delete(f"/v1/sources/{source.key}")
    assert triggers(source) == []
    assert toggle(source, ordered, {"active": False}).status_code == 404
