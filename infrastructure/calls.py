"""Puts together how calls of the directory's API come into the log, singly and in bulk."""

import time

from application.bulk_operations import BulkOperations
from application.calling import Calling
from infrastructure import bodies, clocks, identifiers
from infrastructure.event_store.ledger import PostgresLedger


def singly(ledger: PostgresLedger) -> Calling:
    """Calls that are waited for."""
    return Calling(
        store=ledger,
        clock=clocks.system,
        new_id=identifiers.new_id,
        dumps=bodies.dumps,
        now=time.monotonic,
        sleep=time.sleep,
    )


def in_bulk(ledger: PostgresLedger, calling: Calling) -> BulkOperations:
    """Many calls at once."""
    return BulkOperations(store=ledger, calling=calling, clock=clocks.system, new_id=identifiers.new_id)
