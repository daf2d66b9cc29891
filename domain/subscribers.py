"""Who follows an object, as facts; and whom a trigger for an object reaches: its subscribers, and theirs. Pure.

The fact of ("subscribers", collection, id) is a frozenset of references, absent where nobody follows the object.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from domain import recipients
from domain.actions.outcomes import Facts, Reference

KIND: Final = "subscribers"
DEPTH: Final = 2
"""An object's subscribers, and the subscribers of those that are objects."""

MOST: Final = 10_000
"""Subscriptions that one trigger may go through, nested ones among them."""

MOST_AT_ONCE: Final = 20_000
"""Subscriptions that are looked up at once, of however many objects."""


class Uncounted(enum.Enum):
    """Instead of subscribers: there are more than can be looked up at once."""

    TOO_MANY = "too many"


TOO_MANY: Final = Uncounted.TOO_MANY


def name(followed: Reference) -> Reference:
    """The reference to the subscribers of an object or a tenant."""
    return (KIND, *recipients.place(followed))


def may_be_followed(reference: Reference) -> bool:
    """Whether a trigger goes on to subscribers: for users it does not."""
    return reference[0] != "user"


def needed(known: Facts, references: Iterable[Reference]) -> Iterator[Reference]:
    """The references and, of subscribers, everything that going through them asks for."""
    for reference in references:
        yield reference
        if reference[0] == KIND:
            yield from _around(known, reference)


def _around(known: Facts, wanted: Reference) -> Iterator[Reference]:
    for follower in _following(known, wanted):
        yield follower
        if may_be_followed(follower):
            nested = name(follower)
            yield nested
            yield from _following(known, nested)


def _following(known: Facts, wanted: Reference) -> frozenset[Reference]:
    found = known.get(wanted)
    return found if isinstance(found, frozenset) else frozenset()


def changed(
    known: dict[Reference, object],
    followed: Reference,
    *,
    joined: Iterable[Reference] = (),
    left: Iterable[Reference] = (),
) -> None:
    """Bring a working set of facts up to date with who follows an object now, and who no more."""
    if known.get(name(followed)) is not TOO_MANY:
        known[name(followed)] = _following(known, name(followed)).union(joined).difference(left)


def forget(known: dict[Reference, object], gone: Reference) -> None:
    """Bring a working set of facts up to date: an entity is gone, nobody follows it, and it follows nothing."""
    known.pop(name(gone), None)
    for wanted in [each for each in known if each[0] == KIND and gone in _following(known, each)]:
        known[wanted] = _following(known, wanted) - {gone}


def reached(
    facts: Facts, followed: Iterable[Reference], *, but: Iterable[Reference]
) -> Mapping[Reference, Reference] | Uncounted:
    """Who is reached through these objects, each but once and none of `but`, with the object that each follows.

    The nearest object counts, then the one that was named first. The order is the same whatever that of the facts.
    """
    found: dict[Reference, Reference] = {}
    without, passed, level = frozenset(but), 0, list(followed)
    seen: set[Reference] = set()
    for _ in range(DEPTH):
        level = [each for each in dict.fromkeys(level) if each not in seen]
        seen.update(level)
        subscriptions = list(_subscriptions(facts, level))
        passed += len(subscriptions)
        if passed > MOST or any(facts.get(name(each)) is TOO_MANY for each in level):
            return TOO_MANY
        for follower, each in subscriptions:
            found.setdefault(follower, each)
        level = [follower for follower, _ in subscriptions if may_be_followed(follower)]
    return {follower: each for follower, each in found.items() if follower not in without}


def _subscriptions(facts: Facts, level: Iterable[Reference]) -> Iterator[tuple[Reference, Reference]]:
    for each in level:
        for follower in sorted(_following(facts, name(each))):
            yield follower, each
