"""What it means for a request to be genuine, and whether a source lets it in.

Holds values and two rules only. How each provider signs is in `infrastructure/signatures`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

import attrs

# Reasons are stored in the event log: add to them, never rename one.
Reason = Literal[
    "batch_not_signed",
    "no_verification",
    "script_error",
    "script_refused",
    "script_without_verdict",
    "secret_unreadable",
    "secret_unset",
    "signature_malformed",
    "signature_mismatch",
    "signature_missing",
    "timestamp_future",
    "timestamp_malformed",
    "timestamp_missing",
    "timestamp_stale",
    "unknown_scheme",
]


def _read_only(options: Mapping[str, object]) -> Mapping[str, object]:
    return MappingProxyType(dict(options))


@attrs.frozen
class Verification:
    """How the requests of one configuration are verified: the scheme's name and its options."""

    scheme: str
    options: Mapping[str, object] = attrs.field(factory=dict, converter=_read_only)


@attrs.frozen
class SigningSecret:
    """A secret shared with the provider. It counts until just before `expires_at`, for ever when that is None."""

    id: str
    value: str = attrs.field(repr=False)
    expires_at: datetime | None = None


@attrs.frozen
class Verdict:
    """What became of verifying one request.

    `reason` is a stable code, None when verified. `message` says the same in words and never holds the expected
    signature or the secret. `secret_id` names the secret that matched; it is also set on `timestamp_stale` and
    `timestamp_future`, where the signature is genuine and only its age is not. `skew_seconds` is the time of receipt
    minus the signed time, so a positive skew is a signature from the past; None when the scheme signs no time.
    """

    scheme: str
    status: Literal["verified", "failed", "unverified"]
    reason: Reason | None = None
    message: str | None = None
    secret_id: str | None = None
    skew_seconds: float | None = None


Verifier = Callable[[Mapping[str, str], bytes, datetime, str], Verdict]
"""Judge one request by its headers, its raw body, its time of receipt (aware) and its query string as it was sent.

Header names are lower-cased; the values of a repeated header are joined by ", ". The time is an argument, so that
judging the same request again years later gives the same verdict.
"""


def status(verdict: Verdict, enforced: bool) -> str:
    """Name the verdict as the event log does (specification §2.3), such as `enforced:verified`.

    A source that enforces verification takes anything but `verified` as failed, a verdict that is missing included.
    """
    if not enforced:
        return f"not_enforced:{verdict.status}"
    return "enforced:failed" if refuses(verdict, enforced) else "enforced:verified"


def refuses(verdict: Verdict, enforced: bool) -> bool:
    """Tell whether the request must be turned away."""
    return enforced and verdict.status != "verified"
