"""The key that checkpoints are signed with (Ed25519), and the only code that knows how."""

import base64
import hashlib
import hmac
from pathlib import Path

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.checkpoints import Checkpoint
from infrastructure.vault import decoded, master_key

DERIVING = b"hookledger/checkpoint-signing/1"


def signer(given: str | None, master: str | None, data_dir: Path) -> "Ed25519Signer":
    """The key from the setting, else the one that follows from the master key: the same in every process."""
    if given:
        seed = decoded(given, "HOOKLEDGER_SIGNING_KEY")
    else:
        seed = hmac.digest(master_key(master, data_dir), DERIVING, hashlib.sha256)
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(seed))


def _name(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


@attrs.frozen
class PublicKey:
    """Checks signatures."""

    key: Ed25519PublicKey

    @property
    def key_id(self) -> str:
        """See the port."""
        return _name(self.key)

    @property
    def public_key(self) -> str:
        """See the port."""
        return base64.b64encode(self.key.public_bytes_raw()).decode()

    def objection(self, checkpoint: Checkpoint) -> str | None:
        """See the port."""
        if checkpoint.key_id != self.key_id:
            return f"it is signed with the key {checkpoint.key_id}, not with {self.key_id}"
        try:
            self.key.verify(bytes.fromhex(checkpoint.signature), checkpoint.message)
        except (InvalidSignature, ValueError):
            return "its signature does not fit what it says, so that it was altered or forged"
        return None


@attrs.frozen
class Ed25519Signer:
    """See the port `Signer`."""

    _private: Ed25519PrivateKey = attrs.field(repr=False)

    @property
    def _public(self) -> PublicKey:
        return PublicKey(self._private.public_key())

    @property
    def key_id(self) -> str:
        """See the port."""
        return self._public.key_id

    @property
    def public_key(self) -> str:
        """See the port."""
        return self._public.public_key

    def signed(self, checkpoint: Checkpoint) -> Checkpoint:
        """See the port."""
        return attrs.evolve(checkpoint, signature=self._private.sign(checkpoint.message).hex())

    def objection(self, checkpoint: Checkpoint) -> str | None:
        """See the port."""
        return self._public.objection(checkpoint)
