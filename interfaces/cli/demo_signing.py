"""How providers sign what they send, written from their documentation and independent of how Hookledger verifies it."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping

Headers = dict[str, str]
Sign = Callable[[bytes, str, str], Headers]
"""From a body, a secret and the id of the delivery to the headers that go along."""


def new_secret() -> str:
    """A secret that every scheme takes: `whsec_` and 24 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def stripe(body: bytes, secret: str, delivery: str) -> Headers:
    """`t` and the HMAC of `<t>.<body>` in hex; the secret counts as text, prefix and all (docs.stripe.com/webhooks)."""
    now = str(int(time.time()))
    signature = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={now},v1={signature}"}


def shopify(body: bytes, secret: str, delivery: str) -> Headers:
    """The HMAC of the body in base64 (shopify.dev/docs/apps/build/webhooks)."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"x-shopify-hmac-sha256": base64.b64encode(digest).decode(), "x-shopify-webhook-id": delivery}


def svix(body: bytes, secret: str, delivery: str) -> Headers:
    """`v1,` and the HMAC of `<id>.<t>.<body>` under the decoded secret, in base64 (docs.svix.com, as Clerk signs)."""
    now, key = str(int(time.time())), base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{delivery}.{now}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"svix-id": delivery, "svix-timestamp": now, "svix-signature": signature}


def shared_header(body: bytes, secret: str, delivery: str) -> Headers:
    """The secret itself, as services of one's own do it."""
    return {"x-webhook-secret": secret}


def unsigned(body: bytes, secret: str, delivery: str) -> Headers:
    """Nothing, as the older HTTP sources do it."""
    return {}


SCHEMES: Mapping[str, Sign] = {
    "stripe": stripe,
    "shopify": shopify,
    "clerk": svix,
    "custom_http": shared_header,
    "http_legacy": unsigned,
}
"""By the template of the source."""
