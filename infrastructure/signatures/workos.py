"""The scheme `workos`: `WorkOS-Signature: t=<Unix milliseconds>, v1=<hex>`.

Facts from workos.com/docs ("Webhooks", validating payloads) and the packages `workos` for Python and Node: `v1` is the
HMAC-SHA256 of `<t>.<body>` under the whole secret as text; the time is in milliseconds; the tolerance is 180 s to
either side, as in Python. The Python package splits at a comma and a space, the Node package at a comma alone, so both
are read; each takes the time first and one signature.
"""

from domain import coverage
from infrastructure.signatures import hmacs, keys, options
from infrastructure.signatures.options import Options
from infrastructure.signatures.stamped import StampedPair
from infrastructure.signatures.verifying import Matches, Signed

OPTIONS = frozenset({"tolerance_seconds"})
TOLERANCE = 180
_LAYOUT = StampedPair(header="workos-signature", signature="v1", encoding=hmacs.HEX, spaced=True)


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 180 by default as in WorkOS's packages."""
    return Signed(_LAYOUT.read, _matcher, coverage.BODY, options.tolerance(given, TOLERANCE))


def _matcher(secret: str) -> Matches:
    return hmacs.matcher(keys.as_is(secret), "sha256", hmacs.HEX)
