"""Carries actions out in Knock accounts with Knock's own client, over connections that the guard has vetted.

The client says which request a call is; whether, where to and how often it is made is decided here and by those who
ask. What the environment of the process would have the client say (a branch, more headers) is left out.
"""

import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import attrs
import httpcore
import httpx

from application.ports import Clock
from domain import knock_answers
from domain.deliveries import Attempt
from domain.forwarding import Account
from domain.knock_calls import Call
from infrastructure import failpoints
from infrastructure.outgoing import exchanges
from infrastructure.outgoing.exchanges import AGENT, SECONDS, Answer, Exchanges
from infrastructure.outgoing.guard import Guard
from infrastructure.outgoing.targets import Target

if TYPE_CHECKING:
    from knockapi import Knock

SAID: Final = ("accept", "content-type", "idempotency-key")
"""The client's headers that go out; the others are this module's."""

# What the client's methods insist on as an argument, although the body says it.
INSISTED: Final[Mapping[str, Sequence[str]]] = {
    "objects.add_subscriptions": ("recipients",),
    "objects.delete_subscriptions": ("recipients",),
    "audiences.add_members": ("members",),
    "audiences.remove_members": ("members",),
    "workflows.trigger": ("recipients",),
    "workflows.cancel": ("cancellation_key",),
}


@attrs.frozen(kw_only=True)
class KnockExecutor:
    """See the port `Executor`. `trust` says whose certificates are accepted; `seconds` is an attempt's deadline."""

    guard: Guard
    trust: ssl.SSLContext
    clock: Clock
    seconds: float = SECONDS

    def carry_out(self, call: Call, account: Account, *, key: str) -> Attempt:
        """See the port."""
        started = time.perf_counter()
        exchanging = Exchanges(guard=self.guard, trust=self.trust, seconds=self.seconds)
        try:
            with failpoints.effect():
                answer = _asked(call, account, key, _Transport(exchanging, account.api_key))
        except exchanges.ANTICIPATED as error:
            return exchanges.failed(error, started)
        after = exchanges.retry_after(answer.headers, self.clock())
        took = exchanges.since(started)
        return knock_answers.judged(answer.status, took, answer.beginning, after, removes=call.removes)


class _Transport(httpx.BaseTransport):
    """Makes the client's one request and remembers what was answered."""

    def __init__(self, exchanging: Exchanges, api_key: str) -> None:
        self._exchanging, self._api_key = exchanging, api_key
        self.answer: Answer | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        self.answer = answer = self._exchanging.exchange(str(request.url), lambda target: self._made(request, target))
        return httpx.Response(answer.status, request=request)

    def _made(self, request: httpx.Request, target: Target) -> httpcore.Request:
        content = request.read()
        headers = {
            "host": target.authority,
            "user-agent": AGENT,
            "authorization": f"Bearer {self._api_key}",
            **{name: request.headers[name] for name in SAID if name in request.headers},
            "accept-encoding": "identity",  # so that a small answer is not a large one in disguise
            "connection": "close",
            "content-length": str(len(content)),
        }
        return httpcore.Request(
            request.method,
            httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
            headers=list(headers.items()),
            content=content,
        )


def _asked(call: Call, account: Account, key: str, transport: _Transport) -> Answer:
    """The answer to a call, made once. Raises one of ANTICIPATED."""
    import knockapi  # takes a second, which only those spend who forward

    with (
        httpx.Client(transport=transport, trust_env=False, follow_redirects=False) as http,
        knockapi.Knock(api_key=account.api_key, base_url=account.base_url, max_retries=0, http_client=http) as knock,
    ):
        try:
            with suppress(knockapi.APIStatusError):  # an answer like others, which the transport has
                _make(call, knock, key)
        except knockapi.APIConnectionError as error:
            raise error.__cause__ or error from None
    assert transport.answer is not None
    return transport.answer


def _make(call: Call, knock: "Knock", key: str) -> None:
    """Call the client's method that has the operation's name."""
    group, _, method = call.operation.partition(".")
    resource: Any = getattr(knock, group).with_raw_response
    getattr(resource, method)(
        *call.path,
        **{name: call.body[name] for name in INSISTED.get(call.operation, ())},
        extra_body=dict(call.body) or None,
        extra_query=dict(call.query) or None,
        idempotency_key=key,
    )
