"""What becomes unreadable when streams are erased, and must be put on record anew before. Pure."""

from collections.abc import Iterable

import attrs

from domain import directory, lineage, restatements
from domain.actions.outcomes import Reference
from domain.restatements import EntityRestated


@attrs.frozen(kw_only=True)
class Touched:
    """What events contributed to: entities, those among them that were removed, and audiences that were created."""

    entities: frozenset[Reference] = frozenset()
    removed: frozenset[Reference] = frozenset()
    audiences: frozenset[str] = frozenset()


def touched(effects: Iterable[directory.Effect], restated: Iterable[EntityRestated] = ()) -> Touched:
    """What these effects, and restatements of before, contributed to."""
    entities, removed, audiences = set[Reference](), set[Reference](), set[str]()
    for effect in effects:
        if isinstance(effect, directory.AudienceCreated):
            audiences.add(effect.key)
        elif (reference := lineage.subject(effect)) is not None:
            entities.add(reference)
        if isinstance(effect, directory.EntityRemoved):
            removed.add(effect.reference)
    for event in restated:
        entities.add(restatements.reference_of(event))
        if event.whole:
            removed.add(restatements.reference_of(event))
    return Touched(entities=frozenset(entities), removed=frozenset(removed), audiences=frozenset(audiences))
