"""What is wrong with a stretch of the log, told from the events that are there and those that were sealed.

Only ever says that something is not as it was sealed; what was never sealed cannot be told from anything.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from domain import chain
from domain.checkpoints import Checkpoint

Kind = Literal[
    "altered",
    "missing",
    "inserted",
    "truncated",
    "unexplained",
    "signature",
    "contradiction",
    "checkpoint_missing",
    "unlinked",
    "unreadable",
    "key",
]
"""What can be wrong: with events, the first five; with checkpoints, the others."""

Seen = tuple[int, str, int, str, bytes]
"""An event that is there: position, stream, version, topic and leaf."""


@attrs.frozen(kw_only=True)
class Finding:
    """Something is not as it was sealed: with the events at `first` to `last`, or with a checkpoint of that number."""

    kind: Kind
    words: str
    first: int | None = None
    last: int | None = None
    checkpoint: int | None = None


def stretch(
    base: Checkpoint | None, upto: Checkpoint, seen: Sequence[Seen], sealed: Mapping[int, bytes] | None, *, ends: bool
) -> list[Finding]:
    """What is wrong with the events between two checkpoints, of which the later one does not fit.

    `sealed` are the leaves by position that were kept with it, None if there are none or several checkpoints lie
    between; they count only if they lead to its head. `ends` says that the log has nothing after `seen`.
    """
    if sealed is None or chain.folded(sealed.values(), _head(base)).hex() != upto.head:
        return [_unexplained(base, upto, seen, ends=ends)]
    there = {each[0] for each in seen}
    missing = [position for position in sealed if position not in there]
    cut = [position for position in missing if ends and position > max(there, default=0)]
    found = [_changed(each, sealed) for each in seen if sealed.get(each[0]) != each[4]]
    found += _ranges("missing", "missing", missing[: len(missing) - len(cut)])
    if cut:
        found.append(_truncated(upto, seen, base, cut[0]))
    # Each event is there once and as it was, and yet they do not lead to the head: one of them is there twice.
    return found or [_unexplained(base, upto, seen, ends=ends)]


def _head(base: Checkpoint | None) -> bytes:
    return bytes.fromhex(base.head) if base else chain.GENESIS


def _changed(seen: Seen, sealed: Mapping[int, bytes]) -> Finding:
    position, stream, version, topic, _ = seen
    which = f"the event at position {position} ({topic}, version {version} of stream {stream})"
    if position in sealed:
        words = f"{which} is not as it was sealed: its bytes, stream, version or topic were altered or exchanged"
        return Finding(kind="altered", words=words, first=position, last=position)
    words = f"{which} was not there when this part of the log was sealed: it was inserted or moved there"
    return Finding(kind="inserted", words=words, first=position, last=position)


def _ranges(kind: Kind, word: str, positions: Sequence[int]) -> list[Finding]:
    """One finding for each run of positions without a sealed one between them that is there."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][-1] + 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return [Finding(kind=kind, words=_missing(run, word), first=run[0], last=run[-1]) for run in runs]


def _missing(run: Sequence[int], word: str) -> str:
    if len(run) == 1:
        return f"the event at position {run[0]} is {word}: it was sealed and has been deleted or moved"
    return (
        f"the {len(run)} events at positions {run[0]} to {run[-1]} are {word}: they were sealed and have been deleted"
    )


def _truncated(upto: Checkpoint, seen: Sequence[Seen], base: Checkpoint | None, first: int) -> Finding:
    last = max((each[0] for each in seen), default=base.position if base else 0)
    words = (
        f"the log ends at position {last}, but checkpoint {upto.number} of {upto.at} covers it up to "
        f"{upto.position}: it was truncated, or restored from an older backup"
    )
    return Finding(kind="truncated", words=words, first=first, last=upto.position, checkpoint=upto.number)


def _unexplained(base: Checkpoint | None, upto: Checkpoint, seen: Sequence[Seen], *, ends: bool) -> Finding:
    after, expected = (base.position, upto.events - base.events) if base else (0, upto.events)
    if ends and len(seen) < expected and max((each[0] for each in seen), default=after) < upto.position:
        return _truncated(upto, seen, base, after + 1)
    words = (
        f"the events at positions {after + 1} to {upto.position} are not those that checkpoint {upto.number} of "
        f"{upto.at} sealed ({expected} then, {len(seen)} now); which of them cannot be said, since the digests of "
        "single events were not kept, or were altered too"
    )
    return Finding(kind="unexplained", words=words, first=after + 1, last=upto.position, checkpoint=upto.number)
