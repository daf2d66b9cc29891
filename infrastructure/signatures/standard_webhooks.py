"""The scheme `standard_webhooks`: Standard Webhooks 1.0, which is also how Svix, and so Clerk, signs.

Facts from the specification (standardwebhooks.com) and the libraries `standardwebhooks` and `svix`: the headers are
`webhook-id`, `-timestamp`, `-signature`, or the same as `svix-…`; the signature header is a list of `v1,<base64>`
separated by single spaces, any of which may match; `v1` is the HMAC-SHA256 of `<id>.<timestamp>.<body>` under the bytes
that follow `whsec_` in base64; other versions such as `v1a` are ignored; the tolerance is 300 s to either side.
Stricter than the libraries on purpose: the two families are never mixed, every `v1` must be well-formed, and there are
at most ten signatures.
"""

import attrs

from infrastructure.signatures import hmacs, keys, options, timestamps, verifying
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Expectation, Headers, Presented, Signed, Unverifiable

OPTIONS = frozenset({"tolerance_seconds"})
MOST_SIGNATURES = 10
_SIZE = hmacs.DIGEST_SIZES["sha256"]


@attrs.frozen
class _Family:
    id: str
    timestamp: str
    signature: str


_SVIX = _Family("svix-id", "svix-timestamp", "svix-signature")
_WEBHOOK = _Family("webhook-id", "webhook-timestamp", "webhook-signature")


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default as in the libraries."""
    return Signed(_read, _expectation, options.tolerance(given))


def _expectation(secret: str) -> Expectation:
    return hmacs.expectation(keys.decoded(secret, "whsec_"), "sha256", hmacs.BASE64)


def _read(headers: Headers, body: bytes) -> Presented:
    family = _family(headers)
    entries = verifying.present(headers, family.signature, "signature_missing")
    identity = verifying.present(headers, family.id, "signature_missing")
    time = verifying.present(headers, family.timestamp, "timestamp_missing")
    timestamp = timestamps.seconds(time, family.timestamp)
    if not identity.isascii():
        raise Unverifiable("signature_malformed", f"the header {family.id} is not ASCII", timestamp)
    signatures = _signatures(entries, family.signature, timestamp)
    return Presented(signatures, b"%b.%b.%b" % (identity.encode(), time.encode(), body), timestamp)


def _family(headers: Headers) -> _Family:
    """Choose one family: a single svix header decides, as the svix library prefers each of them."""
    if _SVIX.signature in headers or _SVIX.id in headers or _SVIX.timestamp in headers:
        return _SVIX
    return _WEBHOOK


def _signatures(entries: str, header: str, timestamp: int) -> tuple[bytes, ...]:
    """Read the `v1` signatures of the list, of which there must be one."""
    listed = entries.split(" ", MOST_SIGNATURES)
    if len(listed) > MOST_SIGNATURES:
        raise Unverifiable("signature_malformed", f"{header} has more than {MOST_SIGNATURES} signatures", timestamp)
    signatures: list[bytes] = []
    for entry in listed:
        version, _, text = entry.partition(",")
        if not version or not text or "," in text:
            raise Unverifiable("signature_malformed", f"{header} is not a list of v1,<base64>", timestamp)
        if version == "v1":
            signatures.append(hmacs.BASE64.read(text, _SIZE, header, timestamp))
    if not signatures:
        raise Unverifiable("signature_missing", f"{header} has no v1 signature", timestamp)
    return tuple(signatures)
