"""A signed request as tests hold it: how it is verified, under which secret, and what it consists of."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import attrs

from domain.verification import SigningSecret, Verdict, Verification
from infrastructure.signatures import schemes

BODY = b'{"id":"evt_1","type":"invoice.paid"}'
SECOND = 1_700_000_000
AT = datetime.fromtimestamp(SECOND + 0.25, UTC)
URL = "https://hooks.example.com/integrations/receive/tok_1"


@attrs.frozen
class Request:
    """A signed request and how to verify it. Before `fixed_from` the case of the signing header is free.

    `headers` are what the verification reads to the letter; `beside` are others that go with the request.
    """

    verification: Verification
    secret: str
    headers: Mapping[str, str]
    body: bytes = BODY
    at: datetime = AT
    covers_body: bool = True
    fixed_from: int = 0
    query: str = ""
    beside: Mapping[str, str] = attrs.field(factory=dict)

    def verdict(self, *secrets: str) -> Verdict:
        """Judge the request under these secrets, or its own; they are named by their turn."""
        return self.judged(
            [SigningSecret(str(turn), value) for turn, value in enumerate(secrets or (self.secret,))],
        )

    def judged(self, secrets: Sequence[SigningSecret]) -> Verdict:
        """Judge the request under these secrets, of which there may be none."""
        verify = schemes.verifier(self.verification, secrets, URL)
        return verify({**self.beside, **self.headers}, self.body, self.at, self.query)

    def with_header(self, name: str, value: str) -> "Request":
        """The same request with another value of this header."""
        return attrs.evolve(self, headers={**self.headers, name: value})

    def without(self, name: str) -> "Request":
        """The same request without this header."""
        return attrs.evolve(self, headers={key: value for key, value in self.headers.items() if key != name})


def mac(key: str, covered: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(key.encode(), covered, algorithm)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
