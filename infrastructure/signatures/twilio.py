"""The scheme `twilio`: `X-Twilio-Signature: <base64>` is an HMAC of the whole URL and of what a form holds.

Facts from twilio.com/docs ("Webhooks security") and twilio-python's `RequestValidator`: the text signed is the URL that
Twilio was given, query string included, and then name and value of each form field, sorted, without duplicates; Twilio
itself is inconsistent about the port, so the URL counts with it and without. A body that is no form is covered by the
query's `bodySHA256`, its SHA-256 in hex. There is no signed time. The algorithm is an option and never taken from
`X-Twilio-Webhooks-Signature-Settings`. Stricter than the package on purpose: a body that is no form needs `bodySHA256`,
a `bodySHA256` must always be the body's, a form has a `=` in each field and does not begin like JSON, so that nothing
else passes for one. What separates the fields of a form is not signed; a field can be cut or joined at its ends.
"""

from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import SplitResult, parse_qsl, urlsplit

import attrs

from domain import coverage
from domain.coverage import Covered
from domain.verification import SigningSecret, Verifier
from infrastructure import forms
from infrastructure.signatures import hmacs, keys, options, verifying
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers, Matches, Presented, Signed, Unverifiable

OPTIONS = frozenset({"url", "algorithm"})
HEADER = "x-twilio-signature"
_PORTS = {"http": 80, "https": 443}


def recipe(given: Options) -> "Twilio":
    """Read the options: `url`, by default the endpoint's own, and `algorithm`, `sha1` by default."""
    algorithm = options.choice(given, "algorithm", ("sha1", "sha256"), "sha1")
    return Twilio(algorithm, options.url(given, "url") if "url" in given else None)


@attrs.frozen
class Twilio:
    """The recipe; `url` is the address that Twilio was given, None for the endpoint's own."""

    algorithm: str
    url: str | None

    @property
    def covered(self) -> Covered:
        """The body; the URL too, but no setting reads that."""
        return coverage.BODY

    def check(self, secret: str) -> None:
        """Raise `Refused` unless `secret` can be an auth token."""
        keys.as_is(secret)

    def verifier(self, scheme: str, secrets: Iterable[SigningSecret], url: str) -> Verifier:
        """Compile the verifier for the address `url`, unless the options name another."""
        begins = addresses(self.url or url)
        matcher = partial(_matcher, algorithm=self.algorithm, begins=begins)
        return Signed(self._read, matcher, self.covered).verifier(scheme, secrets, url)

    def _read(self, headers: Headers, body: bytes, query: str) -> Presented:
        value = verifying.present(headers, HEADER)
        signature = hmacs.BASE64.read(value, hmacs.DIGEST_SIZES[self.algorithm], HEADER)
        return Presented((signature,), _query(query) + _body(headers, body, query))


def addresses(url: str) -> tuple[bytes, ...]:
    """The spellings of a URL that Twilio may have signed: with the port, and without."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = parts.port or _PORTS.get(parts.scheme, 80)
    return tuple(_at(parts, netloc) for netloc in (host, f"{host}:{port}"))


def _at(parts: SplitResult, netloc: str) -> bytes:
    return parts._replace(netloc=netloc).geturl().encode()


def _matcher(secret: str, *, algorithm: str, begins: tuple[bytes, ...]) -> Matches:
    key = keys.as_is(secret)
    matchers = [hmacs.matcher(key, algorithm, hmacs.BASE64, url) for url in begins]
    return lambda covered, signatures: any(matches(covered, signatures) for matches in matchers)


def _query(query: str) -> bytes:
    if not query:
        return b""
    if not query.isascii() or not query.isprintable() or "#" in query:
        raise Unverifiable("signature_malformed", "the query string holds characters that no URL has")
    return b"?" + query.encode()


def _body(headers: Headers, body: bytes, query: str) -> bytes:
    """What of the body is signed as text. Raises `Unverifiable` where it is covered by nothing."""
    form = forms.announced(headers.get("content-type", ""))
    if "bodySHA256" in query:
        _check_digest(body, query)
    elif body and not form:
        raise Unverifiable("signature_missing", "the body is no form, and no bodySHA256 in the query string covers it")
    return _fields(body) if form and body else b""


def _check_digest(body: bytes, query: str) -> None:
    stated = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "bodySHA256"]
    if len(stated) != 1 or not stated[0].isascii():
        raise Unverifiable("signature_malformed", "the query string does not hold one bodySHA256")
    if not compare_digest(sha256(body).hexdigest(), stated[0]):
        raise Unverifiable("signature_mismatch", "the body is not the one whose bodySHA256 is in the query string")


def _fields(body: bytes) -> bytes:
    if body.lstrip().startswith(b"{"):
        # Whoever reads bodies takes such a one for JSON; cut into fields, its text could be that of a genuine form.
        raise Unverifiable("signature_malformed", "the body is said to be a form but begins like JSON")
    try:
        fields = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=forms.MOST_FIELDS,
        )
    except ValueError as problem:
        message = f"the body is no form of at most {forms.MOST_FIELDS} fields, each as name=value in UTF-8"
        raise Unverifiable("signature_malformed", message) from problem
    return "".join(name + value for name, value in sorted(set(fields))).encode()
