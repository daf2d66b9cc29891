"""Recounts beside the worker: the accounting is compared with the log now and then, and a difference is an alarm."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, LiteralString

import attrs
import psycopg
import structlog
from eventsourcing.persistence import PersistenceError
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from application.errors import Unavailable
from application.ports import Clock
from infrastructure import leases, recounting
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.findings import Finding
from infrastructure.recounting import Recount

LOCK = AdvisoryLock.RECOUNTER
"""The advisory lock of the one process that recounts."""

POLL = 60.0
"""Seconds between looks at whether a recount is due, and before the first."""

SHARE = 3.0
"""For each second of counting, so many of rest: the worker and the API need the database more."""

LATE = 3
"""So many times the usual pause without a recount are worth a warning."""

TABLE: LiteralString = """
CREATE TABLE IF NOT EXISTS {schema}.recounts (
    at timestamptz PRIMARY KEY,
    events bigint NOT NULL,
    unreadable bigint NOT NULL,
    wrong jsonb NOT NULL
)
"""
KEEP: LiteralString = "INSERT INTO {schema}.recounts (at, events, unreadable, wrong) VALUES (%s, %s, %s, %s)"
LAST: LiteralString = "SELECT at, events, unreadable, wrong FROM {schema}.recounts ORDER BY at DESC LIMIT 1"

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Kept:
    """The result of a recount; `wrong` are the lines that disagreed."""

    at: datetime
    events: int
    unreadable: int
    wrong: list[dict[str, Any]]


class _Interrupted(Exception):
    """The process is to stop; another one counts anew."""


def create_table(connection: psycopg.Connection[Any], schema: str) -> None:
    """Create what is missing."""
    connection.execute(SQL(TABLE).format(schema=Identifier(schema)))


def keep(database: Database, recount: Recount, at: datetime) -> None:
    """Put a result on record, and raise the alarm where anything disagrees."""
    wrong = [attrs.asdict(each) for each in recount.wrong]
    for line in wrong:
        log.critical("the accounting disagrees with the log", **line)
    with database.connect() as connection:
        statement = SQL(KEEP).format(schema=Identifier(database.schema))
        connection.execute(statement, (at, recount.events, recount.unreadable, Jsonb(wrong)))


def last(database: Database) -> Kept | None:
    """The latest result."""
    with database.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(SQL(LAST).format(schema=Identifier(database.schema))).fetchone()
    return Kept(**row) if row else None


class Recounting:
    """Recounts beside the worker, until it is stopped. Of several processes one does it."""

    def __init__(self, *, database: Database, hours: float, clock: Clock) -> None:
        self._database, self._pause, self._clock = database, timedelta(hours=hours), clock
        self._stopped = threading.Event()
        self._rested_at = 0.0

    def stop(self) -> None:
        """Return from `run` after the page under way."""
        self._stopped.set()

    def run(self) -> None:
        """Recount when it is due."""
        while not self._stopped.wait(POLL):
            try:
                with self._database.connect() as connection:
                    if leases.held(connection, LOCK):
                        self.run_once()
            except _Interrupted:
                return
            except (psycopg.Error, PersistenceError, Unavailable) as error:
                log.warning("recounting pauses", cause=str(error).strip() or type(error).__name__)

    def run_once(self) -> None:
        """Recount if the last time is long enough ago, whoever did it."""
        before = last(self._database)
        if before is not None and self._clock() - before.at < self._pause:
            return
        self._rested_at = time.monotonic()
        keep(self._database, recounting.recount(self._database, self._rest), self._clock())

    def _rest(self, done: int, head: int) -> None:
        if self._stopped.wait(SHARE * (time.monotonic() - self._rested_at)):
            raise _Interrupted
        self._rested_at = time.monotonic()


def examine(database: Database, hours: float, clock: Clock) -> Iterator[Finding]:
    """What the doctor finds: whether the last recount agreed, and how old it is."""
    try:
        kept = last(database)
    except psycopg.errors.UndefinedTable:
        yield Finding("problem", "recount", "its table is missing; run hookledger migrate")
    except psycopg.OperationalError:
        return  # of which the doctor has told already
    else:
        yield _judged(kept, hours, clock())


def _judged(kept: Kept | None, hours: float, now: datetime) -> Finding:
    if kept is None:
        return Finding("ok", "recount", "none yet" if hours else "none, because HOOKLEDGER_RECOUNT_HOURS is 0")
    age = (now - kept.at) / timedelta(hours=1)
    words = f"{kept.events} events {age:.1f} hours ago"
    if kept.unreadable:
        words += f", of which {kept.unreadable} cannot be read"
    if kept.wrong:
        places = ", ".join(f"{each['source']} in {each['environment']}" for each in kept.wrong[:5])
        words += f": the accounting disagrees with the log for {places}; see `hookledger audit accounting --recount`"
        return Finding("problem", "recount", words)
    late = hours and age > LATE * hours
    return Finding("warning" if late or kept.unreadable else "ok", "recount", f"{words}: accounting and log agree")
