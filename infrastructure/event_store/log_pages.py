"""The log page by page for whoever reads all of it: one event that cannot be read does not keep it from the others."""

from collections.abc import Iterator, Sequence

import attrs
from eventsourcing.persistence import InterfaceError, MapperDeserialisationError, Notification, OperationalError

from application.errors import Unavailable
from application.records import Recorded
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.recorder import AppendByFunction


@attrs.frozen(kw_only=True)
class Unreadable:
    """The place of an event that a newer program wrote, or that was altered where it is stored."""

    position: int
    stream: str
    version: int
    topic: str
    cause: str


def read(mapper: RecordMapper, stored: Notification) -> Recorded | Unreadable:
    """The event behind a stored one, which comes with its salt, so that nothing else is read for it."""
    try:
        recorded: Recorded = mapper.to_domain_event(stored)
        return recorded
    except MapperDeserialisationError as error:
        return _unreadable(stored, str(error))
    except Exception as error:  # noqa: BLE001 -- bytes that were altered may break anything on the way
        return _unreadable(stored, f"what is stored is not what any program wrote ({type(error).__name__})")


def pages(
    recorder: AppendByFunction, mapper: RecordMapper, *, after: int = 0, upto: int, size: int
) -> Iterator[Sequence[Recorded | Unreadable]]:
    """The events behind `after` and up to `upto`. Raises Unavailable."""
    while stored := _stored(recorder, (after, upto, size)):
        yield [read(mapper, each) for each in stored]
        after = stored[-1].id


def _stored(recorder: AppendByFunction, params: Sequence[int]) -> Sequence[Notification]:
    try:
        return recorder.notifications(recorder.page_statement, params)
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("the event store cannot be reached") from error


def _unreadable(stored: Notification, cause: str) -> Unreadable:
    return Unreadable(
        position=stored.id,
        stream=str(stored.originator_id),
        version=stored.originator_version,
        topic=stored.topic,
        cause=cause,
    )
