"""The one way in which a signed request is judged: live secrets, what the request presents, a match, its age.

A scheme supplies a `Recipe`; nothing about providers stands here. Everything that can be computed once is, because a
verifier runs on every request. The signature is compared before the age is looked at, so that a stale timestamp in a
verdict means a genuine but old request and not a wrong secret.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hmac import compare_digest
from typing import Protocol

import attrs

from domain.verification import Reason, SigningSecret, Verdict, Verifier

Headers = Mapping[str, str]
Expectation = Callable[[bytes], bytes]
"""From the bytes that a signature covers to the signature expected, for one secret."""


@attrs.frozen
class Presented:
    """What a request brings to its verification.

    `signatures` are the candidates, any of which may match; `covered` are the bytes they sign, `timestamp` the signed
    time in Unix seconds, None when the scheme signs none.
    """

    signatures: tuple[bytes, ...]
    covered: bytes
    timestamp: int | None = None


class Unverifiable(Exception):
    """The request presents nothing that could be compared; `timestamp` is what it says if that much was legible."""

    def __init__(self, reason: Reason, message: str, timestamp: int | None = None) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message
        self.timestamp = timestamp


def present(headers: Headers, name: str, reason: Reason) -> str:
    """Return the value of the header `name`. Raises `Unverifiable` with `reason` when it is missing or empty."""
    value = headers.get(name)
    if not value:
        raise Unverifiable(reason, f"the header {name} is missing or empty")
    return value


class Recipe(Protocol):
    """A scheme with its options read: it can make expectations of secrets, and verifiers."""

    def check(self, secret: str) -> None:
        """Raise `Refused` unless `secret` can be a secret of this scheme."""

    def verifier(self, scheme: str, secrets: Iterable[SigningSecret]) -> Verifier:
        """Compile the verifier that tries these secrets. Raises `Refused` for a secret that `check` refuses."""


@attrs.frozen
class Signed:
    """The recipe of a scheme with signatures: how to read a request, and what a secret makes of the covered bytes.

    `read` raises `Unverifiable`. `expectation` raises `Refused`. `tolerance` is in seconds, to either side.
    """

    read: Callable[[Headers, bytes], Presented]
    expectation: Callable[[str], Expectation]
    tolerance: int = 0

    def check(self, secret: str) -> None:
        """Raise `Refused` unless `secret` can be a secret of this scheme."""
        self.expectation(secret)

    def verifier(self, scheme: str, secrets: Iterable[SigningSecret]) -> Verifier:
        """Compile the verifier that tries these secrets, in this order."""
        keys = tuple(
            _Key(
                secret.id,
                self.expectation(secret.value),
                secret.expires_at,
                Verdict(scheme, "verified", None, None, secret.id, None),
            )
            for secret in secrets
        )
        return _SignatureVerifier(scheme, keys, self.read, self.tolerance)


@attrs.frozen
class _Key:
    id: str
    expected: Expectation
    expires_at: datetime | None
    verified: Verdict


@attrs.frozen
class _SignatureVerifier:
    scheme: str
    keys: tuple[_Key, ...]
    read: Callable[[Headers, bytes], Presented]
    tolerance: int

    def __call__(self, headers: Headers, body: bytes, at: datetime) -> Verdict:
        live = [key for key in self.keys if key.expires_at is None or at < key.expires_at]
        if not live:
            return self._failed("secret_unset", _unset(self.keys))
        try:
            presented = self.read(headers, body)
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


def _skew(at: datetime, timestamp: int | None) -> float | None:
    # Rounded to what a datetime resolves, so that a recorded skew reads as 0.25 and not as 0.2500000001.
    return None if timestamp is None else round(at.timestamp() - timestamp, 6)


def _matching(keys: Iterable[_Key], presented: Presented) -> _Key | None:
    for key in keys:
        expected = key.expected(presented.covered)
        for signature in presented.signatures:
            if compare_digest(expected, signature):
                return key
    return None


def _unset(keys: tuple[_Key, ...]) -> str:
    if not keys:
        return "no secret is set; add the secret that the provider signs with"
    return f"every secret had expired ({', '.join(key.id for key in keys)}); add the current one"


def _mismatch(keys: list[_Key]) -> str:
    return f"no secret tried ({', '.join(key.id for key in keys)}) makes this signature of this body"
