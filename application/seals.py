"""The ports of tamper evidence: the log as it is stored, the checkpoints over it here and outside, the signing key."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import attrs

from domain.chain import Digested, Row
from domain.checkpoints import Checkpoint


@attrs.frozen(kw_only=True)
class Sealed:
    """A checkpoint with the positions and leaves of the events that it added to what was covered before."""

    checkpoint: Checkpoint
    positions: Sequence[int]
    leaves: Sequence[bytes]


@attrs.frozen(kw_only=True)
class Unreadable:
    """A line of the checkpoint file that is none: its number, counted from 1, and why."""

    line: int
    words: str


@attrs.frozen(kw_only=True)
class Publication:
    """How far the checkpoints have come to a place outside, and what went wrong there last."""

    place: str
    number: int
    error: str | None
    at: datetime


class StoredLog(Protocol):
    """The log as bytes, which nothing here decodes."""

    def head(self) -> int:
        """The position of the last event; 0 when there is none."""

    def page(self, *, after: int, upto: int, limit: int) -> Sequence[Digested]:
        """The next events after a position, in order: at least one if there is any."""

    def rows(self, *, after: int | None, upto: int) -> AbstractContextManager[Iterator[Row]]:
        """All events up to a position as they are at this moment, in order; without `after`, any before the first."""

    def settled(self) -> int:
        """The position up to which the worker has read."""

    def skip_to(self, position: int) -> None:
        """Give no position away any more that is not after this one."""


class Checkpoints(Protocol):
    """The checkpoints beside the log. Each is written once."""

    def last(self) -> Checkpoint | None:
        """The newest one."""

    def numbered(self, number: int) -> Checkpoint | None:
        """The one with a number."""

    def after(self, number: int, limit: int) -> Sequence[Checkpoint]:
        """Those that follow, in the order of their numbers."""

    def restores(self) -> Sequence[Checkpoint]:
        """Those that say of others that they were given up."""

    def before(self, position: int) -> Checkpoint | None:
        """The newest in force whose position is less than this one."""

    def covering(self, position: int) -> Checkpoint | None:
        """The first in force whose position is not less than this one."""

    def sealed(self, number: int) -> Sealed | None:
        """One with its leaves; None where they cannot be read."""

    def add(self, sealed: Sealed) -> None:
        """Write one down. Raises Conflict if its number is taken."""

    def published(self) -> Sequence[Publication]:
        """How far each place outside is."""

    def note(self, place: str, number: int, error: str | None) -> None:
        """Say how far a place outside is; it never falls back."""


class Outside(Protocol):
    """The checkpoints where whoever changes the database does not reach them, one after the other."""

    @property
    def name(self) -> str:
        """What it is called in findings."""

    @property
    def place(self) -> str | None:
        """Under which name a publication speaks of it, if one does."""

    def lines(self) -> Iterator[Checkpoint | Unreadable]:
        """All of them in order, and what stands there although it is none."""

    def last(self) -> Checkpoint | None:
        """The newest one that can be read."""

    def add(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Write these down, so that they survive a power cut. Raises OSError."""


class Signer(Protocol):
    """The key that checkpoints are signed with."""

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the SHA-256 of the public key."""

    @property
    def public_key(self) -> str:
        """Its 32 bytes in base64."""

    def signed(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint with its signature."""

    def objection(self, checkpoint: Checkpoint) -> str | None:
        """Why the signature does not count; None where it does."""
