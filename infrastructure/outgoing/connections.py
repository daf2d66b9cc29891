"""Connections to addresses that were vetted, with one deadline over all that happens on them.

`httpcore` speaks HTTP on top of them. The name stays the request's: TLS asks for it and checks the certificate against
it. A stream never waits longer than its deadline leaves, however slowly the other side drips.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs
import httpcore

_AT_ONCE = 65_536


class Unreachable(Exception):
    """No address of the target could be connected to, or TLS was not agreed upon."""


class Late(Exception):
    """The deadline has passed."""


class Broken(httpcore.WriteError):
    """The connection broke off. httpcore then still reads what may have been answered to half a request."""


@attrs.frozen
class Deadline:
    """A point in monotonic time."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """The deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """The seconds that are left. Raises Late when there are none: a socket's timeout of 0 means something else."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise Late("the time for the whole request is over")
        return left


@contextlib.contextmanager
def _translated(broken: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise Late("the time for the whole request is over") from error
    except OSError as error:  # ssl.SSLError is one, too
        raise broken(_reason(error)) from error


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return error.strerror or str(error) or type(error).__name__


class Stream(httpcore.NetworkStream):
    """A connected socket under a deadline. The timeouts that httpcore passes are none, so they are not looked at."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive what is there, at most `max_bytes`. Raises Late and Broken."""
        with _translated(Broken):
            self._socket.settimeout(self._deadline.left())
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it. Raises Late and Broken."""
        rest = memoryview(buffer)
        with _translated(Broken):
            while rest:
                self._socket.settimeout(self._deadline.left())
                rest = rest[self._socket.send(rest[:_AT_ONCE]) :]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "Stream":
        """Agree on TLS under the request's name. Raises Late and Unreachable."""
        try:
            with _translated(Unreachable):
                self._socket.settimeout(self._deadline.left())
                return Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._deadline)
        except (Late, Unreachable):
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Nothing: httpcore asks only about what is not used here, such as HTTP/2."""
        return None


@attrs.frozen
class Pinned(httpcore.NetworkBackend):
    """Connects to these addresses, the first that answers, whatever host it is asked for."""

    addresses: Sequence[str]
    deadline: Deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """Connect to one of the addresses. Raises Late and Unreachable."""
        problems = []
        for tried, address in enumerate(self.addresses):
            try:
                return Stream(self._connected(address, port, len(self.addresses) - tried), self.deadline)
            except Unreachable as error:
                problems.append(f"{address}: {error}")
        raise Unreachable("; ".join(problems))

    def _connected(self, address: str, port: int, untried: int) -> socket.socket:
        # An address that never answers leaves half of the time to the others.
        seconds = self.deadline.left() / (2 if untried > 1 else 1)
        try:
            connected = socket.create_connection((address, port), timeout=seconds)
        except TimeoutError as error:
            raise Unreachable(f"no answer within {seconds:.1f} s") from error
        except OSError as error:
            raise Unreachable(_reason(error)) from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected
