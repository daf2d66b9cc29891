"""The scheme `ed25519`: the asymmetric signatures of Standard Webhooks 1.0, `v1a,<base64>`.

Facts from the specification (standardwebhooks.com): headers and signed text are those of `v1`; the signature is Ed25519
under the sender's private key, and what is kept here is the public one, `whpk_` and 32 bytes in base64. Only `v1a` is
looked at: with `v1` beside it, whoever knows the public key could use it as the secret of an HMAC.
"""

import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from infrastructure.signatures import hmacs, keys, options
from infrastructure.signatures.options import Options
from infrastructure.signatures.standard_webhooks import COVERED, OPTIONS, Version
from infrastructure.signatures.verifying import Matches, Signed

__all__ = ["OPTIONS", "recipe"]

_SIGNATURE, _KEY = 64, 32
# The points of small order, by their y. Under such a key, an all-zero one for instance, anybody can sign.
_PRIME = 2**255 - 19
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = frozenset({0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH})


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default."""
    return Signed(Version("v1a", _SIGNATURE).read, _matcher, COVERED, options.tolerance(given))


def _matcher(secret: str) -> Matches:
    key = Ed25519PublicKey.from_public_bytes(_public(secret))

    def matches(covered: bytes, signatures: tuple[bytes, ...]) -> bool:
        return any(_signs(key, signature, covered) for signature in signatures)

    return matches


def _public(secret: str) -> bytes:
    raw = keys.decoded(secret, keys.PUBLIC)
    if len(raw) != _KEY:
        raise keys.refused(f"it decodes to {len(raw)} bytes; a public key has {_KEY}; paste all of it")
    if int.from_bytes(raw, "little") % 2**255 % _PRIME in _SMALL:
        raise keys.refused("it is a public key under which anybody can sign; paste the key that the provider shows")
    return raw


def _signs(key: Ed25519PublicKey, text: bytes, covered: bytes) -> bool:
    signature = binascii.a2b_base64(text)
    if hmacs.BASE64.encode(signature) != text:
        return False  # one signature has one spelling
    try:
        key.verify(signature, covered)
    except InvalidSignature:
        return False
    return True
