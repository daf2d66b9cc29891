"""The schemes that look at no signature: `none`, and `script`, where the source's own script judges the request."""

from collections.abc import Iterable
from datetime import datetime

import attrs

from domain import scripts
from domain.coverage import NOTHING, Covered
from domain.verification import SigningSecret, Verdict, Verifier
from infrastructure.signatures import keys
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers

OPTIONS: frozenset[str] = frozenset()


@attrs.frozen
class Unsigned:
    """The recipe without signatures: every request gets the same verdict; `right` says where a secret would belong."""

    verdict: Verdict
    right: str
    covered: Covered = NOTHING

    def check(self, secret: str) -> None:
        """Refuse any secret: it would seem to protect a source that it does not protect."""
        raise keys.refused(f"the scheme {self.verdict.scheme} takes no secret; {self.right}")

    def verifier(self, scheme: str, secrets: Iterable[SigningSecret], url: str) -> Verifier:
        """Make the verifier that looks at nothing. Secrets left over from another scheme are not an error."""
        verdict = self.verdict

        def verify(headers: Headers, body: bytes, at: datetime, query: str) -> Verdict:
            return verdict

        return verify


def none(given: Options) -> Unsigned:
    """Nothing is verified, and the verdict says so."""
    verdict = Verdict("none", "unverified", "no_verification", "this source verifies nothing")
    return Unsigned(verdict, "choose another scheme first")


def script(given: Options) -> Unsigned:
    """The script's verdict takes the place of this one, which stands only where the source has no script."""
    verdict = Verdict(scripts.SCHEME, "failed", "script_error", "the source has no script that could judge the request")
    return Unsigned(verdict, "keep it in a secret variable, which the script reads")
