"""Turn a secret as people paste it into key bytes, or say what is wrong with it. A message never holds the secret."""

import base64
import binascii

from domain.errors import Refused

# A paste of nothing or of a stump would let anybody forge: `whsec_` alone decodes to an empty key.
SHORTEST = 6
# Standard Webhooks 1.0 asks for 24 to 64 random bytes and Svix issues 24 or more, but the example in Svix's own manual
# has 18. So less than 24 is tolerated, but not less than 128 bits.
SHORTEST_DECODED = 16
LONGEST = 4_096
"""Characters: what is longer was pasted by mistake."""

PUBLIC = "whpk_"
"""Begins the public keys of Standard Webhooks."""


def refused(right: str) -> Refused:
    """Build the refusal of a secret; `right` says what is wrong and what would be right."""
    return Refused(f"secret: {right}", field="secret")


def as_is(value: str, prefix: str = "") -> bytes:
    """Take the whole text, `prefix` included, as the key; what follows the prefix must not be a stump."""
    _check_paste(value, prefix)
    if value.startswith(PUBLIC):
        raise refused("it is a public key, which is no secret, and belongs to the scheme ed25519")
    if len(value) - len(prefix) < SHORTEST:
        raise refused(f"it has less than {SHORTEST} characters{' after ' + prefix if prefix else ''}; paste all of it")
    return value.encode()


def visible(value: str) -> bytes:
    """Take a text that travels in a header itself: visible ASCII only, as servers trim spaces and guess encodings."""
    key = as_is(value)
    if not value.isascii() or not value.isprintable() or " " in value:
        raise refused("it must be visible ASCII characters without spaces, because it is sent in a header")
    return key


def user_and_password(value: str) -> bytes:
    """Take `user:password`, either of which may be empty as long as the other is not a stump."""
    _check_paste(value, "")
    user, colon, password = value.partition(":")
    if not value.isascii() or not colon:
        raise refused("it must be user:password in ASCII characters, with the colon between them")
    if len(password or user) < SHORTEST:
        raise refused(f"its password has less than {SHORTEST} characters; choose a longer one")
    return value.encode()


def decoded(value: str, prefix: str) -> bytes:
    """Decode what follows `prefix` from standard base64; missing padding is forgiven, as by the official libraries."""
    _check_paste(value, prefix)
    encoded = value.removeprefix(prefix)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (ValueError, binascii.Error) as problem:
        raise refused(f"what follows {prefix} is not standard base64; paste it as the provider shows it") from problem
    if len(key) < SHORTEST_DECODED:
        raise refused(f"it decodes to {len(key)} bytes; at least {SHORTEST_DECODED} are needed; paste all of it")
    return key


def _check_paste(value: str, prefix: str) -> None:
    if len(value) > LONGEST:
        raise refused(f"it has more than {LONGEST} characters; paste the secret and nothing else")
    if not value.strip():
        raise refused("it is empty; paste the secret that the provider shows")
    if value != value.strip():
        raise refused("it begins or ends with white space; paste it without")
    if not value.isprintable():
        raise refused("it holds line breaks or other characters that cannot be seen; paste it without")
    if not value.startswith(prefix):
        raise refused(f"it does not begin with {prefix}; paste the signing secret of the endpoint, not an API key")
