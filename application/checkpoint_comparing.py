"""Comparing the checkpoints in the database with those outside: which of them count, and what does not agree."""

from collections import Counter
from collections.abc import Iterator

import attrs

from application.seals import Checkpoints, Outside, Signer, Unreadable
from domain.checkpoints import NOTHING, Checkpoint
from domain.log_proofs import Finding

PAGE = 1_000
MOST_OF_A_KIND = 20
HERE = "the database"


@attrs.define
class Notebook:
    """What was found, of each kind no more than anybody reads; the rest is counted."""

    found: list[Finding] = attrs.field(factory=list)
    counts: Counter[str] = attrs.field(factory=Counter)

    def add(self, *findings: Finding) -> None:
        """Note these."""
        for each in findings:
            self.counts[each.kind] += 1
            if self.counts[each.kind] <= MOST_OF_A_KIND:
                self.found.append(each)

    @property
    def omitted(self) -> int:
        """How many were only counted."""
        return self.counts.total() - len(self.found)


@attrs.define(kw_only=True)
class Comparing:
    """One comparison under way, of the checkpoints up to a number: later ones may come in while it goes on.

    `outside_upto` is the position up to which something outside vouches for the log.
    """

    checkpoints: Checkpoints
    outside: Outside
    signer: Signer
    notebook: Notebook
    upto: int
    count: int = 0
    outside_upto: int = 0
    _outside_last: int = 0
    restores: dict[int, Checkpoint] = attrs.field(factory=dict)
    _bad: set[tuple[str, int]] = attrs.field(factory=set)

    def in_force(self, base: Checkpoint | None) -> Iterator[Checkpoint]:
        """The checkpoints after `base` that count, in order, without those that were given up."""
        self._learn_restores()
        newest, last = base, self.outside.last()
        self._outside_last = last.number if last else 0
        for here, there in self._pairs(base.number if base else 0):
            chosen = there or here
            assert chosen is not None
            if chosen.number > self.upto:
                return
            self.count += 1
            self._differences(here, there, chosen.number)
            self._link(newest, chosen)
            newest = chosen
            if there is not None:
                self.outside_upto = there.position
            if not self.given_up(chosen.number):
                yield chosen

    def given_up(self, number: int) -> bool:
        """Whether a later checkpoint says that the log was restored to one before this."""
        return any((each.back_to or 0) < number < each.number for each in self.restores.values())

    def _learn_restores(self) -> None:
        outside = (each for each in self.outside.lines() if isinstance(each, Checkpoint) and each.back_to is not None)
        for each in (*self.checkpoints.restores(), *outside):
            if self.signer.objection(each) is None:
                self.restores[each.number] = each

    def _pairs(self, after: int) -> Iterator[tuple[Checkpoint | None, Checkpoint | None]]:
        """The checkpoints of each number that is anywhere, here and outside."""
        here, there = self._here(after), self._there(after)
        one, other = next(here, None), next(there, None)
        while one or other:
            number = min(each.number for each in (one, other) if each)
            mine = one if one and one.number == number else None
            theirs = other if other and other.number == number else None
            yield mine, theirs
            one = next(here, None) if mine else one
            other = next(there, None) if theirs else other

    def _here(self, after: int) -> Iterator[Checkpoint]:
        while page := self.checkpoints.after(after, PAGE):
            yield from (each for each in page if self._counts(each, HERE))
            after = page[-1].number

    def _there(self, after: int) -> Iterator[Checkpoint]:
        for each in self.outside.lines():
            if isinstance(each, Unreadable):
                words = f"line {each.line} of {self.outside.name} is not a checkpoint: {each.words}"
                self.notebook.add(Finding(kind="unreadable", words=words))
            elif each.number > after and self._counts(each, self.outside.name):
                after = each.number
                yield each

    def _counts(self, checkpoint: Checkpoint, where: str) -> bool:
        objection = self.signer.objection(checkpoint)
        if objection is not None:
            self._bad.add((where, checkpoint.number))
            words = f"checkpoint {checkpoint.number} in {where} does not count: {objection}"
            self.notebook.add(Finding(kind="signature", words=words, checkpoint=checkpoint.number))
        return objection is None

    def _differences(self, here: Checkpoint | None, there: Checkpoint | None, number: int) -> None:
        if here and there and here.digest != there.digest:
            words = (
                f"checkpoint {number} is another one in {HERE} than in {self.outside.name}, and both are signed: "
                "whoever made the second one holds the signing key, or two gateways write with the same key"
            )
            self.notebook.add(Finding(kind="contradiction", words=words, checkpoint=number))
        if here is None:
            self._missing(number, HERE, self.outside.name)
        if there is None and number < self._outside_last:
            self._missing(number, self.outside.name, HERE)

    def _missing(self, number: int, where: str, elsewhere: str) -> None:
        if (where, number) not in self._bad:
            words = f"checkpoint {number} is missing in {where}, although it is in {elsewhere}"
            self.notebook.add(Finding(kind="checkpoint_missing", words=words, checkpoint=number))

    def _link(self, before: Checkpoint | None, chosen: Checkpoint) -> None:
        number = before.number if before else 0
        if chosen.number > number + 1:
            words = (
                f"checkpoints {number + 1} to {chosen.number - 1} are nowhere, although {chosen.number} follows them"
            )
            self.notebook.add(Finding(kind="checkpoint_missing", words=words, checkpoint=number + 1))
        elif chosen.previous != (before.digest if before else NOTHING):
            words = f"checkpoint {chosen.number} does not name the one before it, so that they do not belong together"
            self.notebook.add(Finding(kind="unlinked", words=words, checkpoint=chosen.number))
