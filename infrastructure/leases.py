"""Leases on work that one process does at a time: an advisory lock, which ends with the connection that holds it."""

from typing import Any

import psycopg

from infrastructure.advisory_locks import AdvisoryLock


def held(connection: psycopg.Connection[Any], lock: AdvisoryLock) -> bool:
    """Take the lock if nobody else has it; whether this connection holds it now."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (int(lock),)).fetchone()
    return bool(row and row[0])
