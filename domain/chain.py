"""The hash chain over the log: what each event contributes, and how contributions are chained.

It is over bytes as they are stored, and decodes none of them. docs/auditing.md describes it for others to compute.
"""

import hashlib
import struct
from collections.abc import Iterable

GENESIS = bytes(32)
"""The head of the chain before the first event."""

LEAF = b"hookledger/leaf/1\n"
LINK = b"hookledger/link/1\n"

Row = tuple[int, str, int, str, bytes]
"""What the table holds of an event: position, stream, version, topic and state."""

Digested = tuple[int, str, int, str, bytes]
"""As a Row, with the SHA-256 of the state in the place of the state."""

# Position and version, signed since the columns are, then the lengths of stream and topic, which makes it unambiguous.
_numbers = struct.Struct(">qqII").pack
_sha256 = hashlib.sha256


def leaf(position: int, stream: str, version: int, topic: str, state: bytes) -> bytes:
    """The digest of one event as it is stored, in all its columns: 32 bytes."""
    return leaf_of(position, stream, version, topic, _sha256(state).digest())


def leaf_of(position: int, stream: str, version: int, topic: str, digest: bytes) -> bytes:
    """As `leaf`, for whoever has the digest of the state and not the state."""
    name, kind = stream.encode(), topic.encode()
    numbers = _numbers(position, version, len(name), len(kind))
    return _sha256(b"%b%b%b%b%b" % (LEAF, numbers, name, kind, digest)).digest()


def extended(head: bytes, leaf: bytes) -> bytes:
    """The head of the chain after one more event."""
    return _sha256(b"%b%b%b" % (LINK, head, leaf)).digest()


def folded(leaves: Iterable[bytes], head: bytes = GENESIS) -> bytes:
    """The head of the chain after these events."""
    for each in leaves:
        head = _sha256(b"%b%b%b" % (LINK, head, each)).digest()
    return head
