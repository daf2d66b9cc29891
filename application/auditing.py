"""What auditors ask of tamper evidence: a proof of the log, what a receipt stands for, the key that signs."""

import threading

import attrs

from application.errors import Busy
from application.proving import Proof, Proving
from application.receipts import Receipts
from application.seals import Outside, Signer


@attrs.frozen(kw_only=True)
class Auditing:
    """The use cases, for an interface that serves many at once."""

    proving: Proving
    receipts: Receipts
    outside: Outside
    signer: Signer
    _one_at_a_time: threading.Semaphore = attrs.field(factory=threading.Semaphore)

    def prove(self, *, first: int, last: int | None) -> Proof:
        """Verify the log against the checkpoints here and outside. Raises Busy while another verification runs."""
        if not self._one_at_a_time.acquire(blocking=False):
            raise Busy("a verification is under way; ask again when it is done")
        try:
            return self.proving.prove(self.outside, first=first, last=last, progress=lambda done, total: None)
        finally:
            self._one_at_a_time.release()
