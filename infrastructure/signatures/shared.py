"""The schemes `shared_header` and `bearer`: the request carries the secret itself.

They prove who sends but not what: the body is covered by nothing, and there is no time. Digests of the secrets are
compared instead of the secrets, so that the comparison tells nothing about a secret's length either.
"""

from hashlib import sha256

from infrastructure.signatures import keys, options, verifying
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Expectation, Headers, Presented, Signed, Unverifiable

SHARED_HEADER_OPTIONS = frozenset({"header"})
BEARER_OPTIONS: frozenset[str] = frozenset()


def shared_header(given: Options) -> Signed:
    """The header named by option `header` equals the secret, byte for byte.

    The default `x-webhook-secret` is the header of Knock's Custom HTTP source (docs: sources/custom-http).
    """
    name = options.header(given, "header", "x-webhook-secret")

    def read(headers: Headers, body: bytes) -> Presented:
        return _presented(verifying.present(headers, name, "signature_missing"), name)

    return Signed(read, _expectation)


def bearer(given: Options) -> Signed:
    """`Authorization: Bearer <secret>`, as Amplitude and Clay send it when so set up (Knock docs: sources/clay).

    The scheme word is case-insensitive (RFC 9110 §11.1). RFC 6750 §2.1 allows several spaces after it, but no known
    sender writes them, so exactly one is accepted: one credential has one spelling.
    """
    return Signed(_read_bearer, _expectation)


def _read_bearer(headers: Headers, body: bytes) -> Presented:
    word, _, token = verifying.present(headers, "authorization", "signature_missing").partition(" ")
    if word.lower() != "bearer" or not token or token[0] == " ":
        raise Unverifiable("signature_malformed", "the header authorization is not Bearer, one space and the secret")
    return _presented(token, "authorization")


def _presented(value: str, name: str) -> Presented:
    # Secrets are ASCII (`keys.visible`), so anything else can only be a mistake.
    if not value.isascii():
        raise Unverifiable("signature_malformed", f"the header {name} holds characters outside ASCII")
    return Presented((sha256(value.encode()).digest(),), b"")


def _expectation(secret: str) -> Expectation:
    digest = sha256(keys.visible(secret)).digest()
    return lambda covered: digest
