"""The StoredLog port: the rows of the log as PostgreSQL holds them."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, LiteralString

from eventsourcing.persistence import InterfaceError, OperationalError
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier, Literal

from application.errors import Unavailable
from domain.chain import Digested, Row
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER

COLUMNS = "notification_id, originator_id, originator_version, topic, state"
PAGE: LiteralString = (
    "SELECT notification_id, originator_id, originator_version, topic, sha256(state) FROM {table}"
    " WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id LIMIT %s"
)
TYPES = ("int8", "text", "int8", "text", "bytea")


class PostgresStoredLog:
    """See the port."""

    def __init__(self, database: Database) -> None:
        self._database, self._recorder = database, database.recorder(WorkerRecorder)
        self._table = Identifier(database.schema, self._recorder.events_table_name)
        self._page = SQL(PAGE).format(table=self._table)

    def head(self) -> int:
        """See the port."""
        return self._asked(self._recorder.max_notification_id)

    def settled(self) -> int:
        """See the port."""
        return self._asked(lambda: self._recorder.max_tracking_id(READER))

    def _asked(self, ask: Any) -> int:
        try:
            return int(ask() or 0)
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    def page(self, *, after: int, upto: int, limit: int) -> Sequence[Digested]:
        """See the port. The server digests the states, which stay where they are: a sealer goes along with all load."""
        try:
            with (
                self._recorder.datastore.get_connection() as connection,
                connection.cursor(binary=True, row_factory=tuple_row) as cursor,
            ):
                return cursor.execute(self._page, (after, upto, limit), prepare=True).fetchall()
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("the event store cannot be reached") from error

    @contextmanager
    def rows(self, *, after: int | None, upto: int) -> Iterator[Iterator[Row]]:
        """See the port. One COPY, whose rows come as fast as they are taken and are never held together."""
        # Closed and not committed: whoever wants no more rows leaves the server in the midst of sending them.
        with closing(self._database.connect()) as connection, connection.cursor() as cursor:
            connection.execute("SET statement_timeout = 0")
            with cursor.copy(self._copy(after, upto)) as copy:
                copy.set_types(TYPES)
                yield copy.rows()

    def _copy(self, after: int | None, upto: int) -> Composed:
        # All that lies before the first position is read too, negative ones included: nothing may hide there.
        begin = SQL("notification_id > {} AND ").format(Literal(after)) if after is not None else SQL("")
        return SQL(
            "COPY (SELECT {columns} FROM {table} WHERE {begin}notification_id <= {upto}"
            " ORDER BY notification_id, originator_id, originator_version) TO STDOUT (FORMAT BINARY)"
        ).format(columns=SQL(COLUMNS), table=self._table, begin=begin, upto=Literal(upto))

    def skip_to(self, position: int) -> None:
        """See the port."""
        sequence = Identifier(self._database.schema, f"{self._recorder.events_table_name}_notification_id_seq")
        with self._database.connect() as connection, connection.transaction():
            connection.execute(SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(self._table))
            connection.execute(
                SQL("SELECT setval(%s, greatest(%s, last_value)) FROM {}").format(sequence),
                (sequence.as_string(), position),
            )
