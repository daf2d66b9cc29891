"""The scheme `paddle`: `Paddle-Signature: ts=<Unix seconds>;h1=<hex>[;h1=<hex>…]`.

Facts from developer.paddle.com ("Verify webhook signatures") and paddle-python-sdk's `Verifier`: `h1` is the
HMAC-SHA256 of `<ts>:<body>` under the whole secret key of the notification destination as text; while a key is rolled
there are several `h1`, and any may match; other names are refused; the tolerance is 5 s to either side. Stricter than
the package on purpose: entries without `=` are not passed over, a second `ts` does not replace the first.
"""

from domain import coverage
from infrastructure.signatures import hmacs, keys, options
from infrastructure.signatures.options import Options
from infrastructure.signatures.stamped import StampedList
from infrastructure.signatures.verifying import Matches, Signed

OPTIONS = frozenset({"tolerance_seconds"})
TOLERANCE = 5
_LAYOUT = StampedList(header="paddle-signature", time="ts", signature="h1", separator=";", joint=b":", others=False)


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 5 by default as in Paddle's packages."""
    return Signed(_LAYOUT.read, _matcher, coverage.BODY, options.tolerance(given, TOLERANCE))


def _matcher(secret: str) -> Matches:
    return hmacs.matcher(keys.as_is(secret), "sha256", hmacs.HEX)
