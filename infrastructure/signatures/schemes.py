"""The table of signature schemes, and the four things one can ask of it. Nothing else outside knows a scheme.

A provider's new scheme is a module beside this one and a line in the table.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

import attrs

from domain import coverage, scripts
from domain.coverage import Covered
from domain.errors import Refused
from domain.verification import SigningSecret, Verdict, Verification, Verifier
from infrastructure.signatures import (
    body_hmac,
    ed25519,
    github,
    knock,
    options,
    paddle,
    polytomic,
    segment,
    shared,
    shopify,
    slack,
    standard_webhooks,
    stripe,
    twilio,
    unsigned,
    workos,
)
from infrastructure.signatures.options import Options
from infrastructure.signatures.verifying import Headers, Recipe


@attrs.frozen
class Scheme:
    """A way of signing: the names of its options, and how to read them. `recipe` raises `Refused`."""

    options: frozenset[str]
    recipe: Callable[[Options], Recipe]


SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "none": Scheme(unsigned.OPTIONS, unsigned.none),
        "shared_header": Scheme(shared.SHARED_HEADER_OPTIONS, shared.shared_header),
        "bearer": Scheme(shared.NO_OPTIONS, shared.bearer),
        "basic": Scheme(shared.NO_OPTIONS, shared.basic),
        "hmac": Scheme(body_hmac.OPTIONS, body_hmac.recipe),
        "stripe": Scheme(stripe.OPTIONS, stripe.recipe),
        "standard_webhooks": Scheme(standard_webhooks.OPTIONS, standard_webhooks.recipe),
        "ed25519": Scheme(ed25519.OPTIONS, ed25519.recipe),
        "shopify": Scheme(shopify.OPTIONS, shopify.recipe),
        "workos": Scheme(workos.OPTIONS, workos.recipe),
        "segment": Scheme(segment.OPTIONS, segment.recipe),
        "github": Scheme(github.OPTIONS, github.recipe),
        "gitlab": Scheme(shared.NO_OPTIONS, shared.gitlab),
        "slack": Scheme(slack.OPTIONS, slack.recipe),
        "twilio": Scheme(twilio.OPTIONS, twilio.recipe),
        "paddle": Scheme(paddle.OPTIONS, paddle.recipe),
        "polytomic": Scheme(polytomic.OPTIONS, polytomic.recipe),
        "knock": Scheme(knock.OPTIONS, knock.recipe),
        scripts.SCHEME: Scheme(unsigned.OPTIONS, unsigned.script),
    }
)


def check_options(verification: Verification) -> None:
    """Raise `Refused` unless the scheme is known and its options are right; `field` is `scheme` or `options.<name>`."""
    _recipe(verification)


def check_secret(verification: Verification, value: str) -> None:
    """Raise `Refused` unless `value` can be a secret of the scheme; `field` is `secret`. No message holds `value`."""
    _recipe(verification).check(value)


def covered(verification: Verification) -> Covered:
    """What the signature of a verified request vouches for. Raises `Refused` as `check_options` does.

    An unknown scheme vouches for nothing.
    """
    return _recipe(verification).covered if verification.scheme in SCHEMES else coverage.NOTHING


def verifier(verification: Verification, secrets: Iterable[SigningSecret], url: str = "") -> Verifier:
    """Compile the verifier of a configuration: everything is read, checked and decoded here and not per request.

    `url` is the public address of the endpoint, without which a scheme that signs it matches only what its options say.
    Raises `Refused` as `check_options` and `check_secret` do. Only an unknown scheme raises nothing: its verifier fails
    every request with `unknown_scheme`, so that a process older than a configuration turns requests away and lives.
    """
    if verification.scheme not in SCHEMES:
        return _closed(verification.scheme)
    return _recipe(verification).verifier(verification.scheme, secrets, url)


def _recipe(verification: Verification) -> Recipe:
    scheme = SCHEMES.get(verification.scheme)
    if scheme is None:
        known = ", ".join(SCHEMES)
        raise Refused(f"scheme is {verification.scheme!r:.80}; it must be one of {known}", field="scheme")
    options.check_names(verification.options, scheme.options)
    return scheme.recipe(verification.options)


def _closed(scheme: str) -> Verifier:
    verdict = Verdict(scheme, "failed", "unknown_scheme", f"the scheme {scheme!r:.80} is not known here")

    def verify(headers: Headers, body: bytes, at: datetime, query: str) -> Verdict:
        return verdict

    return verify
