"""Puts together how calls of the directory's API come into the log, singly and in bulk."""

import time

from eventsourcing.persistence import InterfaceError, OperationalError

from application.bulk_operations import BulkOperations
from application.calling import Calling
from application.errors import Unavailable
from application.waiting import WaitingRoom
from infrastructure import bodies, clocks, identifiers
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER


def waiting_room(recorder: WorkerRecorder) -> WaitingRoom:
    """Where all who wait for the worker do so."""

    def settled() -> int:
        try:
            return recorder.max_tracking_id(READER) or 0
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    return WaitingRoom(settled=settled, now=time.monotonic, sleep=time.sleep)


def singly(ledger: PostgresLedger, waiting: WaitingRoom) -> Calling:
    """Calls that are waited for."""
    return Calling(store=ledger, clock=clocks.system, new_id=identifiers.new_id, dumps=bodies.dumps, waiting=waiting)


def in_bulk(ledger: PostgresLedger, calling: Calling) -> BulkOperations:
    """Many calls at once."""
    return BulkOperations(store=ledger, calling=calling, clock=clocks.system, new_id=identifiers.new_id)
