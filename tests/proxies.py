"""A proxy between a client and a PostgreSQL server, which can lose answers, go silent and go away."""

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import conninfo

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """Passes bytes on, both ways, for each connection to `url`, until it is told otherwise."""

    def __init__(self, url: str, directory: Path) -> None:
        self._upstream = conninfo.conninfo_to_dict(url)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / SOCKET))
        self._listener.listen()
        self._flowing, self._losing, self._away = threading.Event(), threading.Event(), threading.Event()
        self._open: set[socket.socket] = set()
        self.url = conninfo.make_conninfo(url, host=str(directory), port=5432)
        self._flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_next_answer(self) -> None:
        """Pass the next question on and, when the server has answered, cut the connection instead of telling."""
        self._losing.set()

    @property
    def lost(self) -> bool:
        """Whether the answer that was to be lost is lost."""
        return not self._losing.is_set()

    def cut(self) -> None:
        """Break all connections."""
        for each in list(self._open):
            _shut(each)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Break all connections, and let nobody in."""
        self._away.set()
        self.cut()
        yield
        self._away.clear()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Pass nothing on, in neither direction, but keep every connection open."""
        self._flowing.clear()
        yield
        self._flowing.set()

    def close(self) -> None:
        """Break all connections and stop listening."""
        self._away.set()
        self._flowing.set()
        _shut(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._away.is_set():
                    client.close()
                else:
                    self._join(client, self._connect())

    def _connect(self) -> socket.socket:
        host, port = str(self._upstream["host"]), str(self._upstream.get("port", 5432))
        if not host.startswith("/"):
            return socket.create_connection((host, int(port)))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        self._open |= {client, server}
        threads = [
            threading.Thread(target=self._pump, args=args) for args in ((client, server), (server, client, True))
        ]
        for thread in threads:
            thread.start()
        threading.Thread(target=self._forget, args=(threads, client, server), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._flowing.wait()
                if answers and self._losing.is_set():
                    self._losing.clear()
                    break
                sink.sendall(data)
        _shut(source)
        _shut(sink)

    def _forget(self, threads: list[threading.Thread], *pair: socket.socket) -> None:
        for thread in threads:
            thread.join()
        for each in pair:
            each.close()
        self._open -= set(pair)


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(url: str) -> Iterator[Proxy]:
    """A proxy to the database at `url`; clients reach it at its own `url`."""
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(Proxy(url, Path(directory))) as proxy:
        yield proxy
