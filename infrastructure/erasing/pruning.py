"""Retention: the keys of what is older than its environment keeps it are destroyed, a bounded batch at a time."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

import attrs
import psycopg
import structlog
from eventsourcing.persistence import PersistenceError
from psycopg.sql import SQL, Identifier

from application.errors import Conflict, Unavailable
from application.ports import Clock
from application.records import Attribution, Change, Recorded
from domain import errors, retention, webhooks
from domain.bulk_operations import BulkOperationStarted
from domain.retention import PayloadsPruned
from infrastructure import leases
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.erasing.destroying import Destroyed, Destroyer
from infrastructure.erasing.finding import Finder, pages
from infrastructure.erasing.present import Wanted
from infrastructure.event_store import codec

BATCH = 200
PAUSE = 0.2
"""Seconds between batches, in which the worker goes on."""

POLL = 60.0
"""Seconds between looks for what has grown too old."""

LOCK = AdvisoryLock.PRUNER
"""The advisory lock of the one process that prunes."""

OLD: LiteralString = """
SELECT id, position, received_at FROM {schema}.event_logs WHERE environment = %s AND position > %s
ORDER BY position LIMIT %s
"""
BULK: LiteralString = """
SELECT stream FROM {schema}.data_keys WHERE stream > %s AND stream < 'bulk.' ORDER BY stream LIMIT %s
"""
ACTOR = "retention"
PASSING = (psycopg.Error, PersistenceError, Unavailable, Conflict, errors.Refused)
"""What may have passed when it is tried again."""

Days = Callable[[], Mapping[str, int]]
"""For how many days each environment keeps payloads; those that keep them for ever are left out."""

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class _Batch:
    """What is old: webhooks up to a position, and bulk operations."""

    streams: frozenset[str]
    upto: int


@attrs.frozen(kw_only=True)
class Pruner:
    """Prunes one environment, one batch a call."""

    destroyer: Destroyer
    clock: Clock

    def prune(self, environment: str, days: int) -> int:
        """Destroy the keys of the oldest that are older than so many days; how many streams those were."""
        at = self.clock()
        last = self.destroyer.ledger.last(retention.stream(environment))
        upto = last.event.upto if last is not None and isinstance(last.event, PayloadsPruned) else 0
        batch = self._old(environment, at - timedelta(days=days), upto)
        if not batch.streams:
            return 0
        wanted = Wanted(environment=environment, because=retention.stream(environment), at=at)
        pruned: list[str] = []

        def conclude(destroyed: Destroyed) -> Sequence[Change]:
            pruned.extend(destroyed.streams)
            event = PayloadsPruned(
                environment=environment,
                streams=tuple(destroyed.streams),
                upto=batch.upto,
                before=at - timedelta(days=days),
                restated=destroyed.restated,
                pruned_at=at,
            )
            return [Change(stream=wanted.because, version=last.version if last else 0, events=(event,))]

        def find(finder: Finder) -> set[str]:
            return self._encrypted(finder.begun(environment, set(batch.streams)))

        self.destroyer.destroy(wanted, find, conclude, Attribution(actor=ACTOR))
        return len(batch.streams)

    def _encrypted(self, found: set[str]) -> set[str]:
        """Those with nothing in them from before there were keys: what lies open no key makes unreadable."""
        ledger = self.destroyer.ledger
        histories = [each for page in pages(found) for each in ledger.histories(page).values()]
        return {history[0].stream for history in histories if not _lies_open(history)}

    def _old(self, environment: str, before: datetime, upto: int) -> _Batch:
        found = set(self._bulk(environment, before))
        for webhook_id, position, received_at in self._rows(OLD, (environment, upto, BATCH)):
            if received_at >= before:
                break  # what comes behind it is younger, but for the differences of clocks
            found.add(webhooks.stream(webhook_id))
            upto = position
        return _Batch(streams=frozenset(found), upto=upto)

    def _bulk(self, environment: str, before: datetime) -> Sequence[str]:
        """Old bulk operations whose keys are there; their streams are in the order of time."""
        found: list[str] = []
        after = "bulk-"
        while streams := [stream for (stream,) in self._rows(BULK, (after, BATCH))]:
            histories = self.destroyer.ledger.histories(streams)
            started = {stream: histories[stream][0].event for stream in streams}
            for stream, event in started.items():
                assert isinstance(event, BulkOperationStarted)
                if event.started_at >= before:
                    return found
                if event.environment == environment and not _lies_open(histories[stream]):
                    found.append(stream)
            after = streams[-1]
        return found

    def _rows(self, query: LiteralString, params: Sequence[Any]) -> list[Any]:
        statement = SQL(query).format(schema=Identifier(self.destroyer.recorder.datastore.schema))
        with self.destroyer.reading() as cursor:
            return cursor.execute(statement, params).fetchall()


class Pruning:
    """Prunes beside the worker, until it is stopped. Of several processes one does it."""

    def __init__(self, *, database: Database, pruner: Pruner, days: Days) -> None:
        self._database, self._pruner, self._days = database, pruner, days
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Return from `run` after the batch under way."""
        self._stopped.set()

    def run(self) -> None:
        """Look for what is too old, now and then."""
        while not self._stopped.is_set():
            try:
                with self._database.connect() as connection:
                    if leases.held(connection, LOCK):
                        self.run_once()
            except PASSING as error:
                _log_pause(error)
            self._stopped.wait(POLL)

    def run_once(self) -> None:
        """Prune everything that is too old at this moment, each environment for itself."""
        for environment, days in self._days().items():
            try:
                self._prune(environment, days)
            except PASSING as error:
                _log_pause(error, environment=environment)

    def _prune(self, environment: str, days: int) -> None:
        while not self._stopped.is_set() and (count := self._pruner.prune(environment, days)):
            log.info("payloads pruned", environment=environment, streams=count)
            self._stopped.wait(PAUSE)


def _lies_open(history: Sequence[Recorded]) -> bool:
    return any(map(codec.lies_open, history))


def _log_pause(error: Exception, **about: str) -> None:
    log.warning("pruning pauses", cause=str(error).strip() or type(error).__name__, **about)
