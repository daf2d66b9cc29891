"""The pool of connections to a database: one that notices when the server has hung up, as it does when it restarts."""

import select

from eventsourcing.postgres import ConnectionPool
from psycopg import Connection
from psycopg.rows import DictRow


class AttentivePool(ConnectionPool[Connection[DictRow]]):
    """Hands out no connection that ended while it lay idle; otherwise each of them would fail one request."""

    def getconn(self, timeout: float | None = None) -> Connection[DictRow]:
        """See the library."""
        connection = super().getconn(timeout)
        for _ in range(self.max_size):
            if not _ended(connection):
                break
            connection.close()
            self.putconn(connection)  # which has it replaced
            connection = super().getconn(timeout)
        return connection


def _ended(connection: Connection[DictRow]) -> bool:
    # Nothing was asked, so that anything to read is the server's farewell.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
