"""Data keys: each stream with personal data has one of its own, without which nobody reads what is personal in it.

A key follows from the master key, which the database does not hold, and from a salt in a table beside the log. The salt
alone opens nothing; once it is deleted the key is gone for good, while the stored events stay as they are.
"""

import hmac
import os
import threading
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import MapperDeserialisationError

SALT_BYTES = 40
ID_BYTES = 8
"""How much of a salt is the key's public id; the rest is what the key is made of."""

NONCE_BYTES = 12
BLOCK = 4_096
MOST_KNOWN = 4_096
"""Keys that are kept at hand: more than a batch of the worker has."""

# A key of its own for this purpose, so that the master key does nothing here itself.
PURPOSE = b"hookledger/data-keys/1"
PROOF = b"hookledger/this-is-the-key/1"

Random = Callable[[int], bytes]
FindSalt = Callable[[str], bytes | None]
"""The salt of a stream, None if it has none or has it no more."""


class Chance(threading.local):
    """Random bytes of the system's, fetched many at a time because each fetch is a call of the kernel.

    Each thread has bytes of its own, and none are left over in a process that forks off, so that none are used twice.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Fetch anew next time."""
        self._block, self._used = b"", 0

    def __call__(self, size: int) -> bytes:
        """So many random bytes, which nobody else gets."""
        if self._used + size > len(self._block):
            self._block, self._used = os.urandom(max(BLOCK, size)), 0
        self._used += size
        return self._block[self._used - size : self._used]


CHANCE = Chance()
os.register_at_fork(after_in_child=CHANCE.forget)


class PayloadUnreadable(MapperDeserialisationError):
    """The key is there, and yet the payload does not open: another master key, or stored bytes that were altered."""


class DataKey:
    """Seals and opens what is private in the events of one stream."""

    __slots__ = ("_cipher", "_random", "id", "salt")

    def __init__(self, root: bytes, salt: bytes, random: Random) -> None:
        self.id, self.salt, self._random = key_id(salt), salt, random
        self._cipher = AESGCM(hmac.digest(root, salt, "sha256"))

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """The ciphertext, bound to `context`, behind its nonce."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed for `context`. Raises PayloadUnreadable."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            where = " ".join(context.decode(errors="replace").split("\n"))
            raise PayloadUnreadable(
                f"the payload of {where} does not open: HOOKLEDGER_MASTER_KEY is not the key under which it was sealed,"
                " or what is stored was altered"
            ) from error


class DataKeys:
    """The keys of all streams under a master key; `find` looks a salt up that did not come with an event."""

    def __init__(self, master: bytes, find: FindSalt, random: Random = CHANCE) -> None:
        self._root = hmac.digest(master, PURPOSE, "sha256")
        self._random, self._find = random, find
        self._known: dict[str, DataKey] = {}

    def proof(self) -> bytes:
        """What only this master key makes, and what gives nothing away of it."""
        return hmac.digest(self._root, PROOF, "sha256")

    def new(self) -> DataKey:
        """A key that nobody has used. It is there for others once its salt is stored."""
        return DataKey(self._root, self._random(SALT_BYTES), self._random)

    def stored(self, stream: str, salt: bytes) -> DataKey:
        """The key of a stream whose salt was read beside an event."""
        known = self._known.get(stream)
        if known is None or known.salt != salt:
            known = DataKey(self._root, salt, self._random)
            if len(self._known) >= MOST_KNOWN:
                self._known.pop(next(iter(self._known), ""), None)
            self._known[stream] = known
        return known

    def present(self, stream: str) -> DataKey | None:
        """The key that a stream has, as far as is known here, or else as it is stored."""
        known = self._known.get(stream)
        if known is None:
            salt = self._find(stream)
            known = None if salt is None else self.stored(stream, salt)
        return known


def key_id(salt: bytes) -> str:
    """The public id of the key that is made of a salt; it tells nothing of the key."""
    return salt[:ID_BYTES].hex()
