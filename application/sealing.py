"""Sealing: following the log with signed checkpoints, in the database and outside, and refusing a log that went back.

Nothing that was sealed is ever overwritten. What is in one place and not in the other is completed; where the two
contradict each other, sealing stops until a person has looked.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from application.ports import Clock
from application.seals import Checkpoints, Outside, Sealed, Signer, StoredLog
from domain import chain, checkpoints, errors
from domain.checkpoints import Checkpoint

PAGE = 1_000


class LogWentBack(errors.Refused):
    """The log holds less than it held once, or something else: it was truncated, or restored from a backup."""


class CheckpointsDisagree(errors.Refused):
    """A checkpoint here and the one outside, or its signature, contradict each other."""


@attrs.frozen(kw_only=True)
class Sealing:
    """The use case. A checkpoint is due once `events` wait for it, or one that waits for `seconds`."""

    log: StoredLog
    checkpoints: Checkpoints
    outside: Outside
    signer: Signer
    clock: Clock
    events: int
    seconds: float

    def require_whole_log(self) -> None:
        """Raise LogWentBack when somebody has read or sealed more of the log than there is."""
        head, settled, last = self.log.head(), self.log.settled(), self.checkpoints.last()
        if settled > head:
            raise _went_back(f"the worker has read up to position {settled}, but the log ends at {head}")
        if last is not None and last.position > head:
            raise _went_back(f"the log was sealed up to position {last.position}, but it ends at {head}")
        ahead = self.ahead()
        if ahead and ahead[-1].position > head:
            words = f"{self.outside.name} tells of position {ahead[-1].position}, but the log ends at {head}"
            raise _went_back(words)
        for _ in self._sealed_again(last, ahead):
            pass

    def agree(self) -> None:
        """Complete what is here and not outside, or outside and not here. Raises CheckpointsDisagree, LogWentBack."""
        last, known = self.checkpoints.last(), self.outside.last()
        for each in (last, known):
            self._require_signature(each)
        common = min(last.number if last else 0, known.number if known else 0)
        if last and known and known.number == common:
            self._require_same(known)
        for sealed in self._sealed_again(last, self.ahead()):
            self.checkpoints.add(sealed)
        while page := self.checkpoints.after(common, PAGE):
            for each in page:
                self._require_signature(each)
            common = page[-1].number
            self._publish([each for each in page if known is None or each.number > known.number])

    def seal(self) -> bool:
        """Write the next checkpoint if one is due, and say whether there was. Raises LogWentBack."""
        last, head = self.checkpoints.last(), self.log.head()
        position = last.position if last else 0
        if head < position:
            raise _went_back(f"the log was sealed up to position {position}, but it ends at {head}")
        now = self.clock()
        if head == position or (head - position < self.events and not self._waited(last, now)):
            return False
        rows = self.log.page(after=position, upto=head, limit=self.events)
        self._seal(last, rows, now)
        return True

    def _waited(self, last: Checkpoint | None, now: datetime) -> bool:
        if last is None:
            return True
        since = now - datetime.fromisoformat(last.at)
        return not timedelta(0) <= since < timedelta(seconds=self.seconds)  # a clock that was put back has waited too

    def _seal(self, last: Checkpoint | None, rows: Sequence[chain.Digested], now: datetime) -> None:
        leaves, positions = [chain.leaf_of(*row) for row in rows], [row[0] for row in rows]
        unsigned = checkpoints.following(
            last, base=last, position=positions[-1], leaves=leaves, at=now, key_id=self.signer.key_id
        )
        signed = self.signer.signed(unsigned)
        self.write(Sealed(checkpoint=signed, positions=positions, leaves=leaves))

    def write(self, sealed: Sealed) -> None:
        """Write a checkpoint down, here and then outside."""
        self.checkpoints.add(sealed)
        self._publish([sealed.checkpoint])

    def _publish(self, signed: Sequence[Checkpoint]) -> None:
        place = self.outside.place
        assert place is not None
        if not signed:
            return
        try:
            self.outside.add(signed)
        except OSError as error:
            self.checkpoints.note(place, 0, str(error))
            raise
        self.checkpoints.note(place, signed[-1].number, None)

    def ahead(self) -> list[Checkpoint]:
        """What is outside and not here."""
        last = self.checkpoints.last()
        known, number = self.outside.last(), last.number if last else 0
        if known is None or known.number <= number:
            return []
        lines = (each for each in self.outside.lines() if isinstance(each, Checkpoint))
        return [each for each in lines if each.number > number and self.signer.objection(each) is None]

    def _sealed_again(self, base: Checkpoint | None, ahead: Sequence[Checkpoint]) -> Iterator[Sealed]:
        """These checkpoints with their leaves, as the log has them. Raises LogWentBack where it has others."""
        before = base
        for each in ahead:
            if each.previous != (before.digest if before else checkpoints.NOTHING):
                raise CheckpointsDisagree(
                    f"checkpoint {each.number} in {self.outside.name} does not follow the one in the database{ADVICE}"
                )
            before = each
            if any((later.back_to or each.number) < each.number < later.number for later in ahead):
                yield Sealed(checkpoint=each, positions=(), leaves=())  # it was given up, and so were its events
                continue
            base = self.checkpoints.numbered(each.back_to) if each.back_to is not None else base
            yield self._sealed(base, each)
            base = each

    def _sealed(self, base: Checkpoint | None, upto: Checkpoint) -> Sealed:
        after = base.position if base else 0
        rows = self._rows(after, upto.position)
        leaves = [chain.leaf_of(*row) for row in rows]
        head = chain.folded(leaves, bytes.fromhex(base.head) if base else chain.GENESIS)
        if head.hex() != upto.head:
            between = f"between positions {after} and {upto.position}"
            raise _went_back(f"{self.outside.name} knows of other events {between} than the log holds")
        return Sealed(checkpoint=upto, positions=[row[0] for row in rows], leaves=leaves)

    def _rows(self, after: int, upto: int) -> list[chain.Digested]:
        rows: list[chain.Digested] = []
        while page := self.log.page(after=after, upto=upto, limit=PAGE):
            rows += page
            after = page[-1][0]
        return rows

    def _require_signature(self, checkpoint: Checkpoint | None) -> None:
        objection = self.signer.objection(checkpoint) if checkpoint else None
        if checkpoint is not None and objection is not None:
            raise CheckpointsDisagree(f"checkpoint {checkpoint.number} does not count: {objection}{ADVICE}")

    def _require_same(self, known: Checkpoint) -> None:
        here = self.checkpoints.numbered(known.number)
        if here is None or here.digest != known.digest:
            raise CheckpointsDisagree(
                f"checkpoint {known.number} in the database is not the one in {self.outside.name}{ADVICE}"
            )


ADVICE = (
    "; nothing is sealed until somebody has found out which is right: run hookledger audit verify, and see "
    "docs/auditing.md"
)


def _went_back(what: str) -> LogWentBack:
    return LogWentBack(
        f"{what}: it was truncated, or restored from an older backup. If it was restored on purpose, say so with "
        "hookledger audit accept-restore --reason '…'; else find out who did it, with hookledger audit verify"
    )
