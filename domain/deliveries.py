"""A delivery: what is sent out, what came of an attempt, and when the next one is due."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import attrs

MOST_OF_AN_ANSWER: Final = 4_096
"""Bytes of an answer that an attempt keeps."""

# Codes that others than their makers ask for.
ANSWERED: Final = "answered"
GONE: Final = "gone"
UNAUTHORIZED: Final = "unauthorized"
"""The target does not accept our credentials: what follows would fare no better."""

Outcome = Literal["delivered", "failed", "refused"]
"""Refused is what no later attempt can change: the target is gone, or no address that may be called."""


def _read_only(headers: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(headers))


def _beginning(answer: bytes) -> bytes:
    return answer[:MOST_OF_AN_ANSWER]


@attrs.frozen(kw_only=True)
class HttpRequest:
    """A request as a workflow wants it made; what signs and names the delivery is added when it is sent."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = attrs.field(factory=dict, converter=_read_only)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class Email:
    """A message to one recipient.

    `sender` None is the gateway's own; `message_id` is the delivery's, the same for every attempt, and becomes the
    header Message-ID with the sender's domain behind it.
    """

    to: str
    subject: str
    text: str = attrs.field(repr=False)
    html: str | None = attrs.field(default=None, repr=False)
    sender: str | None = None
    message_id: str


@attrs.frozen(kw_only=True)
class Attempt:
    """What came of one attempt.

    `status` is the one of HTTP or SMTP, None when there was no answer; `code` says in one word what happened,
    `message` in a sentence; `answer` is what came back, its first 4,096 bytes; `retry_after` is in seconds, as the
    target asked.
    """

    outcome: Outcome
    status: int | None = None
    code: str
    message: str
    milliseconds: int
    answer: bytes = attrs.field(default=b"", repr=False, converter=_beginning)
    retry_after: float | None = None

    @property
    def text(self) -> str:
        """The answer as it goes on record."""
        return self.answer.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")

    @property
    def disables_target(self) -> bool:
        """Whether the target said that it is gone for good (410), so that nothing is to be sent to it any more."""
        return self.code == GONE


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how patiently a delivery is tried; seconds. The defaults span 12 hours on average, 23 at most."""

    most_attempts: int = 16
    first_window: float = 5.0
    longest_window: float = 21_600.0
    longest_retry_after: float = 86_400.0


DEFAULT_POLICY: Final = RetryPolicy()


def next_attempt(attempts: int, attempt: Attempt, jitter: float, policy: RetryPolicy = DEFAULT_POLICY) -> float | None:
    """The seconds until the next attempt, or None when there is none: delivered, refused, or `attempts` were enough.

    `attempts` counts those made, the last, `attempt`, among them. `jitter` is at random from 0 to 1: the wait lies
    anywhere in a window that doubles with each attempt (full jitter), so that what failed together does not come back
    together. What the target asked for in Retry-After goes before the window, up to a cap.
    """
    if attempt.outcome != "failed" or attempts >= policy.most_attempts:
        return None
    asked = min(max(attempt.retry_after or 0.0, 0.0), policy.longest_retry_after)
    return asked + jitter * window(attempts, policy)


def window(attempts: int, policy: RetryPolicy = DEFAULT_POLICY) -> float:
    """The seconds within which the attempt after `attempts` falls."""
    # The exponent is bounded, since a float is not as patient as a policy may be.
    return min(policy.longest_window, policy.first_window * 2.0 ** min(attempts - 1, 64))


def answered(status: int, milliseconds: int, answer: bytes = b"", retry_after: float | None = None) -> Attempt:
    """What an answer over HTTP means: 2xx is delivered, 410 is refused for good, all else is failed and tried again."""
    outcome, code, message = _meaning(status)
    return Attempt(
        outcome=outcome,
        status=status,
        code=code,
        message=message,
        milliseconds=milliseconds,
        answer=answer,
        retry_after=retry_after,
    )


def _meaning(status: int) -> tuple[Outcome, str, str]:
    if 200 <= status < 300:
        return "delivered", ANSWERED, f"the target answered {status}"
    if 300 <= status < 400:
        return (
            "failed",
            "redirected",
            f"the target answered {status}; redirects are not followed, so give the final URL",
        )
    if status == 410:
        return "refused", GONE, "the target answered 410: it is gone for good, so this is not tried again"
    if status in (429, 503):
        return "failed", "busy", f"the target answered {status}: it is to be tried later"
    return "failed", ANSWERED, f"the target answered {status}"
