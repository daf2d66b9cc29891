"""The scheme `github`: `X-Hub-Signature-256: sha256=<hex>` is the HMAC-SHA256 of the raw body.

Fact from docs.github.com ("Validating webhook deliveries"). The older `X-Hub-Signature` with SHA-1 is not looked at.
There is no signed time, and the event's name and the delivery's id stand in headers that the signature does not cover.
"""

from infrastructure.signatures import body_hmac, hmacs
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Signed

OPTIONS: frozenset[str] = frozenset()


def recipe(given: Options) -> Signed:
    """Read the options, of which there are none."""
    return body_hmac.of_body(body_hmac.Signature("x-hub-signature-256", "sha256", hmacs.HEX, "sha256="))
