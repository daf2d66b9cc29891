"""Erasing over HTTP and on the command line: afterwards nobody finds the person, and everything else goes on."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infrastructure.embedded_postgres import binaries
from tests import gateways
from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, bearer, issue, shown
from tests.interfaces.directories import Directory

ID, EMAIL, NAME = "planted-id-Zk29", "planted-7Qw@example.com", "Planted Näme"
PLANTED = (ID, EMAIL, "Planted N")
OTHER = "somebody-else"


def erased(gateway: Gateway, slug: str, **more: Any) -> httpx.Response:
    asked = {"environment": slug, "subject": {"kind": "user", "id": ID}, "reason": "request 17", **more}
    return gateway.client.post("/v1/erasures", json=asked)


@pytest.fixture
def directory(connect: Connect) -> Directory:
    """An environment in which the person left traces wherever one can."""
    found = Directory(connect)
    found.feed("user", id=ID, name=NAME, email=EMAIL, traits={"plan": "team"})
    found.feed("user", id=OTHER, name="Other", email="other@example.com", traits={"plan": "free"})
    found.feed("plan", id="p1", name="Team", traits={})
    found.feed("follow", id="p1", who=[ID, OTHER, {"id": "third", "name": "Third"}], p={"role": "x"})
    found.feed("join", audience="beta", who=[{"user": {"id": ID, "name": NAME}}, OTHER])
    found.feed("greet", who=[ID, OTHER], tenant=None, c=None)
    found.source.settled({"type": "unmapped", "about": EMAIL})
    found.source.send(b'{"type": "user", "email": "' + EMAIL.encode() + b'"')
    found.source.settled({"type": "user", "id": {"not": ID}, "email": EMAIL})
    return found


def dump(database: str) -> str:
    """The whole database as `pg_dump` writes it, with every bytea also as the bytes that it is."""
    program = binaries.locate().root / "bin" / "pg_dump"
    text = subprocess.run([program, database], capture_output=True, check=True).stdout.decode()
    values = (value for line in text.splitlines() for value in line.split("\t") if value.startswith("\\\\x"))
    return text + "\n".join(bytes.fromhex(value[3:]).decode("latin-1") for value in values)


def answers(gateway: Gateway, environment: str) -> Iterator[str]:
    """What the API has to say about everything in an environment."""
    for path in (
        "users",
        "objects/plans",
        "audiences/beta/members",
        "workflow_recipient_runs",
        "objects/plans/p1/subscriptions",
    ):
        yield gateway.client.get(f"/v1/{path}", params={"environment": environment}).text
    for list_ in ("event_logs", "action_logs", "erasures"):
        for entry in shown(gateway, f"/v1/{list_}", environment=environment)["entries"]:
            yield json.dumps(entry, ensure_ascii=False)
            if list_ == "event_logs":
                for part in ("", "/history", "/explain", "/body"):
                    yield gateway.client.get(f"/v1/event_logs/{entry['id']}{part}").text
    yield gateway.client.get(f"/v1/audit/entities/users/{OTHER}", params={"environment": environment}).text


def test_nobody_finds_the_person_afterwards(gateway: Gateway, database: str, directory: Directory) -> None:
    before = directory.answer(f"users/{OTHER}").json()
    everything = "\n".join(answers(gateway, directory.slug)) + dump(database)
    assert ID in everything
    answer = erased(gateway, directory.slug, search=[EMAIL, ID])
    assert answer.status_code == 201, answer.text
    everything = "\n".join(answers(gateway, directory.slug)) + dump(database) + answer.text
    assert "Other" in everything
    assert [each for each in PLANTED if each in everything] == []
    assert directory.answer(f"users/{OTHER}").json() == before
    assert directory.answer(f"users/{ID}").status_code == 404


def test_the_certificate_says_what_was_done_and_to_whom_only_to_who_knows(
    gateway: Gateway, directory: Directory
) -> None:
    preview = erased(gateway, directory.slug, preview=True, search=[EMAIL])
    certificate = erased(gateway, directory.slug, search=[EMAIL]).json()
    assert preview.json()["counts"]["webhooks"] == certificate["counts"]["webhooks"] == 7
    assert certificate["counts"]["runs"] == 2
    assert certificate["counts"]["restated"] == 2
    path = f"/v1/erasures/{certificate['id']}"
    assert shown(gateway, path) == certificate
    asked = {"environment": directory.slug, "kind": "user", "subject": ID}
    assert shown(gateway, "/v1/erasures", **asked)["entries"] == [certificate]
    assert shown(gateway, "/v1/erasures", **{**asked, "subject": OTHER})["entries"] == []
    assert ID not in json.dumps(certificate)


def test_a_preview_erases_nothing(gateway: Gateway, directory: Directory) -> None:
    erased(gateway, directory.slug, preview=True)
    assert directory.answer(f"users/{ID}").status_code == 200


def test_an_erased_webhook_still_counts_and_shows_what_was_decided(gateway: Gateway, directory: Directory) -> None:
    [accounting] = shown(gateway, "/v1/audit/accounting", environment=directory.slug)["entries"]
    certificate = erased(gateway, directory.slug).json()
    assert shown(gateway, "/v1/audit/accounting", environment=directory.slug)["entries"] == [accounting]
    webhook = next(each for each in certificate["streams"] if each.startswith("webhook-")).removeprefix("webhook-")
    entry = shown(gateway, f"/v1/event_logs/{webhook}")
    assert (entry["erased"], entry["payload"], entry["outcome"], entry["event_type"]) == (
        True,
        None,
        "executed",
        "user",
    )
    assert [(each["erased"], each["action_payload"], each["action_status"]) for each in entry["actions"]] == [
        (True, {}, "success")
    ]
    body = gateway.client.get(f"/v1/event_logs/{webhook}/body")
    assert (body.status_code, body.json()["code"]) == (410, "payload_erased")
    assert "erased" in gateway.client.get(f"/v1/event_logs/{webhook}/explain").text


def test_the_lineage_of_others_begins_with_what_was_restated(gateway: Gateway, directory: Directory) -> None:
    erased(gateway, directory.slug)
    told = shown(gateway, "/v1/audit/entities/users/third", environment=directory.slug)
    assert told["fields"]["name"]["value"] == "Third"
    assert told["fields"]["name"]["source"] == "$restated"
    assert [each["object"]["id"] for each in told["subscriptions"]] == ["p1"]


def test_the_same_again_finds_nothing_and_says_so(gateway: Gateway, directory: Directory) -> None:
    assert erased(gateway, directory.slug).status_code == 201
    answer = erased(gateway, directory.slug)
    assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")
    assert "nothing on record" in answer.json()["message"]


def test_webhooks_can_be_named_by_hand_but_not_those_of_another_environment(
    gateway: Gateway, connect: Connect, directory: Directory
) -> None:
    own = directory.source.settled({"type": "unmapped", "about": "nobody"})["id"]
    foreign = connect().settled({"type": "unmapped"})["id"]
    answer = erased(gateway, directory.slug, webhooks=[foreign])
    assert (answer.status_code, foreign in answer.json()["message"]) == (404, True)
    assert own in erased(gateway, directory.slug, webhooks=[own], preview=True).json()["webhooks"]


def test_whoever_is_sent_again_after_the_erasure_is_new(gateway: Gateway, directory: Directory) -> None:
    erased(gateway, directory.slug)
    directory.feed("user", id=ID, name="New", email=None, traits={})
    assert directory.answer(f"users/{ID}").json()["name"] == "New"


@pytest.mark.parametrize(
    ("edit", "status", "field"),
    [
        ({"environment": "nowhere"}, 404, "environment"),
        ({"environment": 1}, 400, "environment"),
        ({"subject": "ann"}, 400, "subject"),
        ({"subject": {"kind": "person", "id": "ann"}}, 400, "subject.kind"),
        ({"subject": {"kind": "user"}}, 400, "subject.id"),
        ({"subject": {"kind": "user", "id": ""}}, 422, "subject.id"),
        ({"subject": {"kind": "object", "id": "p1"}}, 422, "subject"),
        ({"reason": " "}, 422, "reason"),
        ({"reason": f"because {ID} wants it"}, 422, "reason"),
        ({"search": "text"}, 400, "search"),
        ({"search": ["abc"]}, 422, "search"),
        ({"search": ["abcd"] * 21}, 422, "search"),
        ({"preview": "yes"}, 400, "preview"),
    ],
)
def test_what_cannot_be_erased_is_refused_with_the_field(
    gateway: Gateway, edit: dict[str, Any], status: int, field: str
) -> None:
    answer = erased(gateway, "development", **edit)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


@pytest.mark.parametrize(
    ("role", "erases", "reads"), [("editor", 403, 200), ("auditor", 403, 200), ("admin", 404, 200)]
)
def test_admins_erase_and_others_read(gateway: Gateway, role: str, erases: int, reads: int) -> None:
    headers = bearer(issue(gateway, role=role)["key"])
    asked = {"environment": "development", "subject": {"kind": "user", "id": "nobody-ever"}, "reason": "request 18"}
    assert gateway.client.post("/v1/erasures", json=asked, headers=headers).status_code == erases
    assert gateway.client.get("/v1/erasures", headers=headers).status_code == reads


def test_a_secret_key_neither_erases_nor_reads(gateway: Gateway) -> None:
    headers = bearer(issue(gateway, environment="development")["key"])
    assert gateway.client.post("/v1/erasures", json={}, headers=headers).status_code == 403
    assert gateway.client.get("/v1/erasures", headers=headers).status_code == 403


def test_the_command_previews_erases_and_says_what_is_missing(gateway: Gateway, directory: Directory) -> None:
    assert "name what to erase" in _run(gateway, "erase").stderr
    assert "--reason is missing" in _run(gateway, "erase", "user", ID).stderr
    preview = _run(gateway, "erase", "user", ID, "--environment", directory.slug, "--search", EMAIL, "--preview")
    assert json.loads(preview.stdout)["counts"]["webhooks"] == 7
    asked = ("erase", "user", ID, "--environment", directory.slug, "--reason", "request 17")
    assert "Aborted" in _run(gateway, *asked).stderr  # nobody answered its question
    done = _run(gateway, *asked, "--yes")
    assert json.loads(done.stdout)["environment"] == directory.slug
    assert directory.answer(f"users/{ID}").status_code == 404


def _run(gateway: Gateway, *words: str) -> "subprocess.CompletedProcess[str]":
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HOOKLEDGER_")}
    where = ["--url", gateway.url, "--token", gateway.token]
    return subprocess.run([*gateways.COMMAND, *words, *where], env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("days", [0, -1, 36_501, True, "30", 1.5])
def test_no_time_for_which_payloads_cannot_be_kept(gateway: Gateway, days: Any) -> None:
    answer = gateway.client.put("/v1/environments/production/retention", json={"payload_days": days})
    assert answer.status_code in (400, 422)
    assert "payload_days" in answer.json()["errors"][0]["field"]


def test_retention_is_shown_and_changed_by_admins(gateway: Gateway, directory: Directory) -> None:
    path = f"/v1/environments/{directory.slug}"
    assert shown(gateway, path)["retention"] == {"payload_days": None}
    answer = gateway.client.put(f"{path}/retention", json={"payload_days": 90})
    assert answer.json()["retention"] == shown(gateway, path)["retention"] == {"payload_days": 90}
    headers = bearer(issue(gateway, role="editor")["key"])
    assert gateway.client.put(f"{path}/retention", json={"payload_days": 1}, headers=headers).status_code == 403
    assert gateway.client.put("/v1/environments/nowhere/retention", json={"payload_days": 1}).status_code == 404
    assert gateway.client.put(f"{path}/retention", json={"payload_days": None}).json()["retention"] == {
        "payload_days": None
    }
