"""The Vault port: AES-256-GCM under a master key that is never in the database."""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain import errors

KEY_BYTES = 32
NONCE_BYTES = 12
DERIVED_CHARACTERS = 32
FILE = "master.key"

# A key of its own for what is derived, so that the key that encrypts does nothing else.
DERIVING = b"hookledger/derived-text/1"


class MasterKeyInvalid(errors.Refused):
    """The master key is not 32 bytes in base64, or not the one that sealed a secret."""


class MasterKeyVault:
    """Seals with a fresh nonce and binds each ciphertext to its context. See the port."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._deriving = hmac.digest(key, DERIVING, hashlib.sha256)

    def seal(self, plain: str, *, context: str) -> str:
        """See the port."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, plain.encode(), context.encode())
        return base64.b64encode(sealed).decode()

    def open(self, sealed: str, *, context: str) -> str:
        """See the port. Raises MasterKeyInvalid when it was sealed under another key or for another context."""
        data = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], context.encode()).decode()
        except InvalidTag as error:
            raise MasterKeyInvalid(
                "a secret cannot be opened: HOOKLEDGER_MASTER_KEY is not the key under which it was sealed",
                field="HOOKLEDGER_MASTER_KEY",
            ) from error

    def derive(self, context: str) -> str:
        """See the port."""
        derived = hmac.digest(self._deriving, context.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(derived).decode()[:DERIVED_CHARACTERS]


def master_key(given: str | None, data_dir: Path) -> bytes:
    """The key from the setting, else from its file in the data directory, which is made on first use (mode 0600)."""
    if given:
        return decoded(given, "HOOKLEDGER_MASTER_KEY")
    file = data_dir / FILE
    if not file.exists():
        _create(file)
    return decoded(file.read_text(), str(file))


def _create(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    draft = file.with_name(f"{FILE}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        os.link(draft, file)  # whoever comes second keeps the first one's key
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def decoded(text: str, name: str) -> bytes:
    """The 32 bytes of a key in base64. Raises MasterKeyInvalid, which calls it `name`."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyInvalid(f"{name} must be {KEY_BYTES} bytes in base64, such as `openssl rand -base64 32` prints")
    return key
