"""HTTP at the level of bytes, for what a client library would never send."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import attrs


@attrs.frozen(kw_only=True)
class Answer:
    """One answer; `rest` is what came behind it on the same connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes = b""


def request(path: str, *headers: str, body: bytes = b"", method: str = "POST") -> bytes:
    """A request as bytes, whether or not its headers make sense together."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *headers, "", ""]).encode("latin-1") + body


def exchange(url: str, sent: bytes, *, seconds: float = 20.0) -> Answer:
    """Send bytes on a connection of their own, read until the server closes it, and return the first answer."""
    with _connection(url, seconds) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough and has answered already
            connection.sendall(sent)
        return parse(_read(connection))


def hang_up(url: str, sent: bytes) -> None:
    """Send bytes and close the connection at once."""
    with _connection(url, 20.0) as connection:
        connection.sendall(sent)


def _connection(url: str, seconds: float) -> socket.socket:
    address = urlsplit(url)
    assert address.hostname is not None
    return socket.create_connection((address.hostname, address.port or 80), timeout=seconds)


def _read(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):  # it closed while we were still sending
        while more := connection.recv(65_536):
            received += more
    return received


def parse(received: bytes) -> Answer:
    """The first answer in what was received."""
    head, _, rest = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    return Answer(status=int(status.split()[1]), headers=headers, body=rest[:length], rest=rest[length:])
