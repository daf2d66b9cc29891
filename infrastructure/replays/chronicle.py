"""The Chronicle port: the log brought into the order in which the worker took it in, page by page."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from eventsourcing.persistence import InterfaceError, Notification, OperationalError
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from application.errors import Unavailable
from application.passages import Passage
from application.records import Recorded
from application.replaying import Page
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.entries import Entry
from infrastructure.projections.inbox import READER
from infrastructure.projections.rebuilding import Groups

T = TypeVar("T")

PAGE = 2_500
PARKED = "SELECT position FROM {schema}.parked WHERE position >= %s AND position <= %s"


class PostgresChronicle:
    """See the port."""

    def __init__(self, *, recorder: WorkerRecorder, mapper: RecordMapper, page: int = PAGE) -> None:
        self._recorder, self._mapper, self._page = recorder, mapper, page
        self._parked = SQL(PARKED).format(schema=Identifier(recorder.datastore.schema))

    def pages(self, *, after: int) -> Iterator[Page]:
        """See the port. What the worker has not settled yet is left out, but for what it wrote."""
        groups = Groups()
        for stored in self._stored(after):
            passages = list(self._passages(groups, stored))
            yield Page(first=stored[0].id, last=stored[-1].id, passages=passages)
        yield Page(first=0, last=0, passages=[_passage(entry) for entry in groups.rest()])

    def _stored(self, after: int) -> Iterator[Sequence[Notification]]:
        bound, head = self._settled(), self._recorder.max_notification_id() or 0
        while stored := self._read((after, min(bound, head), self._page)):
            yield stored
            after = stored[-1].id
        while stored := self._rest((max(after, bound), bound, self._page)):
            yield stored
            bound = stored[-1].id

    def _settled(self) -> int:
        return self._recorder.max_tracking_id(READER) or 0

    def _read(self, params: tuple[int, int, int]) -> list[Notification]:
        return self._guarded(lambda: self._recorder.notifications(self._recorder.page_statement, params))

    def _rest(self, params: tuple[int, int, int]) -> list[Notification]:
        return self._guarded(lambda: self._recorder.notifications(self._recorder.rest_statement, params))

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    def _passages(self, groups: Groups, stored: Sequence[Notification]) -> Iterator[Passage]:
        aside = self._guarded(lambda: self._aside(stored[0].id, stored[-1].id))
        readable: list[Recorded] = []
        for each in stored:
            if each.id in aside:
                yield Passage(stream=str(each.originator_id), unreadable="it was put aside and never evaluated")
                continue
            try:
                readable.append(self._mapper.to_domain_event(each))
            except Exception as error:  # noqa: BLE001 -- whatever is wrong with one event, it is counted and told
                yield Passage(stream=str(each.originator_id), unreadable=f"{type(error).__name__}: {error}")
        yield from (_passage(entry) for entry in groups.entries(readable))

    def _aside(self, first: int, last: int) -> set[int]:
        with self._recorder.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
            return {row[0] for row in cursor.execute(self._parked, (first, last))}


def _passage(entry: Entry) -> Passage:
    return Passage(stream=entry.stream, recorded=entry.recorded, decisions=entry.decisions)
