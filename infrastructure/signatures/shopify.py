"""The scheme `shopify`: `X-Shopify-Hmac-Sha256` is the base64 HMAC-SHA256 of the raw body.

Fact from shopify.dev, "Verify webhook deliveries"; the secret is the app's client secret or the store's webhook secret.
There is no signed time, and the topic and the webhook id stand in headers that the signature does not cover.
"""

from infrastructure.signatures import body_hmac, hmacs
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Signed

OPTIONS: frozenset[str] = frozenset()


def recipe(given: Options) -> Signed:
    """Read the options, of which there are none."""
    return body_hmac.of_body(body_hmac.Signature("x-shopify-hmac-sha256", "sha256", hmacs.BASE64))
