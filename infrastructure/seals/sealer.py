"""The sealer: follows the log with checkpoints beside the worker. One seals at a time, others stand by."""

import threading
from typing import Any

import psycopg
import structlog
from eventsourcing.persistence import PersistenceError

from application.errors import Conflict, Unavailable
from application.sealing import CheckpointsDisagree, Sealing
from infrastructure import leases
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database

LOCK = AdvisoryLock.SEALER
POLL = 0.5
"""Seconds between looks at whether a checkpoint is due."""

ALARM = 30.0
"""Seconds between two complaints of the same kind."""

log = structlog.get_logger(__name__)


class Sealer:
    """Runs until it is stopped. Survives a database and a disk that go away and come back."""

    def __init__(self, *, database: Database, sealing: Sealing) -> None:
        self.sealing = sealing
        self._database = database
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Finish the checkpoint under way, and return from `run`."""
        self._stopped.set()

    def run(self) -> None:
        """Seal until stopped. Raises LogWentBack when less of the log is there than was sealed."""
        while not self._stopped.is_set():
            try:
                with self._database.connect() as connection:
                    self._serve(connection)
            except CheckpointsDisagree as error:
                log.critical("checkpoints contradict each other; nothing is sealed", cause=str(error))
                self._stopped.wait(ALARM)
            except (psycopg.Error, PersistenceError, Unavailable, Conflict, OSError) as error:
                log.warning("the sealer pauses", cause=str(error).strip() or type(error).__name__)
                self._stopped.wait(POLL)

    def _serve(self, connection: psycopg.Connection[Any]) -> None:
        while not leases.held(connection, LOCK):
            if self._stopped.wait(POLL):
                return
        self.sealing.agree()
        while not self._stopped.is_set():
            if not self.sealing.seal():
                self._stopped.wait(POLL)
                connection.execute("SELECT 1")  # the lock is gone with the connection
