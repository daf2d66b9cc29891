"""Carries runs and forwards on beside the worker: takes up what is due, a thread for each, and sleeps.

Several processes may do this at once: what one has taken up, the others leave alone.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import attrs
import psycopg
import structlog
from eventsourcing.persistence import PersistenceError

from application.errors import Conflict, Unavailable
from application.ports import Clock
from application.records import Due
from application.targets import Targets
from domain.deliveries import Attempt
from infrastructure.database import Database
from infrastructure.event_store.recorder import CHANNEL
from infrastructure.projections.agenda import PostgresAgenda
from infrastructure.projections.run_schedule import NOWHERE

THREADS = 16
POLL = 1.0
"""Seconds after which the deliverer looks for more although nobody told it."""

BUSY_POLL = 0.02
"""Seconds between looks while something is in hand, whose end makes room for more."""

CarryOn = Callable[[Due], Attempt | None]
"""Does what is due; the attempt if one was made. Raises Conflict if somebody else did it."""

log = structlog.get_logger(__name__)


class Deliverer:
    """Runs until it is stopped. Survives a database that goes away and comes back."""

    def __init__(
        self, *, database: Database, agenda: PostgresAgenda, carry_on: CarryOn, targets: Targets, clock: Clock
    ) -> None:
        self._database, self._agenda, self._carry_on = database, agenda, carry_on
        self._targets, self._clock = targets, clock
        self._stopped = threading.Event()
        self._in_hand: set[Future[None]] = set()

    def stop(self) -> None:
        """Take nothing up any more, and return from `run` once what is in hand is done."""
        self._stopped.set()

    def run(self) -> None:
        """Serve the agenda until stopped."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="delivery") as threads:
            while not self._stopped.is_set():
                try:
                    with self._database.connect() as connection:
                        self._serve(connection, threads.submit)
                except (psycopg.Error, PersistenceError, Unavailable) as error:
                    log.warning("the deliverer pauses", cause=str(error).strip() or type(error).__name__)
                    self._stopped.wait(POLL)

    def _serve(self, connection: psycopg.Connection[Any], submit: Callable[..., Future[None]]) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        # The lock says to others that this process lives; it ends with the connection, whatever ends that.
        connection.execute(self._agenda.owner_lock)
        while not self._stopped.is_set():
            self._in_hand = {each for each in self._in_hand if not each.done()}
            if not self._take_up(submit):
                self._await_news(connection)

    def _take_up(self, submit: Callable[..., Future[None]]) -> int:
        free, at = THREADS - len(self._in_hand), self._clock()
        if not free:
            return 0
        # What goes to no target yet only has to be looked at, as fast as there are threads for it.
        slots = {**self._targets.slots(at), NOWHERE: free}
        taken = self._agenda.claim(at, limit=free, each=self._targets.each, slots=slots)
        for due in map(_going_nowhere, taken):
            if self._targets.begin(due.target, at):
                self._in_hand.add(submit(self._serve_one, due))
            else:
                self._agenda.release(due.run_id)
        return len(taken)

    def _serve_one(self, due: Due) -> None:
        attempt = None
        try:
            attempt = self._carry_on(due)
        except Conflict as error:
            log.warning("stale lease", run=due.run_id, cause=str(error))
        except Unavailable as error:
            log.warning("a run waits for the database", run=due.run_id, cause=str(error))
        except Exception:
            # The lease stays, so that what is wrong with this one is not tried again and again at once.
            log.exception("a run cannot be carried on", run=due.run_id)
        finally:
            self._targets.end(due.target, attempt, self._clock())

    def _await_news(self, connection: psycopg.Connection[Any]) -> None:
        for _ in connection.notifies(timeout=BUSY_POLL if self._in_hand else POLL / 2, stop_after=1):
            pass  # that there is news is all there is to know


def _going_nowhere(due: Due) -> Due:
    """What is cancelled goes to no target any more, so that one that is down does not keep it."""
    return due if due.cancelled_by is None else attrs.evolve(due, target=NOWHERE)
