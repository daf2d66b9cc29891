"""The scheme `none`: nothing is verified and the verdict says so; no secret can belong to it."""

from collections.abc import Iterable
from datetime import datetime

from domain.verification import SigningSecret, Verdict, Verifier
from infrastructure.signatures import keys
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers

OPTIONS: frozenset[str] = frozenset()


class Unsigned:
    """The recipe without signatures."""

    def check(self, secret: str) -> None:
        """Refuse any secret: it would seem to protect a source that it does not protect."""
        raise keys.refused("the scheme none takes no secret; choose another scheme first")

    def verifier(self, scheme: str, secrets: Iterable[SigningSecret]) -> Verifier:
        """Make the verifier that looks at nothing. Secrets left over from another scheme are not an error."""
        verdict = Verdict(scheme, "unverified", "no_verification", "this source verifies nothing")

        def verify(headers: Headers, body: bytes, at: datetime) -> Verdict:
            return verdict

        return verify


def recipe(given: Options) -> Unsigned:
    """Read the options, of which there are none."""
    return Unsigned()
