"""HTTP at the level of bytes, for what a client library would never send."""

import socket
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
    address = urlsplit(url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 80), timeout=seconds) as connection:
        try:
            connection.sendall(sent)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough and has answered already
        return parse(_read(connection))


def _read(connection: socket.socket) -> bytes:
    received = b""
    try:
        while more := connection.recv(65_536):
            received += more
    except ConnectionResetError:
        pass  # it closed while we were still sending
    return received


def parse(received: bytes) -> Answer:
    """The first answer in what was received."""
    head, _, rest = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    return Answer(status=int(status.split()[1]), headers=headers, body=rest[:length], rest=rest[length:])
