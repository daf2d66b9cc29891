"""Recorders over the library's PostgreSQL ones: the same table and lock, but each write is one call of a function.

The function locks the table, so that the order of positions is the order of commits and no reader that follows the
log can miss an event. Nothing here uses psycopg's pipeline mode: it hangs on large writes.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, LiteralString

from eventsourcing.persistence import Notification, StoredEvent, Tracking
from eventsourcing.postgres import (
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresFactory,
    PostgresProcessRecorder,
)
from psycopg import Cursor
from psycopg.sql import SQL, Composed, Identifier, Literal

from application.errors import ConfigurationMoved
from infrastructure import bulk
from infrastructure.event_store import topics
from infrastructure.event_store.codec import Row
from infrastructure.event_store.keyed import KeyedEvent, KeyedNotification

CHANNEL = "hookledger"
LIBRARY_FUNCTION = "es_insert_events_"

CREATE_TABLE = SQL(
    """
    CREATE TABLE IF NOT EXISTS {schema}.{table} (
        originator_id text COLLATE "C" NOT NULL,
        originator_version bigint NOT NULL,
        topic text NOT NULL,
        state bytea NOT NULL,
        notification_id bigserial,
        PRIMARY KEY (originator_id, originator_version)
    ) WITH (
        autovacuum_vacuum_insert_scale_factor = 0.5,
        autovacuum_analyze_scale_factor = 0.05,
        toast_tuple_target = 8160
    )
    """
)

INBOX = hashlib.sha256(" ".join(topics.DECISIONS).encode()).hexdigest()[:8]
"""Names the inbox's index for what is not in it: a release that brings other topics makes another index."""

# The worker's inbox: all but what the worker itself writes, in log order, without a scan over its own output.
CREATE_INBOX = SQL(
    "DROP INDEX IF EXISTS {schema}.{old_index};"
    "CREATE INDEX IF NOT EXISTS {index} ON {schema}.{table} (notification_id) WHERE topic <> ALL ({decisions})"
)

CREATE_EPOCH = SQL(
    """
    CREATE TABLE IF NOT EXISTS {schema}.configuration_epoch (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        epoch bigint NOT NULL
    );
    INSERT INTO {schema}.configuration_epoch (epoch) VALUES (0) ON CONFLICT DO NOTHING
    """
)

# Beside the log, which never changes: who deletes a row makes what is private in its stream unreadable for good.
CREATE_KEYS = SQL(
    """
    CREATE TABLE IF NOT EXISTS {schema}.data_keys (
        stream text COLLATE "C" PRIMARY KEY,
        salt bytea NOT NULL
    )
    """
)

# `salts` are those of the streams whose key is new, null beside all other events.
# `expected` is the epoch of configurations under which the caller judged; null means that it does not matter.
# When another edit came in between, nothing is stored and the first column is null.
CREATE_APPEND = SQL(
    """
    CREATE OR REPLACE FUNCTION {schema}.{function}(
        ids text[], versions bigint[], topics text[], states bytea[], salts bytea[], expected bigint,
        edits boolean,
        OUT last_position bigint, OUT epoch bigint
    ) LANGUAGE plpgsql AS $BODY$
    BEGIN
        LOCK TABLE {schema}.{table} IN EXCLUSIVE MODE;
        SELECT c.epoch INTO epoch FROM {schema}.configuration_epoch c;
        IF expected <> epoch THEN
            RETURN;
        END IF;
        INSERT INTO {schema}.{table} (originator_id, originator_version, topic, state)
            SELECT * FROM unnest(ids, versions, topics, states);
        last_position := currval({sequence});
        INSERT INTO {schema}.data_keys (stream, salt)
            SELECT * FROM unnest(ids, salts) AS new (id, salt) WHERE new.salt IS NOT NULL;
        IF edits THEN
            UPDATE {schema}.configuration_epoch c SET epoch = last_position;
            epoch := last_position;
        END IF;
        PERFORM pg_notify({channel}, '');
    END
    $BODY$
    """
)


SALTS: LiteralString = " LEFT JOIN {schema}.data_keys ON stream = originator_id"


def bounded(select: LiteralString) -> SQL:
    """A page that also ends where its states exceed 8 MB together, so that large webhooks fit into memory.

    It holds one event at least, whatever its size.
    """
    return SQL(
        "SELECT notification_id, originator_id, originator_version, topic, state, salt FROM (SELECT page.*,"
        " sum(octet_length(state)) OVER (ORDER BY notification_id) - octet_length(state) AS before"
        " FROM (" + select + ") AS page) AS bounded" + SALTS + " WHERE before < 8000000 ORDER BY notification_id"
    )


def append_arguments(rows: Sequence[Row], expected_epoch: int | None) -> tuple[Any, ...]:
    """The arguments of the append function: the events as parallel arrays, the epoch, whether this is an edit."""
    edits = any(edits_configuration(row[0]) for row in rows)
    return (*bulk.columns("text bigint text bytea bytea", rows), expected_epoch, edits)


NO_EDITS = (
    *("webhook-", "run-", "bulk-", "target-", "forward-", "replay-", "draft-"),
    *("entity-", "erasure-", "retention-"),
)


def edits_configuration(stream: str) -> bool:
    """Whether a stream holds what the gateway is told to do, rather than what it received and did."""
    return not stream.startswith(NO_EDITS)


EVENTS: LiteralString = "SELECT notification_id, originator_id, originator_version, topic, state FROM {schema}.{table}"
KEYED: LiteralString = (
    "SELECT notification_id, originator_id, originator_version, topic, state, salt FROM {schema}.{table}" + SALTS
)


class AppendByFunction(PostgresApplicationRecorder):
    """What the application and the process recorder share: the table, the append function, the write."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "ledger_events", **kwargs: Any):
        super().__init__(datastore, events_table_name=events_table_name, **kwargs)
        table = events_table_name
        names = {
            "schema": Identifier(datastore.schema),
            "table": Identifier(table),
            "function": Identifier(f"{table}_append"),
            "index": Identifier(f"{table}_inbox_{INBOX}"),
            "old_index": Identifier(f"{table}_inbox"),
            "channel": Literal(CHANNEL),
            "sequence": Literal(f"{datastore.schema}.{table}_notification_id_seq"),
            "decisions": Literal(list(topics.DECISIONS)),
        }
        self.sql_create_statements[self.create_table_statement_index] = CREATE_TABLE.format(**names)
        # The library's own function writes without the lock, so it must not even exist.
        del self.sql_create_statements[self.create_insert_function_statement_index]
        self.sql_create_statements += [
            s.format(**names) for s in (CREATE_INBOX, CREATE_EPOCH, CREATE_KEYS, CREATE_APPEND)
        ]
        self.append_statement: Composed = SQL(
            "SELECT last_position, epoch FROM {schema}.{function}(%b, %b, %b, %b, %b, %b::bigint, %b)"
        ).format(**names)
        self.page_statement: Composed = bounded(
            EVENTS + " WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id LIMIT %s"
        ).format(**names)
        self.inbox_statement: Composed = bounded(
            EVENTS + " WHERE notification_id > %s AND topic <> ALL ({decisions}) ORDER BY notification_id LIMIT %s"
        ).format(**names)
        self.category_statement: Composed = SQL(
            KEYED
            + " WHERE originator_id >= %s AND originator_id < %s AND notification_id > %s ORDER BY notification_id"
        ).format(**names)
        self.pending_statement: Composed = SQL(
            KEYED + " WHERE notification_id > %s AND notification_id <= %s AND topic <> ALL ({decisions})"
            " AND topic IN ('WebhookReceived', 'WebhookRejected') ORDER BY notification_id DESC LIMIT %s"
        ).format(**names)
        self.oldest_statement: Composed = SQL(
            KEYED + " WHERE notification_id > %s AND topic <> ALL ({decisions}) ORDER BY notification_id LIMIT 1"
        ).format(**names)
        self.waiting_statement: Composed = SQL(
            "SELECT count(*) AS events FROM (SELECT FROM {schema}.{table}"
            " WHERE notification_id > %s AND topic <> ALL ({decisions}) LIMIT 100000) AS waiting"
        ).format(**names)
        self.histories_statement: Composed = SQL(
            KEYED + " WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version"
        ).format(**names)
        self.rest_statement: Composed = bounded(
            EVENTS + " WHERE notification_id > %s AND (notification_id <= %s OR topic = ANY ({decisions}))"
            " ORDER BY notification_id LIMIT %s"
        ).format(**names)
        self.stream_statement: Composed = SQL(KEYED + " WHERE originator_id = %s ORDER BY originator_version").format(
            **names
        )
        self.last_statement: Composed = SQL(
            KEYED + " WHERE originator_id = %s ORDER BY originator_version DESC LIMIT 1"
        ).format(**names)
        self.salt_statement: Composed = SQL("SELECT salt FROM {schema}.data_keys WHERE stream = %s").format(**names)
        self.epoch_statement: Composed = SQL("SELECT epoch FROM {schema}.configuration_epoch").format(**names)
        self.single_statement: Composed = SQL(
            "SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.state, salt"
            " FROM unnest(%s::text[], %s::bigint[]) AS wanted (id, version)"
            " JOIN {schema}.{table} e ON e.originator_id = wanted.id AND e.originator_version = wanted.version" + SALTS
        ).format(**names)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Store all or none, in one transaction with what `_insert_events` adds. Returns the positions."""
        rows = [(str(e.originator_id), e.originator_version, e.topic, e.state, _salt(e)) for e in stored_events]
        return self.insert_rows(rows, **kwargs)

    def insert_rows(self, rows: Sequence[Row], **kwargs: Any) -> Sequence[int]:
        """As `insert_events`, of rows as they are."""
        with self.datastore.get_connection() as conn, conn.transaction(), conn.cursor() as curs:
            self._insert_events(curs, (), **kwargs)
            return self.append(curs, rows, kwargs.get("expected_epoch"))

    def append(self, curs: Cursor[Any], rows: Sequence[Row], expected_epoch: int | None = None) -> Sequence[int]:
        """Append rows in the transaction of a cursor that reads dictionaries; the log is locked until its end."""
        if not rows:
            return []
        curs.execute(self.append_statement, append_arguments(rows, expected_epoch), prepare=True)
        stored = curs.fetchone()
        assert stored is not None
        if stored["last_position"] is None:
            raise ConfigurationMoved
        last = int(stored["last_position"])
        return range(last - len(rows) + 1, last + 1)

    def notifications(self, statement: Composed, params: Sequence[Any]) -> list[Notification]:
        """Run one of this recorder's reading statements."""
        with self.datastore.get_connection() as conn, conn.cursor(binary=True) as curs:
            return self.read(curs, statement, params)

    def read(self, curs: Cursor[Any], statement: Composed, params: Sequence[Any]) -> list[Notification]:
        """As `notifications`, on a cursor of one's own."""
        curs.execute(statement, params, prepare=True)
        return [
            KeyedNotification(
                row["originator_id"],
                row["originator_version"],
                row["topic"],
                row["state"],
                row["notification_id"],
                row["salt"],
            )
            for row in curs.fetchall()
        ]

    def salt(self, stream: str) -> bytes | None:
        """The salt of a stream's data key, None if it has none or has it no more."""
        with self.datastore.get_connection() as conn, conn.cursor(binary=True) as curs:
            row = curs.execute(self.salt_statement, (stream,), prepare=True).fetchone()
        return None if row is None else bytes(row["salt"])


def _salt(stored: StoredEvent) -> bytes | None:
    return stored.salt if isinstance(stored, KeyedEvent) else None


class LedgerRecorder(AppendByFunction):
    """The application recorder: appends and reads."""


class WorkerRecorder(AppendByFunction, PostgresProcessRecorder):
    """The process recorder: events, reading position and read models in one transaction, the table lock taken last."""

    def track(self, curs: Cursor[Any], tracking: Tracking) -> None:
        """Note a position in the transaction of a cursor that reads dictionaries."""
        self._insert_tracking(curs, tracking)

    def _insert_events(self, curs: Cursor[Any], stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        tracking: Tracking | None = kwargs.get("tracking")
        if tracking is not None:
            self._insert_tracking(curs, tracking)
        write: Callable[[Cursor[Any]], None] | None = kwargs.get("write")
        if write is not None:
            write(curs)


class LedgerFactory(PostgresFactory):
    """The library's factory with our recorders. Set as PERSISTENCE_MODULE."""

    application_recorder_class = LedgerRecorder
    process_recorder_class = WorkerRecorder
