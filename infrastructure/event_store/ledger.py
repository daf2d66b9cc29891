"""The EventStore port over the library's recorders: PostgreSQL's and, for tests, the in-memory one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
)
from eventsourcing.persistence import InterfaceError as StoreInterfaceError
from eventsourcing.popo import POPOApplicationRecorder
from psycopg.sql import Composed

from application.errors import ConfigurationMoved, Conflict, Unavailable
from application.ports import Clock
from application.records import Change, Recorded
from domain import streams
from infrastructure.event_store.codec import RecordMapper, Row
from infrastructure.event_store.data_keys import DataKeys
from infrastructure.event_store.recorder import AppendByFunction, edits_configuration


class Ledger(ABC):
    """What both kinds of ledger share: envelopes, codec, and the meaning of errors."""

    def __init__(self, *, recorder: ApplicationRecorder, mapper: RecordMapper, clock: Clock) -> None:
        self.recorder, self.mapper, self._clock = recorder, mapper, clock

    def append(self, *changes: Change, epoch: int | None = None) -> int:
        """See the port."""
        at = self._clock()
        try:
            rows = [row for change in changes for row in self.mapper.rows(change, at)]
            positions = self.store(rows, epoch)
        except IntegrityError as error:
            raise Conflict(", ".join(change.stream for change in changes)) from error
        except (OperationalError, StoreInterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error
        return positions[-1] if positions else self.head()

    @abstractmethod
    def store(self, rows: Sequence[Row], epoch: int | None) -> Sequence[int]:
        """Store what the mapper made, all or nothing; the positions."""

    def head(self) -> int:
        """See the port."""
        return self.recorder.max_notification_id() or 0

    def decoded(self, notifications: Sequence[Notification]) -> tuple[Recorded, ...]:
        """The events behind stored ones."""
        return tuple(self.mapper.to_domain_event(each) for each in notifications)


class PostgresLedger(Ledger):
    """The event store in PostgreSQL."""

    recorder: AppendByFunction

    def store(self, rows: Sequence[Row], epoch: int | None) -> Sequence[int]:
        """See the base."""
        return self.recorder.insert_rows(rows, expected_epoch=epoch)

    def history(self, stream: str) -> tuple[Recorded, ...]:
        """See the port."""
        return self._read(self.recorder.stream_statement, (stream,))

    def category(self, name: str, *, after: int = 0) -> tuple[Recorded, ...]:
        """See the port."""
        return self._read(self.recorder.category_statement, (f"{name}-", f"{name}.", after))

    def log(self, *, after: int, limit: int, upto: int | None = None) -> tuple[Recorded, ...]:
        """See the port."""
        return self._read(self.recorder.page_statement, (after, upto or 2**63 - 1, limit))

    def events(self, wanted: Sequence[tuple[str, int]]) -> tuple[Recorded, ...]:
        """Single events by stream and version, in no particular order."""
        ids, versions = [stream for stream, _ in wanted], [version for _, version in wanted]
        return self._read(self.recorder.single_statement, (ids, versions))

    def histories(self, streams_wanted: Sequence[str]) -> dict[str, list[Recorded]]:
        """See the port."""
        histories: dict[str, list[Recorded]] = {}
        for recorded in self._read(self.recorder.histories_statement, (list(streams_wanted),)):
            histories.setdefault(recorded.stream, []).append(recorded)
        return histories

    def last(self, stream: str) -> Recorded | None:
        """The last event of a stream, None if it has none."""
        found = self._read(self.recorder.last_statement, (stream,))
        return found[0] if found else None

    def epoch(self) -> int:
        """See the port."""
        try:
            with self.recorder.datastore.get_connection() as conn, conn.cursor() as curs:
                row = curs.execute(self.recorder.epoch_statement, prepare=True).fetchone()
        except (OperationalError, StoreInterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error
        assert row is not None
        return int(row["epoch"])

    def _read(self, statement: Composed, params: Sequence[object]) -> tuple[Recorded, ...]:
        try:
            return self.decoded(self.recorder.notifications(statement, params))
        except (OperationalError, StoreInterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error


class MemoryLedger(Ledger):
    """The event store in memory, over the library's POPO recorder; `salts` are those of the streams' data keys."""

    recorder: POPOApplicationRecorder

    def __init__(self, *, recorder: ApplicationRecorder, master: bytes, clock: Clock) -> None:
        self.salts: dict[str, bytes] = {}
        super().__init__(recorder=recorder, mapper=RecordMapper(DataKeys(master, self.salts.get)), clock=clock)

    def store(self, rows: Sequence[Row], epoch: int | None, **more: object) -> Sequence[int]:
        """See the base."""
        stored = [StoredEvent(*row[:4]) for row in rows]
        positions = self.recorder.insert_events(stored, **more)
        self.salts.update({row[0]: row[4] for row in rows if row[4] is not None})
        return positions or ()

    def append(self, *changes: Change, epoch: int | None = None) -> int:
        """See the port."""
        if epoch is not None and epoch != self.epoch():
            raise ConfigurationMoved
        return super().append(*changes)

    def history(self, stream: str) -> tuple[Recorded, ...]:
        """See the port."""
        return tuple(each for each in self.log(after=0, limit=2**31) if each.stream == stream)

    def histories(self, streams_wanted: Sequence[str]) -> dict[str, list[Recorded]]:
        """See the port."""
        wanted, found = frozenset(streams_wanted), dict[str, list[Recorded]]()
        for each in self.log(after=0, limit=2**31):
            if each.stream in wanted:
                found.setdefault(each.stream, []).append(each)
        return found

    def category(self, name: str, *, after: int = 0) -> tuple[Recorded, ...]:
        """See the port."""
        return tuple(each for each in self.log(after=after, limit=2**31) if streams.category(each.stream) == name)

    def log(self, *, after: int, limit: int, upto: int | None = None) -> tuple[Recorded, ...]:
        """See the port."""
        return self.decoded(self.recorder.select_notifications(after, limit, upto, inclusive_of_start=False))

    def epoch(self) -> int:
        """See the port."""
        edits = (each for each in self.log(after=0, limit=2**31) if edits_configuration(each.stream))
        return max((each.position or 0 for each in edits), default=0)
