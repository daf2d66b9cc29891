"""Carries replays on beside the worker, one at a time over all processes, and gives way to what was just received."""

import threading
import time
from typing import Any

import psycopg
import structlog
from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier, Literal

from application.errors import Conflict, Unavailable
from application.replaying import Replaying
from infrastructure import leases
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.event_store import topics
from infrastructure.event_store.recorder import CHANNEL, WorkerRecorder
from infrastructure.projections.inbox import READER
from infrastructure.replays.journal import PostgresJournal

LEASE = AdvisoryLock.REPLAYER
"""The advisory lock of the one who carries replays on."""

POLL = 1.0
"""Seconds after which it looks for more although nobody told it."""

MANY = 1_000
"""Events that may wait for the worker without it being in a hurry."""

SHARE = 3.0
"""For each second of work while the worker is in a hurry, so many of rest."""

LONGEST_REST = 2.0

BACKLOG = """
SELECT count(*) FROM (SELECT FROM {schema}.{events} WHERE notification_id > %s AND topic <> ALL ({decisions})
ORDER BY notification_id LIMIT {many}) AS waiting
"""

log = structlog.get_logger(__name__)


class _Interrupted(Exception):
    """The process is to stop; the replay goes on in another one."""


class Replayer:
    """Runs until it is stopped. Survives a database that goes away and comes back."""

    def __init__(
        self, *, database: Database, recorder: WorkerRecorder, journal: PostgresJournal, replaying: Replaying
    ) -> None:
        self._database, self._recorder, self._journal, self._replaying = database, recorder, journal, replaying
        self._stopped = threading.Event()
        self._rested_at = time.monotonic()
        self._backlog = SQL(BACKLOG).format(
            schema=Identifier(recorder.datastore.schema),
            events=Identifier(recorder.events_table_name),
            decisions=Literal(list(topics.DECISIONS)),
            many=MANY,
        )

    def stop(self) -> None:
        """Finish the page under way, then return from `run`."""
        self._stopped.set()

    def run(self) -> None:
        """Carry replays on until stopped."""
        while not self._stopped.is_set():
            try:
                with self._database.connect() as connection:
                    self._serve(connection)
            except (psycopg.Error, PersistenceError, Unavailable, Conflict) as error:
                log.warning("replays pause", cause=str(error).strip() or type(error).__name__)
                self._stopped.wait(POLL)

    def _serve(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._stopped.is_set() and not leases.held(connection, LEASE):
            self._stopped.wait(POLL)
        while not self._stopped.is_set():
            waiting = self._journal.open()
            if waiting:
                self._carry_on(waiting[0])
            else:
                for _ in connection.notifies(timeout=POLL / 2, stop_after=1):
                    pass  # that there is news is all there is to know

    def _carry_on(self, replay_id: str) -> None:
        self._rested_at = time.monotonic()
        try:
            self._replaying.carry_on(replay_id, self._breathe)
        except _Interrupted:
            return
        except (psycopg.Error, PersistenceError, Unavailable, Conflict):
            raise
        except Exception as error:
            log.exception("a replay breaks", replay=replay_id)
            self._replaying.fail(replay_id, f"{type(error).__name__}: {error}")
        self._await_settled(replay_id)

    def _await_settled(self, replay_id: str) -> None:
        """Its end reaches the list of open ones through the worker."""
        while replay_id in self._journal.open() and not self._stopped.is_set():
            if self._journal.find(replay_id)[0].open:
                return
            self._stopped.wait(0.05)

    def _breathe(self) -> None:
        """Rest a while if the worker has much to do."""
        if self._stopped.is_set():
            raise _Interrupted
        worked = time.monotonic() - self._rested_at
        if self._waiting() >= MANY:
            self._stopped.wait(min(LONGEST_REST, SHARE * worked))
        self._rested_at = time.monotonic()

    def _waiting(self) -> int:
        position = self._recorder.max_tracking_id(READER) or 0
        try:
            with self._recorder.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(self._backlog, (position,)).fetchone()
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error
        return int(row[0]) if row else 0
