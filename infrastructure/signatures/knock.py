"""The scheme `knock`: `x-knock-signature: t=<Unix milliseconds>,s=<base64>`, as Knock signs its outgoing webhooks.

Fact from docs.knock.app ("Outbound webhooks", verifying signatures): `s` is the HMAC-SHA256 of `<t>.<body>` under the
whole signing key as text. A tolerance of five minutes is what that page advises.
"""

from domain import coverage
from infrastructure.signatures import hmacs, keys, options
from infrastructure.signatures.options import Options
from infrastructure.signatures.stamped import StampedPair
from infrastructure.signatures.verifying import Matches, Signed

OPTIONS = frozenset({"tolerance_seconds"})
_LAYOUT = StampedPair(header="x-knock-signature", signature="s", encoding=hmacs.BASE64)


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default."""
    return Signed(_LAYOUT.read, _matcher, coverage.BODY, options.tolerance(given))


def _matcher(secret: str) -> Matches:
    return hmacs.matcher(keys.as_is(secret), "sha256", hmacs.BASE64)
