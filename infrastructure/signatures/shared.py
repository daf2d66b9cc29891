"""The schemes whose requests carry the secret itself: `shared_header`, `gitlab`, `bearer` and `basic`.

They prove who sends but not what: the body is covered by nothing, and there is no time. Digests of the secrets are
compared instead of the secrets, so that the comparison tells nothing about a secret's length either.
"""

import base64
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest

from infrastructure.signatures import keys, options, verifying
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers, Matches, Presented, Signed, Unverifiable

SHARED_HEADER_OPTIONS = frozenset({"header"})
NO_OPTIONS: frozenset[str] = frozenset()


def shared_header(given: Options) -> Signed:
    """The header named by option `header` equals the secret, byte for byte.

    The default `x-webhook-secret` is the header of Knock's Custom HTTP source (docs: sources/custom-http).
    """
    return _in_header(options.header(given, "header", "x-webhook-secret"))


def gitlab(given: Options) -> Signed:
    """`X-Gitlab-Token` equals the secret token (docs.gitlab.com, "Webhooks"), byte for byte.

    GitLab's newer signing tokens are Standard Webhooks and belong to the scheme `standard_webhooks`.
    """
    return _in_header("x-gitlab-token")


def bearer(given: Options) -> Signed:
    """`Authorization: Bearer <secret>`, as Amplitude and Clay send it when so set up (Knock docs: sources/clay).

    The scheme word is case-insensitive (RFC 9110 §11.1). RFC 6750 §2.1 allows several spaces after it, but no known
    sender writes them, so exactly one is accepted: one credential has one spelling.
    """

    def read(headers: Headers, body: bytes, query: str) -> Presented:
        return Presented(authorization(headers, "Bearer", "the secret"), b"")

    return Signed(read, visible)


def basic(given: Options) -> Signed:
    """`Authorization: Basic <base64>` (RFC 7617); the secret is `user:password` as it stands before encoding."""

    def read(headers: Headers, body: bytes, query: str) -> Presented:
        return Presented(authorization(headers, "Basic", "user:password in base64"), b"")

    return Signed(read, lambda secret: _equal(base64.b64encode(keys.user_and_password(secret))))


def authorization(headers: Headers, word: str, what: str) -> tuple[bytes, ...]:
    """What stands in the header authorization after `word` and one space. Raises `Unverifiable`."""
    given, _, credential = verifying.present(headers, "authorization").partition(" ")
    if given.lower() != word.lower() or not credential or credential[0] == " ":
        message = f"the header authorization is not {word}, one space and {what}"
        raise Unverifiable("signature_malformed", message)
    return _ascii(credential, "authorization")


def visible(secret: str) -> Matches:
    """Make the matcher of a secret that is sent as it is. Raises `Refused`."""
    return _equal(keys.visible(secret))


def _in_header(name: str) -> Signed:
    def read(headers: Headers, body: bytes, query: str) -> Presented:
        return Presented(_ascii(verifying.present(headers, name), name), b"")

    return Signed(read, visible)


def _ascii(value: str, name: str) -> tuple[bytes, ...]:
    # Secrets are ASCII (`keys.visible`), so anything else can only be a mistake.
    if not value.isascii():
        raise Unverifiable("signature_malformed", f"the header {name} holds characters outside ASCII")
    return (value.encode(),)


def _equal(expected: bytes) -> Callable[[bytes, tuple[bytes, ...]], bool]:
    digest = sha256(expected).digest()
    return lambda covered, values: any(compare_digest(digest, sha256(value).digest()) for value in values)
