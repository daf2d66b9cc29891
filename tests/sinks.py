"""Where deliveries of tests arrive: an HTTP server on the loopback address, which answers as it is told."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs


@attrs.frozen(kw_only=True)
class Arrival:
    """A request as it came: its method and path, its headers with their names in lower case, its body."""

    method: str = "POST"
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The idempotency key."""
        return self.headers["idempotency-key"]


@attrs.define
class Sink:
    """What arrived, and how to answer: a status, with headers, after so many seconds; by path first of all."""

    url: str
    arrivals: list[Arrival] = attrs.field(factory=list)
    answer: Callable[[Arrival, int], tuple[int, dict[str, str], float]] = lambda arrival, nth: (200, {}, 0.0)

    def at(self, path: str) -> list[Arrival]:
        """What arrived at a path."""
        return [each for each in list(self.arrivals) if each.path == path]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    sink: Sink


class _Answering(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            return  # whoever was sending it has died
        headers = {name.lower(): value for name, value in self.headers.items()}
        arrival, sink = Arrival(method=self.command, path=self.path, headers=headers, body=body), self.server.sink
        sink.arrivals.append(arrival)
        status, more, seconds = sink.answer(arrival, len(sink.at(self.path)))
        time.sleep(seconds)
        if not status:
            return  # the answer is lost: the connection closes without one
        self.send_response(status)
        for name, value in {"content-length": "2", **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_PUT = do_DELETE = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass  # the test says what it wants to know


@contextmanager
def listening() -> Iterator[Sink]:
    """A sink on a port of its own."""
    with _Server(("127.0.0.1", 0), _Answering) as server:
        server.sink = Sink(url=f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.sink
        server.shutdown()
        thread.join()


def port_of(sink: Sink) -> str:
    """The port on which a sink listens."""
    return sink.url.rpartition(":")[2]
