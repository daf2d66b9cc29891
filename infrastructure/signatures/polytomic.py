"""The scheme `polytomic`: `Authorization: Bearer <secret>` and the time in `Polytomic-Signature-Timestamp`.

Facts from docs.polytomic.com ("Webhooks"): the secret is a static token that Polytomic shows when the connection is
made, and the header says in RFC 3339 when the request was created; Polytomic advises to refuse what is older than some
minutes. Nothing signs that time, so it protects from late retries and not from a thief of the token.
"""

from infrastructure.signatures import options, shared, timestamps
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers, Presented, Signed

OPTIONS = frozenset({"tolerance_seconds"})
HEADER = "polytomic-signature-timestamp"


def recipe(given: Options) -> Signed:
    """Read the options: `tolerance_seconds`, 300 by default, for a request that states its time."""
    return Signed(_read, shared.visible, tolerance=options.tolerance(given))


def _read(headers: Headers, body: bytes, query: str) -> Presented:
    credentials = shared.authorization(headers, "Bearer", "the secret")
    time = headers.get(HEADER)
    return Presented(credentials, b"", None if time is None else timestamps.rfc_3339(time, HEADER))
