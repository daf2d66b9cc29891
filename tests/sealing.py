"""Stored events taken apart into what anybody may read and what was sealed, and put together again."""

import re

import attrs
from eventsourcing.persistence import StoredEvent

from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.data_keys import DataKey, DataKeys

MASTER = b"a master key that golden files use"
VARYING = re.compile(r'("digest"|"key"):"[0-9a-f]+"')


@attrs.frozen
class Parts:
    """An event as it is stored, in the clear. `envelope` is without what changes with the ciphertext."""

    envelope: str
    data: str
    private: str | None
    body: bytes | None


def mapper(salts: dict[str, bytes]) -> RecordMapper:
    """A mapper that knows the keys of these salts."""
    return RecordMapper(DataKeys(MASTER, salts.get))


def key(salt: bytes) -> DataKey:
    """The key made of a salt."""
    return DataKeys(MASTER, _unknown).stored("", salt)


def _unknown(stream: str) -> None:
    return None


def parts(stored: StoredEvent, stream: str) -> Parts:
    """An event taken apart; one with a key must have been stored with its salt at hand."""
    envelope, _, payload = stored.state.partition(b"\n")
    data, cut, rest = payload.partition(b"\n")
    private, body = None, rest if cut else None
    salt = getattr(stored, "salt", None)
    if salt is not None:
        text, cut, rest = key(salt).open(rest, context(stream, stored.topic)).partition(b"\n")
        private, body = text.decode(), rest if cut else None
    told = envelope.decode()
    return Parts(told if salt is None else VARYING.sub(r'\1:"…"', told), data.decode(), private, body)


def sealed(taken: Parts, stream: str, topic: str) -> tuple[RecordMapper, bytes]:
    """A mapper and a state that it can read: the parts as they would be stored under a new key."""
    new = DataKeys(MASTER, _unknown).new()
    lines = [taken.envelope.replace('"key":"…"', f'"key":"{new.id}"').encode(), taken.data.encode()]
    if taken.private is not None:
        plain = b"\n".join([taken.private.encode(), *([] if taken.body is None else [taken.body])])
        lines.append(new.seal(plain, context(stream, topic)))
    elif taken.body is not None:
        lines.append(taken.body)
    return mapper({stream: new.salt}), b"\n".join(lines)


def context(stream: str, topic: str) -> bytes:
    """What the first event of a stream is bound to."""
    return f"{stream}\n1\n{topic}".encode()
