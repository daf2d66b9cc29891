"""Accepting a restore: an operator says that the log went back on purpose, and it is on record from then on."""

import attrs

from application.checkpoint_comparing import Comparing, Notebook
from application.ports import EventStore
from application.records import Attribution, Change
from application.sealing import LogWentBack, Sealing
from application.seals import Sealed
from domain import chain, checkpoints, errors
from domain.checkpoints import Checkpoint
from domain.restores import RestoreAccepted, stream

ACTOR = "operator"


class NothingToAccept(errors.Refused):
    """The log holds everything that was ever sealed."""


class ReasonMissing(errors.Refused):
    """A restore is accepted for a reason, which is put on record."""


@attrs.frozen(kw_only=True)
class Restoring:
    """The use case."""

    sealing: Sealing
    store: EventStore

    def accept(self, *, reason: str) -> RestoreAccepted:
        """Go on from where the log stands. Raises NothingToAccept or ReasonMissing."""
        if not reason.strip():
            raise ReasonMissing("reason is empty; say why the log was restored", field="reason")
        self._require_something_to_accept()
        sealing = self.sealing
        self._complete()
        newest, base = sealing.checkpoints.last(), self._base()
        accepted = RestoreAccepted(
            reason=reason,
            position=sealing.log.head(),
            back_to=base.number if base else 0,
            given_up=newest.number if newest else 0,
            lost_position=self._lost(newest),
            accepted_at=sealing.clock(),
        )
        self._record(accepted)
        if newest is not None:
            self._go_on(newest, base)
        return accepted

    def _require_something_to_accept(self) -> None:
        try:
            self.sealing.require_whole_log()
        except LogWentBack:
            return
        raise NothingToAccept("the log holds everything that was ever sealed; there is no restore to accept")

    def _complete(self) -> None:
        """Write down here what is outside, so that both know all that was ever sealed."""
        for each in self.sealing.ahead():
            self.sealing.checkpoints.add(Sealed(checkpoint=each, positions=(), leaves=()))

    def _base(self) -> Checkpoint | None:
        """The last checkpoint up to which the log is as it was sealed."""
        sealing, base = self.sealing, None
        comparing = Comparing(
            checkpoints=sealing.checkpoints,
            outside=sealing.outside,
            signer=sealing.signer,
            notebook=Notebook(),
            upto=2**63,
        )
        with sealing.log.rows(after=None, upto=sealing.log.head()) as rows:
            head, row = chain.GENESIS, next(rows, None)
            for each in comparing.in_force(None):
                while row is not None and row[0] <= each.position:
                    head, row = chain.extended(head, chain.leaf(*row)), next(rows, None)
                if head.hex() != each.head:
                    break
                base = each
        return base

    def _lost(self, newest: Checkpoint | None) -> int:
        sealing, number, highest = self.sealing, 0, 0
        while page := sealing.checkpoints.after(number, 1_000):
            highest, number = max(highest, *(each.position for each in page)), page[-1].number
        return max(highest, sealing.log.settled(), sealing.log.head())

    def _record(self, accepted: RestoreAccepted) -> None:
        """Put it on record, at a position that nobody was ever told of."""
        self.sealing.log.skip_to(accepted.lost_position)
        name = stream(accepted.given_up + 1)
        version = len(self.store.history(name))  # more than 0 after an acceptance that was broken off
        self.store.append(
            Change(stream=name, version=version, events=(accepted,), attribution=Attribution(actor=ACTOR))
        )

    def _go_on(self, newest: Checkpoint, base: Checkpoint | None) -> None:
        sealing = self.sealing
        unsigned = checkpoints.following(
            newest,
            base=base,
            position=base.position if base else 0,
            leaves=[],
            at=sealing.clock(),
            key_id=sealing.signer.key_id,
        )
        sealing.write(Sealed(checkpoint=sealing.signer.signed(unsigned), positions=(), leaves=()))
