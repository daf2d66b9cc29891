"""Proofs over HTTP and on the command line: receipts of what was sent, the key, the verification, the export."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from interfaces.cli.main import main
from tests import gateways
from tests.interfaces import test_collecting_api as collecting
from tests.interfaces.conversations import Connect, bearer, issue, shown
from tests.servers import within
from verifier import hookledger_verify

RECEIPT = re.compile(r'(\d+)(?:;events=(\d+))?;digest="([0-9a-f]{64})"')


def parts(receipt: str) -> dict[str, Any]:
    """A receipt as the API wants to be asked about it."""
    matched = RECEIPT.fullmatch(receipt)
    assert matched is not None, receipt
    asked = {"digest": matched[3], **({"events": matched[2]} if matched[2] else {})}
    return {"position": matched[1], **asked}


def checked(connect: Connect, receipt: str, **other: Any) -> Any:
    asked = {**parts(receipt), **other}
    return shown(connect.gateway, f"/v1/audit/receipts/{asked.pop('position')}", **asked)


def command(database: str, directory: Path, *arguments: str) -> Result:
    environ = {"DATABASE_URL": database, "HOOKLEDGER_MASTER_KEY": gateways.MASTER_KEY}
    environ |= {"HOOKLEDGER_DATA_DIR": str(directory), "COLUMNS": "300"}
    return CliRunner().invoke(main, ["audit", *arguments], env=environ)


def test_a_sender_gets_a_receipt_that_is_held(connect: Connect) -> None:
    source = connect()
    answer = source.send({"type": "order.placed"})
    told = checked(connect, answer.headers["hookledger-receipt"])
    assert told["held"] is True
    stream = f"webhook-{answer.json()['event_id']}"
    position = int(parts(answer.headers["hookledger-receipt"])["position"])
    assert told["events"] == [{"position": position, "stream": stream, "version": 1, "name": "WebhookReceived"}]


def test_the_receipt_of_a_batch_is_for_all_of_it(connect: Connect) -> None:
    source = connect(batch_path="body.events")
    answer = source.send({"events": [{"type": "a"}, {"type": "b"}, {"type": "c"}]})
    receipt = answer.headers["hookledger-receipt"]
    assert parts(receipt)["events"] == "3"
    told = checked(connect, receipt)
    assert [each["stream"] for each in told["events"]] == [f"webhook-{each}" for each in answer.json()["event_ids"]]
    assert checked(connect, receipt, events=2)["held"] is False


def test_an_event_client_gets_one_for_what_is_on_record(connect: Connect) -> None:
    source = connect()
    answer = collecting.send(source, {"batch": [collecting.TRACK, {"type": "nothing"}]})
    assert answer.status_code == 200, answer.text
    told = checked(connect, answer.headers["hookledger-receipt"])
    assert told["held"] is True
    assert len(told["events"]) == sum(each["event_id"] is not None for each in answer.json()["items"])


def test_who_is_turned_away_gets_none(connect: Connect) -> None:
    answer = connect().send(b"not JSON")
    assert answer.status_code == 400
    assert "hookledger-receipt" not in answer.headers


def test_a_receipt_for_something_else_is_not_held(connect: Connect) -> None:
    receipt = connect().send({"type": "order.placed"}).headers["hookledger-receipt"]
    assert checked(connect, receipt, digest="0" * 64)["held"] is False
    far = checked(connect, receipt, position=10**15)
    assert far["held"] is False
    assert "the log ends at position" in far["message"]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("receipts/0?digest=" + "0" * 64, 400, "position"),
        ("receipts/x?digest=" + "0" * 64, 400, "position"),
        ("receipts/99999999999999999999?digest=" + "0" * 64, 400, "position"),
        ("receipts/1", 422, "digest"),
        ("receipts/1?digest=ABC", 422, "digest"),
        ("receipts/1?digest=" + "0" * 64 + "&events=2", 422, "events"),
        ("receipts/1?events=0&digest=" + "0" * 64, 400, "events"),
        ("verify?from=x", 400, "from"),
        ("verify?to=-1", 400, "to"),
    ],
)
def test_what_cannot_be_is_told(connect: Connect, path: str, status: int, field: str) -> None:
    answer = connect.gateway.client.get(f"/v1/audit/{path}")
    assert answer.status_code == status, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_an_auditor_may_verify_and_a_secret_key_may_not(connect: Connect) -> None:
    auditor = issue(connect.gateway, name="auditor", role="auditor")["key"]
    secret = issue(connect.gateway, name="secret", environment="development")["key"]
    for path in ("verify", "key", "receipts/1?digest=" + "0" * 64):
        client = connect.gateway.client
        assert client.get(f"/v1/audit/{path}", headers=bearer(auditor)).status_code == 200
        assert client.get(f"/v1/audit/{path}", headers=bearer(secret)).status_code == 403
        assert client.get(f"/v1/audit/{path}", headers=bearer("hl_st_nobody")).status_code == 401


def test_the_log_is_sealed_and_sound_and_the_api_says_so(connect: Connect) -> None:
    receipt = connect().send({"type": "order.placed"}).headers["hookledger-receipt"]
    assert within(30, lambda: checked(connect, receipt)["checkpoint"] is not None)
    assert within(5, lambda: checked(connect, receipt)["outside"] == ["file"])
    proof = shown(connect.gateway, "/v1/audit/verify")
    assert proof["sound"] is True, proof
    assert proof["findings"] == []
    assert proof["outside_to"] >= int(parts(receipt)["position"])
    assert len(proof["cannot_be_detected"]) == 3
    position = parts(receipt)["position"]
    part = shown(connect.gateway, "/v1/audit/verify", **{"from": position, "to": position})
    assert part["sound"] is True
    assert 0 < part["events"] <= proof["events"]


def test_the_commands_prove_it_too(connect: Connect, database: str, tmp_path: Path) -> None:
    receipt = connect().send({"type": "order.placed"}).headers["hookledger-receipt"]
    assert within(30, lambda: checked(connect, receipt)["checkpoint"] is not None)
    key = shown(connect.gateway, "/v1/audit/key")
    assert key["public_key"] in command(database, tmp_path, "key").output
    held = command(database, tmp_path, "receipt", receipt)
    assert (held.exit_code, held.output[:5]) == (0, "Held:"), held.output
    wrong = command(database, tmp_path, "receipt", parts(receipt)["position"], "0" * 64)
    assert (wrong.exit_code, wrong.output[:9]) == (1, "NOT HELD:")
    assert command(database, tmp_path, "receipt", "12").exit_code == 2
    exported = command(database, tmp_path, "export", str(tmp_path / "proof.ndjson"))
    assert exported.exit_code == 0, exported.output
    heading = json.loads((tmp_path / "proof.ndjson").read_text().partition("\n")[0])
    assert heading["public_key"] == key["public_key"]
    report, looked = hookledger_verify.verify(tmp_path / "proof.ndjson", None, key["public_key"])
    assert report.wrong == []
    assert "sealed up to position" in looked


def test_verify_says_what_is_missing_outside_and_nothing_can_be_accepted(
    connect: Connect, database: str, tmp_path: Path
) -> None:
    """Looked at from a directory in which the checkpoint file is not."""
    receipt = connect().send({"type": "order.placed"}).headers["hookledger-receipt"]
    assert within(30, lambda: checked(connect, receipt)["outside"] == ["file"])
    told = command(database, tmp_path, "verify")
    assert told.exit_code == 1
    assert "once held checkpoint" in told.output
    assert "What this cannot show:" in told.output
    refused = command(database, tmp_path, "accept-restore", "--reason", "none", "--yes")
    assert refused.exit_code == 1
    assert "there is no restore to accept" in refused.output
