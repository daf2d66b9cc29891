"""How the examples of the templates are signed: independently of how Hookledger verifies, by official packages if any.

A body is signed as the bytes that `written` makes of it.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import stripe
import svix.webhooks

from domain.json_values import Json

Headers = Mapping[str, str]
Sign = Callable[[str, Headers, bytes], dict[str, str]]
"""From the secret, the other headers and the body to the headers that prove it."""


def written(body: Json) -> bytes:
    """JSON without spaces, as JSON.stringify writes it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def sent_at(scheme: str, headers: Headers) -> datetime:
    """When the request was sent, which is when it can be verified; any time where the scheme signs none."""
    match scheme:
        case "stripe":
            return datetime.fromtimestamp(int(_time(headers["stripe-signature"])), UTC)
        case "workos":
            return datetime.fromtimestamp(int(_time(headers["workos-signature"])) / 1000, UTC)
        case "standard_webhooks":
            return datetime.fromtimestamp(int(headers["svix-timestamp"]), UTC)
        case "polytomic":
            return datetime.fromisoformat(headers["polytomic-signature-timestamp"])
    return datetime(2024, 6, 1, 12, tzinfo=UTC)


def _time(header: str) -> str:
    return header.partition(",")[0].removeprefix("t=")


def _stripe(secret: str, headers: Headers, body: bytes) -> dict[str, str]:
    time = int(_time(headers["stripe-signature"]))
    signed = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, time)
    return {"stripe-signature": signed}


def _svix(secret: str, headers: Headers, body: bytes) -> dict[str, str]:
    time = datetime.fromtimestamp(int(headers["svix-timestamp"]), UTC)
    return {"svix-signature": svix.webhooks.Webhook(secret).sign(headers["svix-id"], time, body.decode())}


def _workos(secret: str, headers: Headers, body: bytes) -> dict[str, str]:
    time = _time(headers["workos-signature"])
    digest = hmac.digest(secret.encode(), b"%b.%b" % (time.encode(), body), "sha256").hex()
    return {"workos-signature": f"t={time}, v1={digest}"}


def _shopify(secret: str, headers: Headers, body: bytes) -> dict[str, str]:
    digest = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    return {"x-shopify-hmac-sha256": digest}


def _segment(secret: str, headers: Headers, body: bytes) -> dict[str, str]:
    return {"x-signature": hmac.digest(secret.encode(), body, "sha1").hex()}


def _bearer(secret: str, headers: Headers, body: bytes) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def _shared_header(secret: str, headers: Headers, body: bytes) -> dict[str, str]:
    return {"x-webhook-secret": secret}


SIGNERS: Mapping[str, Sign] = {
    "stripe": _stripe,
    "standard_webhooks": _svix,
    "workos": _workos,
    "shopify": _shopify,
    "segment": _segment,
    "bearer": _bearer,
    "polytomic": _bearer,
    "shared_header": _shared_header,
}
"""By scheme."""
