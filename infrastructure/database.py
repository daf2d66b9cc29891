"""A PostgreSQL database: where it is, how to connect, the library's recorders on it, and how its events are written."""

from typing import TypeVar

import psycopg
from eventsourcing.persistence import OperationalError
from eventsourcing.postgres import PostgresProcessRecorder
from eventsourcing.utils import Environment
from psycopg import conninfo
from psycopg.rows import DictRow, dict_row

from application.errors import Unavailable
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.data_keys import DataKeys
from infrastructure.event_store.recorder import AppendByFunction, LedgerFactory, LedgerRecorder, WorkerRecorder
from infrastructure.pools import AttentivePool

SCHEMA = "hookledger"
NAME = "ledger"
CONNECT_SECONDS = 2
OPTIONS = "-c lock_timeout=5s -c statement_timeout=60s -c idle_in_transaction_session_timeout=30s"

# A peer that says nothing any more is given up after some seconds, where the connection is TCP.
SILENCE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 5000}

R = TypeVar("R", bound=AppendByFunction)


class Database:
    """One database. `url` is a PostgreSQL connection URI or conninfo string, `master` the key that is not in it."""

    def __init__(self, url: str, *, master: bytes, schema: str = SCHEMA, pool_size: int = 5) -> None:
        self.conninfo = conninfo.make_conninfo(
            url, connect_timeout=CONNECT_SECONDS, application_name="hookledger", options=OPTIONS, **SILENCE
        )
        self.schema = schema
        self._factory = LedgerFactory(_environment(schema))
        self._factory.datastore.pool = self._pool(pool_size)
        self.mapper = RecordMapper(DataKeys(master, self._salt))

    def _pool(self, size: int) -> AttentivePool:
        # The library takes host, port and password singly; a whole conninfo also carries TLS and socket settings.
        return AttentivePool(
            self.conninfo,
            connection_class=psycopg.Connection[DictRow],
            kwargs={"row_factory": dict_row},
            configure=self._factory.datastore.after_connect_func(),
            min_size=size,
            max_size=size,
            open=False,
            timeout=CONNECT_SECONDS,
            # After a long absence the pool would wait ever longer; instead each request may try for itself.
            reconnect_timeout=3.0,
        )

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of one's own, in autocommit mode."""
        return psycopg.connect(self.conninfo, autocommit=True)

    def recorder(self, cls: type[R]) -> R:
        """A recorder on this database's pool; its tables are made by `migrations.migrate`."""
        tables = {"events_table_name": f"{NAME}_events"}
        if issubclass(cls, PostgresProcessRecorder):
            tables["tracking_table_name"] = f"{NAME}_tracking"
        try:
            return cls(self._factory.datastore, **tables)
        except OperationalError as error:
            raise Unavailable("the database cannot be reached; is DATABASE_URL right, and the server up?") from error

    def _salt(self, stream: str) -> bytes | None:
        return self.recorder(LedgerRecorder).salt(stream)

    def close(self) -> None:
        """Close the pool."""
        self._factory.close()


def _environment(schema: str) -> Environment:
    settings = {
        "PERSISTENCE_MODULE": f"{LedgerFactory.__module__}:{LedgerFactory.__name__}",
        "POSTGRES_DBNAME": "unused",
        "POSTGRES_HOST": "unused",
        "POSTGRES_USER": "unused",
        "POSTGRES_PASSWORD": "unused",
        "POSTGRES_SCHEMA": schema,
        "POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT": "30",
        "ORIGINATOR_ID_TYPE": "text",
        "CREATE_TABLE": "n",
    }
    return Environment(name=NAME, env=settings)


__all__ = ["Database", "LedgerRecorder", "WorkerRecorder"]
