"""Sends HTTP requests: one attempt each, to vetted addresses only, within one deadline, with a bounded answer.

Redirects are not followed, and proxies, `.netrc` and cookies do not exist here: nothing but the guard and the settings
decides where a request goes.
"""

import contextlib
import email.utils
import ssl
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs
import httpcore

from application.ports import Clock
from domain import deliveries
from domain.deliveries import Attempt, HttpRequest, Outcome
from domain.errors import Refused
from infrastructure import failpoints
from infrastructure.outgoing import requests, signing
from infrastructure.outgoing.connections import Broken, Deadline, Late, Pinned, Unreachable
from infrastructure.outgoing.guard import AddressRefused, Guard, Unresolved, Vetted

SECONDS: Final = 15.0
AGENT: Final = "Hookledger"

# What can go wrong before there is an answer, in the order in which it is looked up.
_FAILURES: Final[Sequence[tuple[type[Exception], Outcome, str]]] = (
    (AddressRefused, "refused", "address_refused"),
    (Refused, "refused", "request_refused"),
    (Unresolved, "failed", "unresolved"),
    (Unreachable, "failed", "unreachable"),
    (Late, "failed", "timed_out"),
    (Broken, "failed", "broken_off"),
    (httpcore.RemoteProtocolError, "failed", "not_http"),
)
_ANTICIPATED: Final = tuple(kind for kind, _, _ in _FAILURES)


@attrs.frozen(kw_only=True)
class HttpSender:
    """See the port `Sender`. `trust` says whose certificates are accepted; `seconds` is the deadline of an attempt."""

    guard: Guard
    trust: ssl.SSLContext
    clock: Clock
    seconds: float = SECONDS

    def check(self, url: str) -> None:
        """See the port."""
        self.guard.check(url)

    def check_secret(self, secret: str) -> None:
        """See the port."""
        signing.key(secret)

    def send(self, request: HttpRequest, *, delivery: str, secrets: Sequence[str] = ()) -> Attempt:
        """See the port."""
        started = time.perf_counter()
        try:
            with failpoints.effect():
                return self._attempt(request, delivery, secrets, started)
        except _ANTICIPATED as error:
            outcome, code = next((outcome, code) for kind, outcome, code in _FAILURES if isinstance(error, kind))
            return Attempt(outcome=outcome, code=code, message=str(error), milliseconds=_since(started))

    def _attempt(self, request: HttpRequest, delivery: str, secrets: Sequence[str], started: float) -> Attempt:
        deadline = Deadline.after(self.seconds)
        vetted = self.guard.vet(request.url, deadline.left())
        made = requests.made(request, vetted.target, delivery=delivery, secrets=secrets, at=self.clock(), agent=AGENT)
        with contextlib.closing(self._connection(vetted, deadline)) as connection:
            response = connection.handle_request(made)
            answer = _beginning(response)
        after = retry_after(response.headers, self.clock())
        return deliveries.answered(response.status, _since(started), answer, after)

    def _connection(self, vetted: Vetted, deadline: Deadline) -> httpcore.HTTPConnection:
        target = vetted.target
        return httpcore.HTTPConnection(
            httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
            ssl_context=self.trust,
            network_backend=Pinned(vetted.addresses, deadline),
        )


def retry_after(headers: Iterable[tuple[bytes, bytes]], now: datetime) -> float | None:
    """The seconds that Retry-After asks for, as a number or as a date (RFC 9110); None when it asks for nothing."""
    text = next((value.decode("ascii", "replace") for name, value in headers if name.lower() == b"retry-after"), "")
    if text.isascii() and text.isdigit():
        return float(text[:10])
    with contextlib.suppress(ValueError):
        moment = email.utils.parsedate_to_datetime(text)
        return max((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds(), 0.0)
    return None


def _beginning(response: httpcore.Response) -> bytes:
    """Read as much of the body as is kept. The status is the answer, whether or not the rest comes."""
    answer = b""
    if response.status < 200:
        return answer
    with contextlib.suppress(Late, Broken, httpcore.RemoteProtocolError):
        for chunk in response.iter_stream():
            answer += chunk
            if len(answer) >= deliveries.MOST_OF_AN_ANSWER:
                break
    return answer


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
