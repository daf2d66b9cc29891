"""Judging a request once more, as of the time of its receipt, by another configuration than the one that judged it.

What was not kept cannot be judged: a body that was cut, a credential in a header. Then that is what is said.
"""

from collections.abc import Callable, Mapping

import attrs

from application.catalogue import MakeVerifier
from application.judging import REDACTED
from application.ports import BodyParser, Scripts
from domain import errors, legacy, scripts, verification
from domain.configurations import Configuration
from domain.json_values import Json
from domain.settings import Settings
from domain.verification import Verdict
from domain.webhooks import WebhookReceived, WebhookRejected

BY_CREDENTIAL = frozenset({"shared_header", "bearer", "basic", "gitlab", scripts.SCHEME})
"""Schemes that may look at a header whose value is not kept."""


@attrs.frozen(kw_only=True)
class Refusal:
    """The request would be turned away."""

    verification_status: str | None
    reason: str
    message: str


@attrs.frozen
class Unknowable:
    """It cannot be told any more, because of `reason`."""

    reason: str
    message: str


Judged = WebhookReceived | Refusal | Unknowable


@attrs.frozen(kw_only=True)
class Readmitting:
    """Judges receipts. `variables` opens those of an environment for scripts."""

    parse: BodyParser
    make_verifier: MakeVerifier
    variables: Callable[[str], Mapping[str, Json]]
    engine: Scripts

    def revised(self, received: WebhookReceived, target: Configuration, before: Configuration) -> Judged:
        """An accepted request as `target` would have taken it; what it has in common with `before` stays on record."""
        script = target.settings.preprocess_script
        rerun = script != before.settings.preprocess_script and received.part is None
        result = self._run(script, received, target.environment) if rerun else received.script
        revised = attrs.evolve(received, script=result)
        if received.origin is not None or received.part is not None or _verifies_alike(target, before):
            return revised
        judged = self._verified(revised, target, result)
        return revised if isinstance(judged, Unknowable) else judged

    def readmit(self, rejected: WebhookRejected, target: Configuration) -> Judged:
        """A rejected request as `target` would have taken it."""
        if rejected.body_bytes != len(rejected.body):
            return Unknowable("body_not_kept", f"only the first {len(rejected.body)} bytes of the body were kept")
        if target.settings.batch_path is not None:
            return Unknowable("batch", "the source takes batches, and a batch is not split after the event")
        as_received = _as_received(rejected, target)
        problem = self._unreadable(as_received, target.settings)
        if problem is not None:
            return problem
        script = target.settings.preprocess_script
        result = self._run(script, as_received, target.environment) if script else None
        return self._verified(attrs.evolve(as_received, script=result), target, result)

    def _unreadable(self, received: WebhookReceived, settings: Settings) -> Refusal | None:
        try:
            body = self.parse(received.body, received.headers.get("content-type", ""))
        except errors.Refused as refused:
            return Refusal(verification_status=None, reason="malformed_body", message=str(refused))
        wrong = legacy.problem(body, settings.dialect)
        return Refusal(verification_status=None, reason="invalid_params", message=wrong) if wrong else None

    def _run(self, script: scripts.Script | None, received: WebhookReceived, environment: str) -> scripts.Result | None:
        if script is None:
            return None
        call = scripts.Call(
            vars=self.variables(environment),
            headers=received.headers,
            raw_body=received.body,
            body=self.parse(received.body, received.headers.get("content-type", "")),
            at=received.received_at,
        )
        return self.engine.run(script.source, call)

    def _verified(self, received: WebhookReceived, target: Configuration, result: scripts.Result | None) -> Judged:
        settings = target.settings
        if not settings.enabled:
            return Refusal(verification_status=None, reason="source_disabled", message="the source is disabled")
        verdict = self._verdict(received, target, result)
        if verdict.status != "verified" and _credential_lost(received, settings):
            return Unknowable(
                "credential_not_kept", "the header that carries the credential is not kept, only its check"
            )
        status = verification.status(verdict, settings.enforce_verification)
        if verification.refuses(verdict, settings.enforce_verification):
            return Refusal(verification_status=status, reason=verdict.reason or "", message=verdict.message or "")
        return attrs.evolve(received, verdict=verdict, verification_status=status)

    def _verdict(self, received: WebhookReceived, target: Configuration, result: scripts.Result | None) -> Verdict:
        if target.settings.verification.scheme == scripts.SCHEME and result is not None:
            return scripts.verdict(result)
        verify = self.make_verifier(target)
        return verify(received.headers, received.body, received.received_at, received.query)


def _verifies_alike(target: Configuration, before: Configuration) -> bool:
    return _verification(target) == _verification(before)


def _verification(configuration: Configuration) -> tuple[object, ...]:
    settings = configuration.settings
    secrets = [(each.id, each.expires_at) for each in configuration.secrets]
    return settings.enabled, settings.enforce_verification, settings.verification, secrets


def _credential_lost(received: WebhookReceived, settings: Settings) -> bool:
    return settings.verification.scheme in BY_CREDENTIAL and REDACTED in received.headers.values()


def _as_received(rejected: WebhookRejected, target: Configuration) -> WebhookReceived:
    return WebhookReceived(
        source=rejected.source,
        environment=rejected.environment,
        configuration_version=target.version,
        received_at=rejected.received_at,
        method=rejected.method,
        query=rejected.query,
        remote_address=rejected.remote_address,
        headers=rejected.headers,
        body=rejected.body,
        verdict=rejected.verdict or Verdict(target.settings.verification.scheme, "unverified"),
        verification_status=rejected.verification_status or "",
    )
