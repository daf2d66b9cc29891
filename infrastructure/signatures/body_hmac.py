"""The scheme `hmac`: one header holds an HMAC of the body, or of a text with the body and a time in it.

It serves home-made senders and providers without a scheme of their own; `github`, `shopify`, `segment` and `slack` are
made of it. The algorithm comes from the options and never from the request.
"""

import attrs

from domain import coverage
from domain.coverage import Covered
from infrastructure.signatures import hmacs, keys, options, timestamps, verifying
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers, Matches, Presented, Read, Signed, Unverifiable

OPTIONS = frozenset(
    {"header", "algorithm", "encoding", "prefix", "timestamp_header", "tolerance_seconds", "signed_template"}
)


@attrs.frozen
class Signature:
    """Where the signature stands and how it is written; `header` is lower-cased."""

    header: str
    algorithm: str = "sha256"
    encoding: hmacs.Encoding = hmacs.HEX
    prefix: str = ""

    def read(self, value: str, timestamp: float | None = None) -> bytes:
        """Return the signature within the header's value. Raises `Unverifiable`."""
        if not value.startswith(self.prefix):
            message = f"the header {self.header} does not begin with {self.prefix}"
            raise Unverifiable("signature_malformed", message, timestamp)
        size = hmacs.DIGEST_SIZES[self.algorithm]
        return self.encoding.read(value[len(self.prefix) :], size, self.header, timestamp)

    def matcher(self, secret: str) -> Matches:
        """Make the matcher of `secret`, whose whole text is the key. Raises `Refused`."""
        return hmacs.matcher(keys.as_is(secret), self.algorithm, self.encoding)


def recipe(given: Options) -> Signed:
    """Read the options; see `OPTIONS`. Without `timestamp_header` there is no time, so any age is accepted.

    `signed_template` holds `{body}` once and, exactly when there is a timestamp header, `{timestamp}` once; its default
    is `{body}` or `{timestamp}.{body}`. All else in it is literal.
    """
    signature = Signature(
        options.header(given, "header"),
        options.choice(given, "algorithm", hmacs.DIGEST_SIZES, "sha256"),
        hmacs.ENCODINGS[options.choice(given, "encoding", hmacs.ENCODINGS, "hex")],
        options.text(given, "prefix") if "prefix" in given else "",
    )
    if "timestamp_header" in given:
        header = options.header(given, "timestamp_header")
        read = _timed(signature, header, _template(given, "timestamp", "body"))
        covered = Covered(body=True, headers=frozenset({header}))
        return Signed(read, signature.matcher, covered, options.tolerance(given))
    if "tolerance_seconds" in given:
        raise options.refused("tolerance_seconds", given["tolerance_seconds"], "it needs timestamp_header beside it")
    return Signed(_untimed(signature, _template(given, "body")), signature.matcher, coverage.BODY)


def of_body(signature: Signature) -> Signed:
    """Make the recipe of a signature of the body alone."""
    return Signed(_untimed(signature, b"%(body)b"), signature.matcher, coverage.BODY)


def _template(given: Options, *placeholders: str) -> bytes:
    template = options.text(given, "signed_template", ".".join(f"{{{name}}}" for name in placeholders))
    pattern = template.replace("%", "%%")
    for name in placeholders:
        pattern = pattern.replace(f"{{{name}}}", f"%({name})b", 1)
    if "{" in pattern or "}" in pattern or any(f"{{{name}}}" not in template for name in placeholders):
        right = " and ".join(f"{{{name}}}" for name in placeholders)
        raise options.refused("signed_template", template, f"it must hold {right} once and no other braces")
    return pattern.encode()


def _untimed(signature: Signature, template: bytes) -> Read:
    def read(headers: Headers, body: bytes, query: str) -> Presented:
        value = verifying.present(headers, signature.header)
        return Presented((signature.read(value),), template % {b"body": body})

    return read


def _timed(signature: Signature, header: str, template: bytes) -> Read:
    def read(headers: Headers, body: bytes, query: str) -> Presented:
        value = verifying.present(headers, signature.header)
        time = verifying.present(headers, header, "timestamp_missing")
        timestamp = timestamps.seconds(time, header)
        covered = template % {b"timestamp": time.encode(), b"body": body}
        return Presented((signature.read(value, timestamp),), covered, timestamp)

    return read
