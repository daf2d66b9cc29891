"""The scheme `stripe`: `Stripe-Signature: t=<Unix seconds>,v1=<hex>[,v1=<hex>…]`.

Facts from docs.stripe.com/webhooks ("Verify webhook signatures manually") and stripe-python's `WebhookSignature`: `v1`
is the HMAC-SHA256 of `<t>.<body>` under the whole secret as text, `whsec_` included; other schemes such as `v0` are
ignored; while a secret is rolled there are several `v1`, and any may match. Stricter than stripe-python on purpose: a
time ahead of ours by more than the tolerance is refused, as are a second `t`, white space and more than ten signatures.
"""

from domain import coverage
from infrastructure.signatures import hmacs, keys, options
from infrastructure.signatures.options import Options
from infrastructure.signatures.stamped import StampedList
from infrastructure.signatures.verifying import Matches, Signed

OPTIONS = frozenset({"tolerance_seconds"})
_LAYOUT = StampedList(header="stripe-signature", time="t", signature="v1", separator=",", joint=b".", others=True)


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default as in stripe-python."""
    return Signed(_LAYOUT.read, _matcher, coverage.BODY, options.tolerance(given))


def _matcher(secret: str) -> Matches:
    return hmacs.matcher(keys.as_is(secret, "whsec_"), "sha256", hmacs.HEX)
