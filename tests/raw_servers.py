"""Servers on loopback whose answers are bytes on a socket, so that they also do what no web server would."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import attrs

Behaviour = Callable[[socket.socket], None]


@attrs.frozen
class Received:
    """A request as it came in."""

    line: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The one value of a header."""
        (value,) = (value for given, value in self.headers if given == name)
        return value


class RawServer:
    """Keeps every request and behaves towards it as told, the last way for all that follow.

    One that speaks first does so at once, without reading a request.
    """

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None, speaks_first: bool) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._behaviours = list(behaviours)
        self._tls, self._speaks_first = tls, speaks_first
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        """Its address under a name."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(connection):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with contextlib.closing(connection):
                if not self._speaks_first:
                    self.received.append(_read(connection))
                behave = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
                behave(connection)


@contextlib.contextmanager
def serving(
    *behaviours: Behaviour, tls: ssl.SSLContext | None = None, speaks_first: bool = False
) -> Iterator[RawServer]:
    """A server for as long as it is needed."""
    server = RawServer(*behaviours, tls=tls, speaks_first=speaks_first)
    try:
        yield server
    finally:
        server.close()


def answers(status: int, *headers: str, body: bytes = b"{}") -> Behaviour:
    """Answer at once, and properly."""
    head = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "", ""]
    return lambda connection: connection.sendall("\r\n".join(head).encode() + body)


def closes(connection: socket.socket) -> None:
    """Take the request, and let the answer be lost."""
    connection.shutdown(socket.SHUT_RDWR)


def is_silent(connection: socket.socket) -> None:
    """Take the request and say nothing until the other side goes."""
    connection.settimeout(10)
    connection.recv(1)


def drips_a_head(connection: socket.socket) -> None:
    """Send a head without end, a byte at a time, each well within any timeout of a single read."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(connection)


def drips_a_body(connection: socket.socket) -> None:
    """Send a body the same way."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    _drip(connection)


def never_ends(connection: socket.socket) -> None:
    """Send a body without end, as fast as it goes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def greets_as_mail_server(connection: socket.socket) -> None:
    """Greet as a mail server does, and say no more."""
    connection.sendall(b"220 mail.example.com ESMTP\r\n")


def drips_a_greeting(connection: socket.socket) -> None:
    """Greet as a mail server does, a byte at a time, without coming to an end."""
    connection.sendall(b"220-")
    _drip(connection)


def _drip(connection: socket.socket) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        connection.sendall(b"x")
        time.sleep(0.05)


def _read(connection: socket.socket) -> Received:
    text = b""
    while b"\r\n\r\n" not in text:
        text += _more(connection)
    head, _, body = text.partition(b"\r\n\r\n")
    line, *rest = head.decode().split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (each.partition(":") for each in rest)]
    length = int(dict(headers).get("content-length", "0"))
    while len(body) < length:
        body += _more(connection)
    return Received(line, headers, body)


def _more(connection: socket.socket) -> bytes:
    more = connection.recv(65_536)
    if not more:
        raise ConnectionError("the request ends in the middle")
    return more
