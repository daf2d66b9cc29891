"""What edits of a configuration's mappings lead to: which stays which, and what has changed about it."""

from collections.abc import Sequence
from datetime import datetime

from domain import errors, mappings
from domain.configurations import (
    Event,
    MappingActivated,
    MappingAdded,
    MappingChanged,
    MappingDeactivated,
    MappingRemoved,
)
from domain.json_values import same


class MappingUnknown(errors.Refused):
    """There is no mapping with this id, or none of the kind that is meant."""


def put(
    present: tuple[mappings.Mapping, ...],
    asked: tuple[mappings.Wanted, ...],
    new_ids: Sequence[str],
    at: datetime,
) -> tuple[Event, ...]:
    """Make those that are asked for the mappings, and no others; `new_ids` are for those that have none."""
    meant = _meant(present, asked)
    ids = iter(new_ids)
    events: list[Event] = []
    for wanted, kept in zip(asked, meant, strict=True):
        events.extend((_added(wanted, next(ids), at),) if kept is None else _changes(kept, wanted, at))
    kept_ids = {mapping.id for mapping in meant if mapping is not None}
    gone = (mapping.id for mapping in present if mapping.id not in kept_ids)
    return (*(MappingRemoved(mapping_id=mapping_id, removed_at=at) for mapping_id in gone), *events)


def toggle(present: tuple[mappings.Mapping, ...], mapping_id: str, active: bool, at: datetime) -> tuple[Event, ...]:
    """Let a mapping run, or pass it over. Raises MappingUnknown."""
    found = next((mapping for mapping in present if mapping.id == mapping_id), None)
    if found is None:
        raise MappingUnknown(f"no mapping has the id {mapping_id!r:.100} here", field="mapping_id")
    return _toggled(found, active, at)


def _meant(present: tuple[mappings.Mapping, ...], wanted: tuple[mappings.Wanted, ...]) -> list[mappings.Mapping | None]:
    """Which mapping each of `wanted` means, each at most once: the one of its id, else an equal, else one alike.

    An id from elsewhere, such as another environment's, means nothing here.
    """
    left = list(present)
    meant: list[mappings.Mapping | None] = [None] * len(wanted)
    for means in (_same_id, _equal, _alike):
        for index, each in enumerate(wanted):
            found = None if meant[index] else next((mapping for mapping in left if means(mapping, each)), None)
            if found is not None:
                meant[index] = found
                left.remove(found)
    return meant


def _same_id(present: mappings.Mapping, wanted: mappings.Wanted) -> bool:
    return present.id == wanted.id


def _equal(present: mappings.Mapping, wanted: mappings.Wanted) -> bool:
    return _alike(present, wanted) and same(present.configured, wanted.configured)


def _alike(present: mappings.Mapping, wanted: mappings.Wanted) -> bool:
    kind = mappings.identity(present.event_type, present.action_type, present.configured)
    return kind == mappings.identity(wanted.event_type, wanted.action_type, wanted.configured)


def _added(wanted: mappings.Wanted, mapping_id: str, at: datetime) -> MappingAdded:
    return MappingAdded(
        mapping_id=mapping_id,
        event_type=wanted.event_type,
        action_type=wanted.action_type,
        parameters=wanted.configured,
        active=wanted.active,
        added_at=at,
        only_newer=wanted.only_newer,
    )


def _changes(present: mappings.Mapping, wanted: mappings.Wanted, at: datetime) -> list[Event]:
    events: list[Event] = []
    before = (present.event_type, present.action_type, present.only_newer)
    after = (wanted.event_type, wanted.action_type, wanted.only_newer)
    if before != after or not same(present.configured, wanted.configured):
        events.append(
            MappingChanged(
                mapping_id=present.id,
                event_type=wanted.event_type,
                action_type=wanted.action_type,
                parameters=wanted.configured,
                changed_at=at,
                only_newer=wanted.only_newer,
            )
        )
    return [*events, *_toggled(present, wanted.active, at)]


def _toggled(present: mappings.Mapping, active: bool, at: datetime) -> tuple[Event, ...]:
    if active == present.active:
        return ()  # toggling it again changes nothing
    if active:
        return (MappingActivated(mapping_id=present.id, activated_at=at),)
    return (MappingDeactivated(mapping_id=present.id, deactivated_at=at),)
