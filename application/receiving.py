"""Receiving: judge a request by its configuration and put it on record. Nothing is acknowledged before the commit."""

from collections.abc import Mapping
from datetime import datetime

import attrs

from application.catalogue import Catalogue, Endpoint
from application.errors import ConfigurationMoved, Unavailable
from application.looking_again import LookingAgain
from application.ports import Appender, BodyParser, Clock, NewId
from application.records import ANYBODY, Attribution, Change
from application.throttling import Throttle
from domain import errors, legacy, verification, webhooks
from domain.verification import Verdict
from domain.webhooks import Receipt, WebhookReceived, WebhookRejected

REDACTED = "[redacted]"
KEPT_OF_REJECTED = 65_536
"""Bytes of a rejected request's body that stay on record."""

ATTEMPTS = 5


@attrs.frozen(kw_only=True)
class Request:
    """What arrived. Header names are lower-cased, repeated headers joined by ", "."""

    method: str
    query: str
    remote_address: str | None
    headers: Mapping[str, str]
    body: bytes
    request_id: str | None = None


@attrs.frozen(kw_only=True)
class Accepted:
    """The request is on record, and will be processed."""

    webhook_id: str = ""
    legacy: bool = False


@attrs.frozen(kw_only=True)
class Turned:
    """The request was turned away: an HTTP status, a stable code and words. `webhook_id` if it is on record."""

    status: int
    code: str
    message: str
    webhook_id: str | None = None
    retry_after: int | None = None


ACCEPTED, LEGACY = Accepted(), Accepted(legacy=True)
FAILED = "verification_failed"
TOO_MANY = Turned(
    status=429,
    code="too_many_rejected",
    message="too many requests of this source were rejected; send again later",
    retry_after=1,
)
UNKNOWN = Turned(status=404, code="resource_missing", message="no source receives at this address")


@attrs.frozen(kw_only=True)
class Receiving:
    """The use case. `throttle` bounds how many rejected requests a source may put on record."""

    appender: Appender
    catalogue: Catalogue
    look_again: LookingAgain
    parse: BodyParser
    clock: Clock
    new_id: NewId
    throttle: Throttle

    def known(self, token: str) -> bool:
        """Whether `token` leads somewhere, as far as this process knows."""
        return token in self.catalogue.snapshot.endpoints

    async def found(self, token: str) -> bool:
        """Whether an unknown `token` leads somewhere after all, since its source may just have been made."""
        return token in (await self.look_again()).endpoints

    async def receive(self, token: str, request: Request) -> Accepted | Turned:
        """Judge and record. Raises Unavailable when it could not be recorded in time."""
        snapshot = self.catalogue.snapshot
        for _ in range(ATTEMPTS):
            endpoint = snapshot.endpoints.get(token)
            if endpoint is None:
                return UNKNOWN
            event, answer = self._judge(endpoint, request)
            try:
                return await self._record(event, answer, request, snapshot.epoch)
            except ConfigurationMoved:
                snapshot = await self.look_again()
        raise Unavailable("configurations change faster than requests can be judged")

    def _judge(self, endpoint: Endpoint, request: Request) -> tuple[Receipt, Accepted | Turned]:
        configuration, at = endpoint.configuration, self.clock()
        settings = configuration.settings
        verdict = endpoint.verifier(request.headers, request.body, at)
        turned = self._objection(endpoint, request, verdict)
        if turned is not None:
            return _rejected(endpoint, request, turned, verdict, at), turned
        received = WebhookReceived(
            source=configuration.source,
            environment=configuration.environment,
            configuration_version=configuration.version,
            received_at=at,
            method=request.method,
            query=request.query,
            remote_address=request.remote_address,
            headers=_redacted(request.headers, endpoint),
            body=request.body,
            verdict=verdict,
            verification_status=verification.status(verdict, settings.enforce_verification),
        )
        return received, LEGACY if settings.dialect == "legacy" else ACCEPTED

    def _objection(self, endpoint: Endpoint, request: Request, verdict: Verdict) -> Turned | None:
        settings = endpoint.configuration.settings
        if not settings.enabled:
            return Turned(status=404, code="source_disabled", message="this source is disabled in this environment")
        if verification.refuses(verdict, settings.enforce_verification):
            # The sender learns which rule it broke; the whole message stays on record.
            return Turned(status=401, code=FAILED, message=f"verification failed: {verdict.reason}")
        coding = request.headers.get("content-encoding", "identity")
        if coding.lower() != "identity":
            return Turned(status=415, code="unsupported_encoding", message=f"the body is in {coding!r}; send it plain")
        try:
            body = self.parse(request.body)
        except errors.Refused as refused:
            return _unparsable(refused, request.headers.get("content-type", ""))
        wrong = legacy.problem(body) if settings.dialect == "legacy" else None
        return Turned(status=400, code="invalid_params", message=wrong) if wrong else None

    async def turn_away(self, token: str, request: Request, turned: Turned) -> Accepted | Turned:
        """Record a request that HTTP itself refused, such as one that is too large; its body may be cut."""
        snapshot = self.catalogue.snapshot
        for _ in range(ATTEMPTS):
            endpoint = snapshot.endpoints.get(token)
            if endpoint is None:
                return UNKNOWN
            event = _rejected(endpoint, request, turned, None, self.clock())
            try:
                return await self._record(event, turned, request, snapshot.epoch)
            except ConfigurationMoved:
                snapshot = await self.look_again()
        return turned

    async def _record(
        self, event: Receipt, answer: Accepted | Turned, request: Request, epoch: int
    ) -> Accepted | Turned:
        if isinstance(event, WebhookRejected) and not self.throttle.allows(f"{event.source}/{event.environment}"):
            return TOO_MANY
        webhook_id, request_id = self.new_id(), request.request_id
        because = ANYBODY if request_id is None else Attribution(correlation_id=request_id)
        change = Change(stream=webhooks.stream(webhook_id), version=0, events=(event,), attribution=because)
        await self.appender.append(change, epoch=epoch)
        if isinstance(answer, Accepted):
            return Accepted(webhook_id=webhook_id, legacy=answer.legacy)
        return attrs.evolve(answer, webhook_id=webhook_id)


def _rejected(
    endpoint: Endpoint, request: Request, turned: Turned, verdict: Verdict | None, at: datetime
) -> WebhookRejected:
    configuration = endpoint.configuration
    failed = verdict if turned.code == FAILED else None
    enforced = configuration.settings.enforce_verification
    return WebhookRejected(
        source=configuration.source,
        environment=configuration.environment,
        configuration_version=configuration.version,
        received_at=at,
        method=request.method,
        query=request.query,
        remote_address=request.remote_address,
        headers=_redacted(request.headers, endpoint),
        body=request.body[:KEPT_OF_REJECTED],
        body_bytes=len(request.body) if turned.status != 413 else None,
        verdict=verdict,
        verification_status=verification.status(verdict, enforced) if verdict else None,
        reason=failed.reason or FAILED if failed else turned.code,
        message=failed.message or turned.message if failed else turned.message,
        http_status=turned.status,
    )


def _unparsable(refused: errors.Refused, content_type: str) -> Turned:
    """415 where the sender itself says that it sends something else than JSON, 400 otherwise."""
    if content_type and "json" not in content_type.lower():
        message = f"the body is not a JSON object, but of the type {content_type[:100]!r}"
        return Turned(status=415, code="unsupported_media_type", message=message)
    return Turned(status=400, code=getattr(refused, "code", "malformed_body"), message=str(refused))


def _redacted(headers: Mapping[str, str], endpoint: Endpoint) -> Mapping[str, str]:
    hidden = endpoint.hidden
    if hidden.isdisjoint(headers):
        return headers
    return {name: REDACTED if name in hidden else value for name, value in headers.items()}
