"""The scheme `slack`: `X-Slack-Signature: v0=<hex>` beside `X-Slack-Request-Timestamp: <Unix seconds>`.

Facts from docs.slack.dev ("Verifying requests from Slack") and slack_sdk's `SignatureVerifier`: the signature is the
HMAC-SHA256 of `v0:<timestamp>:<body>` under the signing secret as text; the tolerance is 300 s to either side.
"""

from infrastructure.signatures import body_hmac
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Signed

OPTIONS = frozenset({"tolerance_seconds"})
_LAYOUT = {
    "header": "x-slack-signature",
    "prefix": "v0=",
    "timestamp_header": "x-slack-request-timestamp",
    "signed_template": "v0:{timestamp}:{body}",
}


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default as in slack_sdk."""
    return body_hmac.recipe({**_LAYOUT, **given})
