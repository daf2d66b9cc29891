"""From a configuration to the check of its requests: its secrets opened, its scheme compiled."""

from collections.abc import Callable

import structlog

from application.ports import Vault
from application.secret_edits import context
from domain import coverage, errors
from domain.configurations import Configuration
from domain.coverage import Covered
from domain.verification import Reason, SigningSecret, Verdict, Verifier
from infrastructure.signatures import schemes
from infrastructure.vault import MasterKeyInvalid

log = structlog.get_logger(__name__)


def maker(vault: Vault, endpoint_url: Callable[[str], str]) -> Callable[[Configuration], Verifier]:
    """What makes the verifier of a configuration.

    A secret that cannot be opened, or an option that cannot be read, closes that configuration alone.

    `endpoint_url` is the public address that ends in a token.
    """

    def make(configuration: Configuration) -> Verifier:
        try:
            return _compiled(configuration, _opened(vault, configuration), endpoint_url(configuration.token))
        except MasterKeyInvalid as problem:
            where = {"source": configuration.source, "environment": configuration.environment}
            log.error("a secret cannot be opened; requests fail verification", **where)  # noqa: TRY400
            return _closed(configuration.settings.verification.scheme, "secret_unreadable", str(problem))

    return make


def remembering(make: Callable[[Configuration], Verifier]) -> Callable[[Configuration], Verifier]:
    """As `make`, for whoever asks for the same configuration again and again: the last one's verifier is kept."""
    last: list[tuple[Configuration, Verifier]] = []

    def remembered(configuration: Configuration) -> Verifier:
        if not last or last[0][0] is not configuration:
            last[:] = [(configuration, make(configuration))]
        return last[0][1]

    return remembered


def covered(configuration: Configuration) -> Covered:
    """What a verified signature of the configuration vouches for: nothing, where its scheme cannot be read."""
    try:
        return schemes.covered(configuration.settings.verification)
    except errors.Refused:
        return coverage.NOTHING


def _opened(vault: Vault, configuration: Configuration) -> list[SigningSecret]:
    return [
        SigningSecret(
            id=secret.id,
            value=vault.open(
                secret.sealed, context=context(configuration.source, configuration.environment, secret.id)
            ),
            expires_at=secret.expires_at,
        )
        for secret in configuration.secrets
    ]


def _compiled(configuration: Configuration, secrets: list[SigningSecret], url: str) -> Verifier:
    verification = configuration.settings.verification
    try:
        return schemes.verifier(verification, secrets, url)
    except errors.Refused:
        # A secret of an earlier scheme is no secret of this one.
        secrets = [secret for secret in secrets if _fits(configuration, secret)]
    try:
        return schemes.verifier(verification, secrets, url)
    except errors.Refused as refused:
        # Options that another version of this program took. They must not keep other sources from receiving.
        return _closed(verification.scheme, "unknown_scheme", str(refused))


def _fits(configuration: Configuration, secret: SigningSecret) -> bool:
    try:
        schemes.check_secret(configuration.settings.verification, secret.value)
    except errors.Refused:
        return False
    return True


def _closed(scheme: str, reason: Reason, message: str) -> Verifier:
    verdict = Verdict(scheme, "failed", reason, message)
    return lambda headers, body, at, query: verdict
