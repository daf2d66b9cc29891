"""Sign outgoing requests by Standard Webhooks 1.0 (standardwebhooks.com), so that any of its libraries verifies them.

Three headers: `webhook-id`, `webhook-timestamp` in Unix seconds, and `webhook-signature`, a list of `v1,<base64>` with
the HMAC-SHA256 of `<id>.<timestamp>.<body>`; several secrets, as while one is replaced, give several signatures.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from infrastructure.signatures import keys

PREFIX: Final = "whsec_"
_SIZES: Final = range(24, 65)


def key(secret: str) -> bytes:
    """The bytes to sign with. Refused, without the secret in the message, unless they are 24 to 64."""
    decoded = keys.decoded(secret, PREFIX)
    if len(decoded) not in _SIZES:
        raise keys.refused(f"it decodes to {len(decoded)} bytes; Standard Webhooks asks for 24 to 64")
    return decoded


def headers(identity: str, at: datetime, body: bytes, secrets: Sequence[str]) -> Mapping[str, str]:
    """The headers that name and sign a delivery; without secrets there is no signature."""
    timestamp = str(int(at.timestamp()))
    named = {"webhook-id": identity, "webhook-timestamp": timestamp}
    if not secrets:
        return named
    signed = f"{identity}.{timestamp}.".encode() + body
    return {**named, "webhook-signature": " ".join(_signature(key(secret), signed) for secret in secrets)}


def _signature(secret: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
