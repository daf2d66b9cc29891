"""One exchange over HTTP: a request to a vetted address, within one deadline, and the beginning of its answer.

Redirects are not followed, and proxies, `.netrc` and cookies do not exist here: nothing but the guard and the settings
decides where a request goes.
"""

import contextlib
import email.utils
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs
import httpcore

from domain import deliveries
from domain.deliveries import Attempt, Outcome
from domain.errors import Refused
from infrastructure.outgoing.connections import Broken, Deadline, Late, Pinned, Unreachable
from infrastructure.outgoing.guard import AddressRefused, Guard, Unresolved, Vetted
from infrastructure.outgoing.targets import Target

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
ANTICIPATED: Final = tuple(kind for kind, _, _ in _FAILURES)
"""What an exchange raises for what the target, its name or its address is like."""


@attrs.frozen(kw_only=True)
class Answer:
    """An answer: its status, its headers, and as much of its body as is kept."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    beginning: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Exchanges:
    """Makes exchanges. `trust` says whose certificates are accepted; `seconds` is the deadline of each."""

    guard: Guard
    trust: ssl.SSLContext
    seconds: float = SECONDS

    def exchange(self, url: str, make: Callable[[Target], httpcore.Request]) -> Answer:
        """Send what `make` makes for the vetted target. Raises one of ANTICIPATED."""
        deadline = Deadline.after(self.seconds)
        vetted = self.guard.vet(url, deadline.left())
        made = make(vetted.target)
        with contextlib.closing(self._connection(vetted, deadline)) as connection:
            response = connection.handle_request(made)
            return Answer(status=response.status, headers=response.headers, beginning=_beginning(response))

    def _connection(self, vetted: Vetted, deadline: Deadline) -> httpcore.HTTPConnection:
        target = vetted.target
        return httpcore.HTTPConnection(
            httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
            ssl_context=self.trust,
            network_backend=Pinned(vetted.addresses, deadline),
        )


def failed(error: Exception, started: float) -> Attempt:
    """The attempt that ended in one of ANTICIPATED. `started` is when it began, by the performance counter."""
    outcome, code = next((outcome, code) for kind, outcome, code in _FAILURES if isinstance(error, kind))
    return Attempt(outcome=outcome, code=code, message=str(error), milliseconds=since(started))


def retry_after(headers: Iterable[tuple[bytes, bytes]], now: datetime) -> float | None:
    """The seconds that Retry-After asks for, as a number or as a date (RFC 9110); None when it asks for nothing."""
    text = next((value.decode("ascii", "replace") for name, value in headers if name.lower() == b"retry-after"), "")
    if text.isascii() and text.isdigit():
        return float(text[:10])
    with contextlib.suppress(ValueError):
        moment = email.utils.parsedate_to_datetime(text)
        return max((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds(), 0.0)
    return None


def since(started: float) -> int:
    """The milliseconds since a reading of the performance counter."""
    return round((time.perf_counter() - started) * 1000)


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
