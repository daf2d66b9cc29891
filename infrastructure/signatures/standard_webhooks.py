"""The scheme `standard_webhooks`: Standard Webhooks 1.0, which is also how Svix, and so Clerk, signs.

Facts from the specification (standardwebhooks.com) and the libraries `standardwebhooks` and `svix`: the headers are
`webhook-id`, `-timestamp`, `-signature`, or the same as `svix-…`; the signature header is a list of `v1,<base64>`
separated by single spaces, any of which may match; `v1` is the HMAC-SHA256 of `<id>.<timestamp>.<body>` under the bytes
that follow `whsec_` in base64; other versions such as `v1a` are ignored; the tolerance is 300 s to either side.
Stricter than the libraries on purpose: the two families are never mixed and never contradict each other, every `v1`
must be well-formed, there are at most ten signatures, and an id holds no time after a dot.
"""

import re
from collections.abc import Mapping

import attrs

from domain.coverage import Covered
from infrastructure.signatures import hmacs, keys, options, timestamps, verifying
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers, Matches, Presented, Signed, Unverifiable

OPTIONS = frozenset({"tolerance_seconds"})
MOST_SIGNATURES = 10
# Nothing but dots parts id, time and body in what is signed. So where somebody's text in a genuine body holds a time
# between dots, all before it would pass for an id, and what follows for a genuine body. Such an id holds the true time.
_LIKE_A_TIME = re.compile(r"\.[0-9]{10}(?:\.|$)")


@attrs.frozen
class _Family:
    id: str
    timestamp: str
    signature: str


_SVIX = _Family("svix-id", "svix-timestamp", "svix-signature")
_WEBHOOK = _Family("webhook-id", "webhook-timestamp", "webhook-signature")
_TWINS: Mapping[str, str] = {_SVIX.id: _WEBHOOK.id, _SVIX.timestamp: _WEBHOOK.timestamp}
COVERED = Covered(body=True, headers=frozenset({*_TWINS, *_TWINS.values()}))


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default as in the libraries."""
    return Signed(Version("v1", hmacs.DIGEST_SIZES["sha256"]).read, _matcher, COVERED, options.tolerance(given))


def _matcher(secret: str) -> Matches:
    return hmacs.matcher(keys.decoded(secret, "whsec_"), "sha256", hmacs.BASE64)


@attrs.frozen
class Version:
    """The signatures of one version, of `size` bytes each; those of other versions are passed over."""

    name: str
    size: int

    def read(self, headers: Headers, body: bytes, query: str) -> Presented:
        """Read the three headers of a family. Raises `Unverifiable`."""
        family = _family(headers)
        entries = verifying.present(headers, family.signature)
        identity = verifying.present(headers, family.id)
        time = verifying.present(headers, family.timestamp, "timestamp_missing")
        timestamp = timestamps.seconds(time, family.timestamp)
        if not identity.isascii() or _LIKE_A_TIME.search(identity):
            message = f"the header {family.id} is not ASCII, or holds what could be the time"
            raise Unverifiable("signature_malformed", message, timestamp)
        signatures = self._signatures(entries, family.signature, timestamp)
        return Presented(signatures, b"%b.%b.%b" % (identity.encode(), time.encode(), body), timestamp)

    def _signatures(self, entries: str, header: str, timestamp: int) -> tuple[bytes, ...]:
        """Read the signatures of this version in the list, of which there must be one."""
        listed = entries.split(" ", MOST_SIGNATURES)
        if len(listed) > MOST_SIGNATURES:
            raise Unverifiable("signature_malformed", f"{header} has more than {MOST_SIGNATURES} signatures", timestamp)
        signatures: list[bytes] = []
        for entry in listed:
            version, _, text = entry.partition(",")
            if not version or not text or "," in text:
                message = f"{header} is not a list of {self.name},<base64>"
                raise Unverifiable("signature_malformed", message, timestamp)
            if version == self.name:
                signatures.append(hmacs.BASE64.read(text, self.size, header, timestamp))
        if not signatures:
            raise Unverifiable("signature_missing", f"{header} has no {self.name} signature", timestamp)
        return tuple(signatures)


def _family(headers: Headers) -> _Family:
    """Choose one family: a single svix header decides, as the svix library prefers each of them."""
    if not (_SVIX.signature in headers or _SVIX.id in headers or _SVIX.timestamp in headers):
        return _WEBHOOK
    for name, twin in _TWINS.items():
        # Else a relay could add a webhook-id of its own, which a path might read although nothing covers it.
        if name in headers and headers.get(twin, headers[name]) != headers[name]:
            raise Unverifiable("signature_malformed", f"the headers {name} and {twin} differ")
    return _SVIX
