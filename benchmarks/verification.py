"""`python -m benchmarks.verification`: what it costs to verify one genuine request of 2 KB, for each scheme."""

import base64
import hmac
import statistics
import timeit
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from domain.verification import SigningSecret, Verification
from infrastructure.signatures import schemes

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
SECOND = int(AT.timestamp())
URL = "https://hooks.example.com/integrations/receive/tok_1"
BODY = (b'{"id":"evt_1","type":"invoice.paid","data":"' + b"x" * 2048)[:2046] + b'"}'
DIGEST = sha256(BODY).hexdigest()
SECRET = "a-shared-secret-of-32-characters"
KEY = base64.b64encode(SECRET.encode()).decode()
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
ROUNDS, CALLS = 7, 2000


@attrs.frozen
class Case:
    """A genuine request of a scheme."""

    headers: Mapping[str, str]
    secret: str = SECRET
    options: Mapping[str, object] = attrs.field(factory=dict)
    query: str = ""


def main() -> None:
    """Measure and report."""
    report(Console(width=60), measure())


def measure() -> Mapping[str, float]:
    """Microseconds to verify a request, by scheme."""
    return {scheme: _microseconds(scheme, case) for scheme, case in CASES.items()}


def report(console: Console, figures: Mapping[str, float]) -> None:
    """Print the figures."""
    table = Table("Scheme", "µs")
    for scheme, microseconds in figures.items():
        table.add_row(scheme, f"{microseconds:.1f}")
    console.print(table)


def _microseconds(scheme: str, case: Case) -> float:
    """The median round, per call."""
    verify = schemes.verifier(Verification(scheme, case.options), [SigningSecret("1", case.secret)], URL)
    verdict = verify(case.headers, BODY, AT, case.query)
    assert verdict.status == "verified", verdict
    rounds = timeit.repeat(lambda: verify(case.headers, BODY, AT, case.query), repeat=ROUNDS, number=CALLS)
    return statistics.median(rounds) / CALLS * 1e6


def _hex(covered: bytes, algorithm: str = "sha256", prefix: str = "") -> str:
    return hmac.digest(f"{prefix}{SECRET}".encode(), covered, algorithm).hex()


def _base64(covered: bytes, algorithm: str = "sha256") -> str:
    return base64.b64encode(hmac.digest(SECRET.encode(), covered, algorithm)).decode()


def _standard(signature: str) -> Mapping[str, str]:
    return {"webhook-signature": signature, "webhook-id": "msg_1", "webhook-timestamp": str(SECOND)}


_DOTTED = b"%d.%b" % (SECOND, BODY)
_IN_MILLISECONDS = b"%d000.%b" % (SECOND, BODY)
_STANDARD = b"msg_1.%b" % _DOTTED
_DIGEST_QUERY = f"bodySHA256={DIGEST}"

CASES: Mapping[str, Case] = {
    "stripe": Case({"stripe-signature": f"t={SECOND},v1={_hex(_DOTTED, prefix='whsec_')}"}, f"whsec_{SECRET}"),
    "standard_webhooks": Case(_standard(f"v1,{_base64(_STANDARD)}"), f"whsec_{KEY}"),
    "ed25519": Case(_standard(f"v1a,{base64.b64encode(PRIVATE.sign(_STANDARD)).decode()}"), f"whpk_{PUBLIC}"),
    "shopify": Case({"x-shopify-hmac-sha256": _base64(BODY)}),
    "workos": Case({"workos-signature": f"t={SECOND}000, v1={_hex(_IN_MILLISECONDS)}"}),
    "segment": Case({"x-signature": _hex(BODY, "sha1")}),
    "github": Case({"x-hub-signature-256": f"sha256={_hex(BODY)}"}),
    "gitlab": Case({"x-gitlab-token": SECRET}),
    "slack": Case(
        {
            "x-slack-signature": f"v0={_hex(b'v0:%d:%b' % (SECOND, BODY))}",
            "x-slack-request-timestamp": str(SECOND),
        }
    ),
    "twilio": Case({"x-twilio-signature": _base64(f"{URL}?{_DIGEST_QUERY}".encode(), "sha1")}, query=_DIGEST_QUERY),
    "paddle": Case({"paddle-signature": f"ts={SECOND};h1={_hex(b'%d:%b' % (SECOND, BODY))}"}),
    "knock": Case({"x-knock-signature": f"t={SECOND}000,s={_base64(_IN_MILLISECONDS)}"}),
    "hmac": Case({"x-signature": _hex(BODY)}, options={"header": "x-signature"}),
    "bearer": Case({"authorization": f"Bearer {SECRET}"}),
    "polytomic": Case({"authorization": f"Bearer {SECRET}", "polytomic-signature-timestamp": "2026-01-15T12:00:00Z"}),
    "basic": Case({"authorization": f"Basic {base64.b64encode(f'user:{SECRET}'.encode()).decode()}"}, f"user:{SECRET}"),
    "shared_header": Case({"x-webhook-secret": SECRET}),
}

if __name__ == "__main__":
    main()
