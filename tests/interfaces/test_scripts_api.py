"""Scripts through the API: tried out, saved, run for every webhook, and seen in the log."""

import hashlib
import hmac
from typing import Any

from tests.gateways import Gateway
from tests.interfaces.conversations import Connect, Source

VERIFIES = """
async function main(ctx) {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw", encoder.encode(ctx.vars.ORDERS_SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const hex = ctx.headers["x-signature"] || "";
  const given = new Uint8Array((hex.match(/../g) || []).map((pair) => parseInt(pair, 16)));
  const verified = await crypto.subtle.verify("HMAC", key, given, encoder.encode(ctx.rawBody));
  return { verified, kind: `orders/${ctx.body.type}` };
}
"""
SECRET = "a secret of the orders service"


def post(gateway: Gateway, source: Source, **asked: Any) -> Any:
    path = f"/v1/sources/{source.key}/test_script"
    return gateway.client.post(path, params={"environment": source.environment}, json=asked)


def test_a_script_is_tried_out_without_a_trace(connect: Connect) -> None:
    source = connect()
    payload = {"body": {"n": 2}, "headers": {"X-Times": "21"}}
    asked = "function main(ctx) { return { verified: true, product: ctx.body.n * Number(ctx.headers['x-times']) }; }"
    answer = post(source.gateway, source, script={"language": "javascript", "source": asked}, payload=payload)
    tried = answer.json()
    assert answer.status_code == 200, answer.text
    assert tried["output"] == {"verified": True, "product": 42}
    assert (tried["verified"], tried["error"], tried["verification"]["status"]) == (True, None, "verified")
    assert tried["microseconds"] > 0
    assert source.get("/logs")["entries"] == []


def test_a_trial_says_what_is_wrong(connect: Connect) -> None:
    source = connect()
    payload: dict[str, Any] = {"body": {}}
    script = {"source": "function main() { throw new Error('out of paper'); }"}
    tried = post(source.gateway, source, script=script, payload=payload).json()
    assert "out of paper" in tried["error"]
    assert tried["verification"]["reason"] == "script_error"
    for asked, field in (
        ({"payload": payload}, "script"),
        ({"payload": payload, "script": {"source": "function main( {"}}, "script"),
        ({"script": script}, "payload"),
        ({"payload": {"body": []}, "script": script}, "payload.body"),
    ):
        answer = post(source.gateway, source, **asked)
        assert answer.status_code in (400, 422), answer.text
        assert field in answer.text


def test_a_script_with_a_secret_variable_verifies_every_webhook(connect: Connect) -> None:
    source = connect()
    put = source.gateway.client.put(
        "/v1/variables/ORDERS_SECRET", json={"variable": {"value": SECRET, "type": "secret"}}
    )
    assert put.status_code == 200, put.text
    saved = source.put(
        settings={
            "preprocess_script": {"language": "javascript", "source": VERIFIES},
            "enforce_verification": True,
            "event_type_path": "preprocess.kind",
        }
    )
    assert saved.status_code == 200, saved.text
    assert source.settings()["settings"]["verification"] == {"scheme": "script"}
    body = b'{"type": "placed",  "id": 7}'
    signature = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
    entry = source.settled(body, {"x-signature": signature})
    assert (entry["event_type"], entry["verification_status"]) == ("orders/placed", "enforced:verified")
    assert entry["preprocess_output"] == {"verified": True, "kind": "orders/placed"}
    for wrong in ("", signature[:-2], signature.translate(str.maketrans("0a", "a0")), "zz"):
        answer = source.send(body, {"x-signature": wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, "verification_failed")
    assert SECRET not in str(source.get("/logs"))
