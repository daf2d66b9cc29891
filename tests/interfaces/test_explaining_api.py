"""The whole decision trace of a webhook, over HTTP and from the command line."""

from typing import Any

import pytest
from click.testing import CliRunner

from interfaces.cli.main import main
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source, mapping, shown


@pytest.fixture
def source(connect: Connect) -> Source:
    """A source with a shared secret and two mappings."""
    return connect(
        mappings=[
            mapping("user.created", "users_identify", id="body.user", email="body.email", name={"value": "Ada"}),
            mapping("user.created", "workflows_trigger", key="nowhere", recipients="body.user"),
        ],
        idempotency_key_path="body.key",
        enforce_verification=True,
        secrets={"signing_secret": "a-long-random-secret"},
    )


GENUINE = {"x-webhook-secret": "a-long-random-secret"}


def explained(source: Source, webhook_id: str) -> Any:
    """The trace of a webhook."""
    return shown(source.gateway, f"/v1/event_logs/{webhook_id}/explain")


def test_each_decision_is_told_with_what_it_read(source: Source) -> None:
    entry = source.settled({"type": "user.created", "user": "u-1", "key": "k-1"}, GENUINE)
    told = explained(source, entry["id"])
    assert told["configuration"]["version"] == entry["configuration_version"]
    assert told["configuration"]["edited_by"]
    assert told["verification"]["verification_status"] == "enforced:verified"
    assert told["verification"]["secret"]["hint"] == "cret"
    (evaluation,) = told["evaluations"]
    assert evaluation["outcome"] == entry["outcome"] == "partially_executed"
    assert (evaluation["event_type"]["path"], evaluation["event_type"]["event_type"]) == ("body.type", "user.created")
    assert (evaluation["idempotency"]["value"], evaluation["idempotency"]["outcome"]) == ("k-1", "executed")
    identify, trigger = evaluation["mappings"]
    assert {each["name"]: (each["value"], each["type"]) for each in identify["parameters"]} == {
        "id": ("u-1", "string"),
        "email": (None, "missing"),
        "name": ("Ada", "string"),
    }
    assert identify["effects"] == [
        {"effect": "EntityMerged", "reference": {"collection": "$users", "id": "u-1"}, "properties": {"name": "Ada"}}
    ]
    assert (trigger["outcome"], trigger["error"]["code"]) == ("error", "workflow_missing")


def test_a_duplicate_leads_to_its_original(source: Source) -> None:
    body = {"type": "user.created", "user": "u-1", "key": "k-2"}
    shown(source.gateway, "/v1/environments")  # anybody may look
    source.gateway.client.put("/v1/workflows/nowhere", params={"environment": "development"}, json={"name": "N"})
    first, second = source.settled(body, GENUINE), source.settled(body, GENUINE)
    (evaluation,) = explained(source, second["id"])["evaluations"]
    assert evaluation["idempotency"]["original"] == f"/v1/event_logs/{first['id']}"
    assert shown(source.gateway, evaluation["idempotency"]["original"])["id"] == first["id"]
    assert [each["outcome"] for each in evaluation["mappings"]] == ["duplicate", "duplicate"]


def test_a_rejected_request_is_explained_too(source: Source) -> None:
    answer = source.send({"type": "user.created"}, {"x-webhook-secret": "wrong"})
    assert answer.status_code == 401
    (entry,) = shown(source.gateway, "/v1/event_logs", source=source.key)["entries"]
    told = explained(source, entry["id"])
    assert (told["rejection"]["http_status"], told["evaluations"]) == (401, [])
    assert told["verification"]["reason"] == told["rejection"]["reason"]
    assert "a-long-random-secret" not in str(told)
    assert any(line.startswith("It was rejected with 401") for line in told["words"])


def test_a_body_that_is_no_json_is_explained_as_rejected(source: Source) -> None:
    source.send(b"{", GENUINE)
    (entry,) = shown(source.gateway, "/v1/event_logs", source=source.key)["entries"]
    assert explained(source, entry["id"])["rejection"]["http_status"] == 400


def test_of_another_environment_there_is_nothing_to_explain(source: Source, gateway: Gateway) -> None:
    entry = source.settled({"type": "x"}, GENUINE)
    key = gateway.client.post("/v1/api_keys", json={"name": "theirs", "environment": "production"}).json()["key"]
    answer = gateway.client.get(f"/v1/event_logs/{entry['id']}/explain", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 404
    assert gateway.client.get("/v1/event_logs/nothing%00/explain").status_code in (400, 404)


def test_the_command_says_it_in_words(source: Source, gateway: Gateway) -> None:
    entry = source.settled({"type": "user.created", "user": "u-7"}, GENUINE)
    asked = ["explain", entry["id"], "--url", gateway.url, "--token", gateway.token]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 0, result.output
    assert "Its event type is user.created, as body.type says" in result.output
    assert 'id = "u-7" (string) from body.user' in " ".join(result.output.split())
    as_json = CliRunner().invoke(main, [*asked, "--json"])
    assert '"evaluations": [' in as_json.output


def test_the_command_says_what_does_not_exist(gateway: Gateway) -> None:
    result = CliRunner().invoke(main, ["explain", "nobody", "--url", gateway.url, "--token", gateway.token])
    assert result.exit_code == 1
