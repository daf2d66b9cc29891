"""The doctor: looks at the database, the disk, the clock and the worker, and says what is wrong in words."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from application.queries import Overviews
from infrastructure import worker
from infrastructure.database import Database
from infrastructure.findings import Finding
from infrastructure.outgoing.addresses import Allowance

OLDEST_SERVER = 14
LONG_LAG_SECONDS = 30.0
WIDE_SKEW_SECONDS = 2.0
LITTLE_DISK = 0.05
# Setting, value that it must have, and what is at stake.
DURABILITY = (
    ("fsync", "on", "a power cut loses or damages what was acknowledged"),
    ("full_page_writes", "on", "a power cut in the middle of a write damages pages"),
    ("synchronous_commit", "on", "a crash loses webhooks that were acknowledged"),
)


def examine(
    database: Database,
    overviews: Overviews,
    data_dir: Path,
    allowance: Allowance,
    forwarding: Callable[[], Iterable[Finding]],
) -> Iterator[Finding]:
    """Look at everything, one thing after the other; what there is to say of `forwarding` where it can be known."""
    yield reach(allowance)
    try:
        connection = database.connect()
    except psycopg.OperationalError as error:
        yield Finding("problem", "database", f"cannot be reached: {str(error).strip().splitlines()[0]}")
        return
    with connection:
        yield _version(connection)
        yield from (_durability(connection, *row) for row in DURABILITY)
        yield _encoding(connection)
        yield _clock(connection)
        yield _lease(connection)
        yield _parked(connection, database.schema)
        yield _disabled_targets(connection, database.schema)
    yield _lag(overviews)
    yield from forwarding()
    yield _disk(data_dir)


def reach(allowance: Allowance) -> Finding:
    """Whom deliveries may reach: what suits development is dangerous where others say where deliveries go."""
    if allowance == "none":
        return Finding("ok", "targets", "public addresses only, by the settings that this command was given")
    beside = "this machine itself" if allowance == "loopback" else "this machine and private networks"
    words = f"deliveries may also reach {beside}, because HOOKLEDGER_ALLOW_PRIVATE_TARGETS is {allowance}"
    return Finding("warning", "targets", words)


def _show(connection: psycopg.Connection[Any], setting: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
    assert row is not None
    return str(row[0])


def _version(connection: psycopg.Connection[Any]) -> Finding:
    major = connection.info.server_version // 10_000
    if major < OLDEST_SERVER:
        return Finding("problem", "PostgreSQL", f"version {major} is too old; run {OLDEST_SERVER} or newer")
    return Finding("ok", "PostgreSQL", f"version {major}")


def _durability(connection: psycopg.Connection[Any], setting: str, wanted: str, at_stake: str) -> Finding:
    value = _show(connection, setting)
    if value in (wanted, "remote_apply", "remote_write") and not (setting == "fsync" and value != "on"):
        return Finding("ok", setting, value)
    return Finding("problem", setting, f"is {value}: {at_stake}; set {setting} = {wanted}")


def _encoding(connection: psycopg.Connection[Any]) -> Finding:
    encoding = _show(connection, "server_encoding")
    if encoding != "UTF8":
        return Finding("problem", "encoding", f"is {encoding}; create the database with ENCODING 'UTF8'")
    return Finding("ok", "encoding", encoding)


def _clock(connection: psycopg.Connection[Any]) -> Finding:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    skew = (datetime.now(UTC) - row[0]).total_seconds()
    if abs(skew) > WIDE_SKEW_SECONDS:
        words = f"this machine is {skew:+.1f} s from the database's; signatures with a time in them will be misjudged"
        return Finding("problem", "clock", words)
    return Finding("ok", "clock", f"within {abs(skew):.2f} s of the database's")


def _lease(connection: psycopg.Connection[Any]) -> Finding:
    if worker.lease_held(connection):
        return Finding("ok", "worker", "holds the lease")
    return Finding("warning", "worker", "no worker runs: webhooks are received but not processed")


def _parked(connection: psycopg.Connection[Any], schema: str) -> Finding:
    try:
        row = connection.execute(f'SELECT count(*), min(position) FROM "{schema}".parked').fetchone()
    except psycopg.errors.UndefinedTable:
        return Finding("problem", "schema", "is missing; run hookledger migrate")
    assert row is not None
    if row[0]:
        return Finding("problem", "parked events", f"{row[0]}, the first at position {row[1]}; see docs/operating.md")
    return Finding("ok", "parked events", "none")


def _disabled_targets(connection: psycopg.Connection[Any], schema: str) -> Finding:
    try:
        row = connection.execute(f'SELECT count(*), min(disabled_at) FROM "{schema}".disabled_targets').fetchone()
    except psycopg.errors.UndefinedTable:
        return Finding("problem", "disabled targets", "are not known; run hookledger migrate")
    assert row is not None
    if row[0]:
        words = f"{row[0]} answered 410, the first on {row[1]:%Y-%m-%d}; see GET /v1/disabled_targets"
        return Finding("warning", "disabled targets", words)
    return Finding("ok", "disabled targets", "none")


def _lag(overviews: Overviews) -> Finding:
    lag: Any = overviews.lag()
    words = f"{lag['events']} events wait, the oldest for {lag['seconds']:.1f} s"
    return Finding("warning" if lag["seconds"] > LONG_LAG_SECONDS else "ok", "lag", words)


def _disk(data_dir: Path) -> Finding:
    place = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    usage = shutil.disk_usage(place)
    words = f"{usage.free / 2**30:.1f} GiB free at {place}"
    return Finding("problem" if usage.free < LITTLE_DISK * usage.total else "ok", "disk", words)
