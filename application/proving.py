"""Proving that the log is as it was sealed: recompute its chain, check every signature, compare with the outside."""

from collections.abc import Callable, Iterator, Sequence

import attrs

from application.checkpoint_comparing import Comparing, Notebook
from application.seals import Checkpoints, Outside, Signer, StoredLog
from domain import chain, log_proofs
from domain.checkpoints import Checkpoint
from domain.log_proofs import Finding, Seen

LIMITS = (
    "Events that no checkpoint outside the database covers yet: whoever may write the database can change or cut them.",
    "Changes by somebody who holds the signing key and can also rewrite the checkpoint file and every copy of it.",
    "What was untrue when it was stored: events are proved to be as they were sealed, not who wrote them.",
)
"""What no proof can show, in words."""

NOT_HERE = "now holds none: it was deleted, or is kept on another machine, from which a copy can be compared"

Progress = Callable[[int, int], None]
"""Told which position of the log is reached, and which is the last."""


@attrs.frozen(kw_only=True)
class Proof:
    """What came of a verification. `notes` are worth knowing and nothing wrong; of the findings some may be omitted.

    `outside_upto` is the position up to which checkpoints outside the database vouch for the log.
    """

    findings: tuple[Finding, ...]
    omitted: int
    notes: tuple[str, ...]
    events: int
    checkpoints: int
    head: int
    sealed_upto: int
    outside_upto: int
    unsealed: int

    @property
    def sound(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.findings


@attrs.frozen(kw_only=True)
class Proving:
    """The use case."""

    log: StoredLog
    checkpoints: Checkpoints
    signer: Signer

    def prove(self, outside: Outside, *, progress: Progress, first: int = 1, last: int | None = None) -> Proof:
        """Verify the log, or as many whole stretches between checkpoints as hold the positions `first` to `last`."""
        notebook, base = Notebook(), self._base(first)
        comparing = Comparing(
            checkpoints=self.checkpoints,
            outside=outside,
            signer=self.signer,
            notebook=notebook,
            # Before anything else, for a gateway goes on sealing: what this covers must be in the log that is read.
            upto=max((each.number for each in (self.checkpoints.last(), outside.last()) if each), default=0),
        )
        head = self.log.head()
        with self.log.rows(after=base.position if base else None, upto=head) as rows:
            going = _Going(self.checkpoints, notebook, rows, base)
            for each in comparing.in_force(base):
                going.compare(each)
                progress(min(each.position, head), head)
                if last is not None and each.position >= last:
                    break
            else:
                going.count_rest()
        progress(head, head)
        return _proof(going, comparing, head, [*_notes(comparing), *self._lag(comparing)])

    def _base(self, first: int) -> Checkpoint | None:
        base = self.checkpoints.before(first) if first > 1 else None
        return base if base is not None and self.signer.objection(base) is None else None

    def _lag(self, comparing: Comparing) -> Iterator[str]:
        """What has not come to the places outside yet; and what was there once and is no more, which is a finding."""
        newest, outside = self.checkpoints.last(), comparing.outside
        for each in self.checkpoints.published():
            if newest and each.number < newest.number:
                trouble = f": {each.error}" if each.error else ""
                yield f"{newest.number - each.number} checkpoints have not come to the {each.place} yet{trouble}"
            seen = outside.last() if each.place == outside.place else None
            if each.place == outside.place and each.number > (seen.number if seen else 0):
                ends = f"now ends at {seen.number}: it was cut, or is another file" if seen else NOT_HERE
                words = f"{outside.name} once held checkpoint {each.number}, and {ends}"
                comparing.notebook.add(Finding(kind="checkpoint_missing", words=words, checkpoint=each.number))


@attrs.define
class _Going:
    """Where a verification is: `base` is the checkpoint up to which everything was compared."""

    checkpoints: Checkpoints
    notebook: Notebook
    rows: Iterator[chain.Row]
    base: Checkpoint | None
    events: int = 0
    unsealed: int = 0
    row: chain.Row | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.row = next(self.rows, None)

    def compare(self, upto: Checkpoint) -> None:
        """Hold the events up to a checkpoint against it, and go on from what it says whatever they are."""
        seen, base = self._seen(upto.position), self.base
        head = chain.folded((each[4] for each in seen), bytes.fromhex(base.head) if base else chain.GENESIS)
        if (head.hex(), (base.events if base else 0) + len(seen)) != (upto.head, upto.events):
            found = log_proofs.stretch(base, upto, seen, self._sealed(upto.number), ends=self.row is None)
            self.notebook.add(*found)
        self.base, self.events = upto, self.events + len(seen)

    def _seen(self, upto: int) -> Sequence[Seen]:
        seen, row, rows, leaf = list[Seen](), self.row, self.rows, chain.leaf
        while row is not None and row[0] <= upto:
            position, stream, version, topic, state = row
            seen.append((position, stream, version, topic, leaf(position, stream, version, topic, state)))
            row = next(rows, None)
        self.row = row
        return seen

    def _sealed(self, number: int) -> dict[int, bytes] | None:
        kept = self.checkpoints.sealed(number)
        return dict(zip(kept.positions, kept.leaves, strict=True)) if kept else None

    def count_rest(self) -> None:
        """Count what no checkpoint covers."""
        self.unsealed = 0 if self.row is None else 1 + sum(1 for _ in self.rows)


def _notes(comparing: Comparing) -> Iterator[str]:
    for each in comparing.restores.values():
        back = f"checkpoint {each.back_to}" if each.back_to else "its beginning"
        given_up = f"checkpoints {(each.back_to or 0) + 1} to {each.number - 1}"
        yield f"at {each.at} it was accepted that the log had been restored to {back}; {given_up} were given up"


def _proof(going: _Going, comparing: Comparing, head: int, notes: Sequence[str]) -> Proof:
    notebook = comparing.notebook
    return Proof(
        findings=tuple(notebook.found),
        omitted=notebook.omitted,
        notes=tuple(notes),
        events=going.events,
        checkpoints=comparing.count,
        head=head,
        sealed_upto=going.base.position if going.base else 0,
        outside_upto=comparing.outside_upto,
        unsealed=going.unsealed,
    )
