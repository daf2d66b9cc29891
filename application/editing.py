"""Editing: look at a snapshot, decide, append under the snapshot's epoch, and again when somebody else was faster.

Two edits can therefore never cross.
"""

from collections.abc import Callable, Sequence

import attrs

from application.catalogue import Catalogue, Snapshot
from application.errors import ConfigurationMoved, Conflict
from application.ports import EventStore
from application.records import Attribution, Change

ATTEMPTS = 5

Decide = Callable[[Snapshot], Sequence[Change]]
"""What is to be changed, as things stand. Raises Refused for what cannot be."""


def edit(store: EventStore, catalogue: Catalogue, decide: Decide, because: Attribution) -> None:
    """Carry an edit out; the catalogue knows it afterwards. Raises Conflict when others were faster all the time."""
    for attempt in range(1, ATTEMPTS + 1):
        snapshot = catalogue.current()
        changes = [attrs.evolve(change, attribution=because) for change in decide(snapshot) if change.events]
        try:
            if changes:
                store.append(*changes, epoch=snapshot.epoch)
            break
        except (Conflict, ConfigurationMoved):
            if attempt == ATTEMPTS:
                raise
    catalogue.current()
