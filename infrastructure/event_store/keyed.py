"""The library's stored events, each with the salt that belongs beside it."""

from dataclasses import dataclass

from eventsourcing.persistence import Notification, StoredEvent


@dataclass(frozen=True)
class KeyedEvent(StoredEvent):
    """An event to be stored. `salt` is that of its stream's key where the key is new, and is stored with it."""

    salt: bytes | None


@dataclass(frozen=True)
class KeyedNotification(Notification):
    """An event that was stored. `salt` is that of its stream's key, None where there is none or none any more."""

    salt: bytes | None
