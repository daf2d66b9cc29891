"""Sends HTTP requests: one attempt each, to vetted addresses only, within one deadline, with a bounded answer."""

import ssl
import time
from collections.abc import Sequence

import attrs

from application.ports import Clock
from domain import deliveries
from domain.deliveries import Attempt, HttpRequest
from infrastructure import failpoints
from infrastructure.outgoing import exchanges, requests, signing
from infrastructure.outgoing.exchanges import AGENT, SECONDS, Exchanges
from infrastructure.outgoing.guard import Guard


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
        started, at = time.perf_counter(), self.clock()
        exchanging = Exchanges(guard=self.guard, trust=self.trust, seconds=self.seconds)
        try:
            with failpoints.effect():
                answer = exchanging.exchange(
                    request.url,
                    lambda target: requests.made(
                        request, target, delivery=delivery, secrets=secrets, at=at, agent=AGENT
                    ),
                )
        except exchanges.ANTICIPATED as error:
            return exchanges.failed(error, started)
        after = exchanges.retry_after(answer.headers, self.clock())
        return deliveries.answered(answer.status, exchanges.since(started), answer.beginning, after)
