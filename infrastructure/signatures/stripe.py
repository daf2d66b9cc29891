"""The scheme `stripe`: `Stripe-Signature: t=<Unix seconds>,v1=<hex>[,v1=<hex>…]`.

Facts from docs.stripe.com/webhooks ("Verify webhook signatures manually") and stripe-python's `WebhookSignature`: `v1`
is the HMAC-SHA256 of `<t>.<body>` under the whole secret as text, `whsec_` included; other schemes such as `v0` are
ignored; while a secret is rolled there are several `v1`, and any may match. Stricter than stripe-python on purpose: a
time ahead of ours by more than the tolerance is refused, as are a second `t`, white space and more than ten signatures.
"""

from infrastructure.signatures import hmacs, keys, options, timestamps, verifying
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Expectation, Headers, Presented, Signed, Unverifiable

OPTIONS = frozenset({"tolerance_seconds"})
HEADER = "stripe-signature"
MOST_SIGNATURES = 10
_SIZE = hmacs.DIGEST_SIZES["sha256"]


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default as in stripe-python."""
    return Signed(_read, _expectation, options.tolerance(given))


def _expectation(secret: str) -> Expectation:
    return hmacs.expectation(keys.as_is(secret, "whsec_"), "sha256", hmacs.HEX)


def _read(headers: Headers, body: bytes) -> Presented:
    times, signatures = _fields(verifying.present(headers, HEADER, "signature_missing"))
    if not times:
        raise Unverifiable("timestamp_missing", f"the header {HEADER} has no t=")
    time = ",".join(times)  # two of them are no number, so they are refused
    timestamp = timestamps.seconds(time, HEADER)
    if not signatures:
        raise Unverifiable("signature_missing", f"the header {HEADER} has no v1=", timestamp)
    candidates = [hmacs.HEX.read(text, _SIZE, HEADER, timestamp) for text in signatures]
    return Presented(tuple(candidates), b"%b.%b" % (time.encode(), body), timestamp)


def _fields(header: str) -> tuple[list[str], list[str]]:
    """Split the header into its times and its v1 signatures."""
    items = header.split(",", MOST_SIGNATURES + 1)
    if len(items) > MOST_SIGNATURES + 1:
        raise Unverifiable("signature_malformed", f"the header {HEADER} has more than {MOST_SIGNATURES} signatures")
    times: list[str] = []
    signatures: list[str] = []
    for item in items:
        name, equals, value = item.partition("=")
        if name == "v1":
            signatures.append(value)
        elif name == "t":
            times.append(value)
        elif not equals or not name.isalnum():
            # A header sent twice is joined by ", ": skipping " t" as an unknown scheme would accept the pair.
            raise Unverifiable("signature_malformed", f"the header {HEADER} is not a list of t= and v1= without spaces")
    return times, signatures
