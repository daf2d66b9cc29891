"""The worker process: holds the lease, runs the pipeline round by round, and sleeps until the log tells it of more."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import psycopg
import structlog
from eventsourcing.persistence import PersistenceError

from application.errors import Conflict, Unavailable
from application.pipeline import Pipeline
from application.sealing import CheckpointsDisagree
from infrastructure import leases
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.event_store.recorder import CHANNEL
from infrastructure.seals.sealer import Sealer

LEASE = AdvisoryLock.WORKER
"""The advisory lock that one worker holds; the others stand by."""

POLL = 1.0
"""Seconds after which the worker looks for more although nobody told it."""

log = structlog.get_logger(__name__)


class Beside(Protocol):
    """What a worker process does beside the pipeline, in a thread of its own: it carries runs on, it prunes."""

    def run(self) -> None:
        """Go on until stopped."""

    def stop(self) -> None:
        """Return from `run` soon. Called from another thread."""


class Worker:
    """Runs until it is stopped. Survives a database that goes away and comes back."""

    def __init__(self, *, database: Database, pipeline: Pipeline, sealer: Sealer, beside: Mapping[str, Beside]) -> None:
        self._database, self._pipeline, self._sealer, self._beside = database, pipeline, sealer, beside
        self._stopped = threading.Event()
        self._broken: Exception | None = None

    def stop(self) -> None:
        """Finish the round under way, then return from `run`. Safe to call from a signal handler."""
        self._stopped.set()

    def run(self) -> None:
        """Serve the inbox until stopped. What is `beside` goes on meanwhile, lease or not, and so does the sealer.

        Raises LogWentBack, having done nothing, when there is less of the log than there was; and whatever ends one of
        those beside, so that whoever keeps the process alive starts a whole one.
        """
        self._require_whole_log()
        beside: Mapping[str, Beside] = {**self._beside, "sealer": self._sealer}
        threads = [threading.Thread(target=self._run_beside, args=each, name=each[0]) for each in beside.items()]
        for thread in threads:
            thread.start()
        try:
            self._work()
        finally:
            for each in beside.values():
                each.stop()
            for thread in threads:
                thread.join()
        if self._broken is not None:
            raise self._broken

    def _require_whole_log(self) -> None:
        while not self._stopped.is_set():
            try:
                self._sealer.sealing.require_whole_log()
                return
            except CheckpointsDisagree as error:
                log.critical("checkpoints contradict each other", cause=str(error))
                return
            except Unavailable:
                self._stopped.wait(POLL)

    def _run_beside(self, name: str, each: Beside) -> None:
        try:
            each.run()
        except Exception as error:  # noqa: BLE001 -- whatever it is, no half of a worker may go on with the lease
            log.critical("the worker stops", broken=name, cause=f"{type(error).__name__}: {error}")
            self._broken = self._broken or error
            self._stopped.set()

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._database.connect() as connection:
                    self._serve(connection)
            except (psycopg.Error, PersistenceError, Unavailable, Conflict) as error:
                log.warning("the worker pauses", cause=str(error).strip() or type(error).__name__)
                self._stopped.wait(POLL)

    def _serve(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._stopped.is_set() and not leases.held(connection, LEASE):
            self._stopped.wait(POLL)
        self._require_whole_log()  # the database may be another one than before the connection broke
        log.info("the worker holds the lease")
        while not self._stopped.is_set():
            if self._pipeline.run_once() == 0:
                self._await_news(connection)

    def _await_news(self, connection: psycopg.Connection[Any]) -> None:
        for _ in connection.notifies(timeout=POLL / 2, stop_after=1):
            pass  # that there is news is all there is to know


def lease_held(connection: psycopg.Connection[Any]) -> bool:
    """Whether some worker holds the lease."""
    with suppress(psycopg.Error):
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND (classid::bigint << 32 | objid::bigint) = %s)",
            (int(LEASE),),
        ).fetchone()
        return bool(row and row[0])
    return False
