"""The one way in which a signed request is judged: live secrets, what the request presents, a match, its age.

A scheme supplies a `Recipe`; nothing about providers stands here. Everything that can be computed once is, because a
verifier runs on every request. The signature is compared before the age is looked at, so that a stale timestamp in a
verdict means a genuine but old request and not a wrong secret.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import attrs

from domain.coverage import NOTHING, Covered
from domain.verification import Reason, SigningSecret, Verdict, Verifier

Headers = Mapping[str, str]
Matches = Callable[[bytes, tuple[bytes, ...]], bool]
"""Whether any of these signatures is one of these bytes, for one secret. Takes no longer for a near miss."""


@attrs.frozen
class Presented:
    """What a request brings to its verification.

    `signatures` are the candidates, any of which may match; `covered` are the bytes they sign, `timestamp` the time
    that the request states in Unix seconds, None when it states none.
    """

    signatures: tuple[bytes, ...]
    covered: bytes
    timestamp: float | None = None


Read = Callable[[Headers, bytes, str], Presented]
"""From the headers, the body and the query string to what they present. Raises `Unverifiable`."""


class Unverifiable(Exception):
    """The request presents nothing that could be compared; `timestamp` is what it says if that much was legible."""

    def __init__(self, reason: Reason, message: str, timestamp: float | None = None) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message
        self.timestamp = timestamp


def present(headers: Headers, name: str, reason: Reason = "signature_missing") -> str:
    """Return the value of the header `name`. Raises `Unverifiable` with `reason` when it is missing or empty."""
    value = headers.get(name)
    if not value:
        raise Unverifiable(reason, f"the header {name} is missing or empty")
    return value


class Recipe(Protocol):
    """A scheme with its options read: what its signatures cover, what its secrets look like, and its verifiers."""

    @property
    def covered(self) -> Covered:
        """What a verified request's signature vouches for."""

    def check(self, secret: str) -> None:
        """Raise `Refused` unless `secret` can be a secret of this scheme."""

    def verifier(self, scheme: str, secrets: Iterable[SigningSecret], url: str) -> Verifier:
        """Compile the verifier that tries these secrets at the address `url`, as the sender knows it.

        Raises `Refused` for a secret that `check` refuses.
        """


@attrs.frozen
class Signed:
    """The recipe of a scheme with signatures: how to read a request, and what a secret makes of what it presents.

    `read` raises `Unverifiable`. `matcher` raises `Refused`. `tolerance` is in seconds, to either side.
    """

    read: Read
    matcher: Callable[[str], Matches]
    covered: Covered = NOTHING
    tolerance: int = 0

    def check(self, secret: str) -> None:
        """Raise `Refused` unless `secret` can be a secret of this scheme."""
        self.matcher(secret)

    def verifier(self, scheme: str, secrets: Iterable[SigningSecret], url: str) -> Verifier:
        """Compile the verifier that tries these secrets, in this order. The address plays no part."""
        keys = tuple(
            _Key(
                secret.id,
                self.matcher(secret.value),
                secret.expires_at,
                Verdict(scheme, "verified", None, None, secret.id, None),
            )
            for secret in secrets
        )
        return _SignatureVerifier(scheme, keys, self.read, self.tolerance)


@attrs.frozen
class _Key:
    id: str
    matches: Matches
    expires_at: datetime | None
    verified: Verdict


@attrs.frozen
class _SignatureVerifier:
    scheme: str
    keys: tuple[_Key, ...]
    read: Read
    tolerance: int

    def __call__(self, headers: Headers, body: bytes, at: datetime, query: str) -> Verdict:
        live = [key for key in self.keys if key.expires_at is None or at < key.expires_at]
        if not live:
            return self._failed("secret_unset", _unset(self.keys))
        try:
            presented = self.read(headers, body, query)
        except Unverifiable as problem:
            return self._failed(problem.reason, problem.message, skew=_skew(at, problem.timestamp))
        skew = _skew(at, presented.timestamp)
        key = _matching(live, presented)
        if key is None:
            return self._failed("signature_mismatch", _mismatch(live), skew=skew)
        if skew is None:
            return key.verified
        if abs(skew) > self.tolerance:
            return self._outside(key, skew)
        return Verdict(self.scheme, "verified", None, None, key.id, skew)

    def _failed(self, reason: Reason, message: str, secret_id: str | None = None, skew: float | None = None) -> Verdict:
        return Verdict(self.scheme, "failed", reason, message, secret_id, skew)

    def _outside(self, key: _Key, skew: float) -> Verdict:
        reason: Reason = "timestamp_stale" if skew > 0 else "timestamp_future"
        side = "before" if skew > 0 else "after"
        message = f"signed {abs(skew):.0f} s {side} it was received; at most {self.tolerance} s are tolerated"
        return self._failed(reason, message, key.id, skew)


def _skew(at: datetime, timestamp: float | None) -> float | None:
    # Rounded to what a datetime resolves, so that a recorded skew reads as 0.25 and not as 0.2500000001.
    return None if timestamp is None else round(at.timestamp() - timestamp, 6)


def _matching(keys: Iterable[_Key], presented: Presented) -> _Key | None:
    for key in keys:
        if key.matches(presented.covered, presented.signatures):
            return key
    return None


def _unset(keys: tuple[_Key, ...]) -> str:
    if not keys:
        return "no secret is set; add the secret that the provider signs with"
    return f"every secret had expired ({', '.join(key.id for key in keys)}); add the current one"


def _mismatch(keys: list[_Key]) -> str:
    return f"no secret tried ({', '.join(key.id for key in keys)}) makes this signature of this body"
