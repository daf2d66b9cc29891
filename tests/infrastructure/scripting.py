"""One sandbox for all tests of scripts, since the first use of one is slow, and calls to give to scripts."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from domain.json_values import Json
from domain.scripts import Call, Result
from infrastructure.scripts.sandbox import QuickJsScripts

SCRIPTS = QuickJsScripts()
AT = datetime(2026, 2, 3, 8, 15, 0, 123_000, tzinfo=UTC)
SECRET = "whsec_5f0c2f6b7d3a4e1b"
RAW_BODY = '{"type":"ticket.opened","data":{"ticket_id":"t-9","subject":"Zoë’s printer"}}'.encode()
SIGNATURE = hmac.digest(SECRET.encode(), RAW_BODY, hashlib.sha256).hex()

VERIFY = """
async function main(ctx) {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(ctx.vars.SECRET), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(ctx.rawBody));
  return { verified: timingSafeEqual(new Uint8Array(mac).toHex(), ctx.headers["x-signature"]) };
}
"""


def call(
    *,
    body: Json = None,
    raw_body: bytes = RAW_BODY,
    headers: Mapping[str, str] | None = None,
    variables: Mapping[str, Json] | None = None,
    at: datetime = AT,
) -> Call:
    """A call with a signature that VERIFY finds to be right, unless told otherwise."""
    return Call(
        vars={"SECRET": SECRET} if variables is None else variables,
        headers={"x-signature": SIGNATURE} if headers is None else headers,
        raw_body=raw_body,
        body=body,
        at=at,
    )


def run(source: str, given: Call | None = None) -> Result:
    return SCRIPTS.run(source, given or call())


def value(expression: str, given: Call | None = None) -> Json:
    """What an expression comes to within `main`; promises are awaited."""
    result = run(f"async function main(ctx) {{ return {{ value: await ({expression}) }}; }}", given)
    assert result.error is None, result.error
    return result.output.get("value")
