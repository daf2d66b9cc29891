"""Receipts: what a sender gets with a 2xx, and what it proves later: that the log holds exactly what was accepted."""

import re
from collections.abc import Sequence

import attrs

from application.seals import Checkpoints, StoredLog
from domain import acceptances, chain, errors
from domain.checkpoints import Checkpoint
from domain.log_proofs import Seen


class ReceiptInvalid(errors.Refused):
    """A receipt that was never given out."""


@attrs.frozen(kw_only=True)
class Checked:
    """What became of what a receipt tells of. `events` are topic, version and stream of each; empty if it is not held.

    `checkpoint` is the one that covers it, None while none does; `outside` says where else that checkpoint is.
    """

    position: int
    held: bool
    words: str
    events: tuple[tuple[int, str, int, str], ...] = ()
    checkpoint: Checkpoint | None = None
    outside: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Receipts:
    """The use case."""

    log: StoredLog
    checkpoints: Checkpoints

    def check(self, position: int, digest: str, *, events: int = 1) -> Checked:
        """Whether the log holds exactly this at this position. Raises ReceiptInvalid for what cannot be a receipt."""
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise ReceiptInvalid(f"digest is {digest!r}; it must be 64 digits, 0 to 9 and a to f", field="digest")
        if not 0 < position < 2**63:
            raise ReceiptInvalid(f"position is {position}; positions count from 1", field="position")
        if not 0 < events <= min(position, acceptances.MOST):
            raise ReceiptInvalid(f"events is {events}; it must be the number in the receipt", field="events")
        seen = self._seen(position - events, position)
        if not seen or acceptances.digest([each[4] for each in seen]) != digest:
            return Checked(position=position, held=False, words=self._objection(position, seen))
        return self._held(position, seen)

    def _seen(self, after: int, upto: int) -> Sequence[Seen]:
        with self.log.rows(after=after, upto=upto) as rows:
            return [(*row[:4], chain.leaf(*row)) for row in rows]

    def _objection(self, position: int, seen: Sequence[Seen]) -> str:
        if seen:
            return "the log holds something else there: another event was accepted, or it was altered since"
        head = self.log.head()
        if position > head:
            return f"the log ends at position {head}: it was truncated, restored, or never held this"
        return "the log holds nothing there: it was deleted, or was never accepted"

    def _held(self, position: int, seen: Sequence[Seen]) -> Checked:
        checkpoint = self.checkpoints.covering(position)
        covered = "no checkpoint covers it yet"
        outside: tuple[str, ...] = ()
        if checkpoint is not None:
            outside = tuple(e.place for e in self.checkpoints.published() if e.number >= checkpoint.number)
            covered = f"checkpoint {checkpoint.number} of {checkpoint.at} covers it"
        return Checked(
            position=position,
            held=True,
            words=f"the log holds exactly what was accepted, and {covered}",
            events=tuple(each[:4] for each in seen),
            checkpoint=checkpoint,
            outside=outside,
        )
