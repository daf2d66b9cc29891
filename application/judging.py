"""Judging: what a request is by its configuration – accepted as one webhook or several, or turned away, and why."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import attrs

from application.catalogue import Endpoint
from application.ports import BodyParser, Clock
from application.replies import REPLIES
from application.requests import ACCEPTED, DISABLED, FAILED, LEGACY, TOO_MUCH, Accepted, Request, Turned
from domain import batches, errors, legacy, scripts, verification, webhooks
from domain.json_values import Json
from domain.settings import Settings
from domain.verification import Verdict
from domain.webhooks import Receipt, WebhookReceived, WebhookRejected

REDACTED = "[redacted]"
KEPT_OF_REJECTED = 65_536
"""Bytes of a rejected request's body that stay on record."""

READ = ("json", "x-www-form-urlencoded")
"""What content types say of which a body is read."""

RunScript = Callable[[str, scripts.Call], Awaitable[scripts.Result]]
"""Run a script without holding up other requests. Raises Busy where too many are waiting."""

Judgement = tuple[tuple[Receipt, ...], Accepted | Turned]
"""What goes on record of a request, and the answer to it once it is there."""


_Admitted = tuple[Verdict, Mapping[str, Json], scripts.Result | None]


class _Objection(Exception):
    """The request must be turned away; `verdict` is what was known of it by then."""

    def __init__(self, turned: Turned, verdict: Verdict | None) -> None:
        super().__init__(turned.message)
        self.turned, self.verdict = turned, verdict


@attrs.frozen(kw_only=True)
class Judging:
    """Judges requests. `dumps` writes JSON."""

    parse: BodyParser
    dumps: Callable[[Json], bytes]
    run_script: RunScript
    clock: Clock

    async def judge(self, endpoint: Endpoint, request: Request) -> Judgement:
        """Judge one request. Raises Busy where its script has to wait too long for its turn."""
        settings, at = endpoint.configuration.settings, self.clock()
        try:
            verdict, body, result = await self._admitted(endpoint, request, at)
            parts = self._parts(settings, request, body, verdict)
        except _Objection as objection:
            turned = objection.turned
            return (rejected(endpoint, request, turned, objection.verdict, at),), turned
        event = received(endpoint, request, verdict, at, script=result)
        return _split(event, parts) if parts else (event,), _answer(settings, body)

    async def _admitted(self, endpoint: Endpoint, request: Request, at: datetime) -> _Admitted:
        """What is known of a request that may come in. Raises _Objection."""
        settings = endpoint.configuration.settings
        script = settings.preprocess_script
        if script is None or settings.verification.scheme != scripts.SCHEME:
            # In this order, so that who fails the verification costs no run of the script.
            verdict = endpoint.verifier(request.headers, request.body, at, request.query)
            _require(settings, verdict)
            body = self._body(settings, request, verdict)
            return verdict, body, await self._run(script, endpoint, request, body, at) if script else None
        if not settings.enabled:
            raise _Objection(DISABLED, None)
        body = self._body(settings, request, None)
        result = await self._run(script, endpoint, request, body, at)
        verdict = scripts.verdict(result)
        _require(settings, verdict)
        return verdict, body, result

    def _body(self, settings: Settings, request: Request, verdict: Verdict | None) -> Mapping[str, Json]:
        content_type = request.headers.get("content-type", "")
        try:
            body = self.parse(request.body, content_type)
        except errors.Refused as refused:
            raise _Objection(_unparsable(refused, content_type), verdict) from refused
        wrong = legacy.problem(body, settings.dialect)
        if wrong:
            raise _Objection(Turned(status=400, code="invalid_params", message=wrong), verdict)
        return body

    async def _run(
        self, script: scripts.Script, endpoint: Endpoint, request: Request, body: Mapping[str, Json], at: datetime
    ) -> scripts.Result:
        return await self.run_script(script.source, endpoint.call(request.headers, request.body, body, at))

    def _parts(
        self, settings: Settings, request: Request, body: Mapping[str, Json], verdict: Verdict
    ) -> Sequence[bytes]:
        """The bodies of the webhooks that a batch consists of; none where the source takes no batches."""
        if settings.batch_path is None:
            return ()
        elements = batches.split(body, settings.batch_path)
        if len(elements) > batches.LARGEST:
            message = f"the batch has {len(elements)} elements; at most {batches.LARGEST} are taken"
            raise _Objection(Turned(status=413, code="batch_too_large", message=message), verdict)
        parts, left = [], batches.most_bytes(len(request.body))
        for element in elements:
            parts.append(self.dumps(element))
            left -= len(parts[-1]) + request.bytes_around
            if left < 0:
                raise _Objection(TOO_MUCH, verdict)
        return parts


def _split(whole: WebhookReceived, parts: Sequence[bytes]) -> tuple[WebhookReceived, ...]:
    digest, count = hashlib.sha256(whole.body).hexdigest(), len(parts)
    return tuple(
        attrs.evolve(whole, body=body, part=webhooks.Part(index=index, count=count, digest=digest))
        for index, body in enumerate(parts)
    )


def received(
    endpoint: Endpoint, request: Request, verdict: Verdict, at: datetime, *, script: scripts.Result | None = None
) -> WebhookReceived:
    """What goes on record of a request that comes in."""
    configuration = endpoint.configuration
    return WebhookReceived(
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
        verification_status=verification.status(verdict, configuration.settings.enforce_verification),
        script=script,
        uncovered=endpoint.uncovered if verdict.status == "verified" else endpoint.unverified,
        searched=configuration.settings.search_payloads,
    )


def rejected(
    endpoint: Endpoint, request: Request, turned: Turned, verdict: Verdict | None, at: datetime
) -> WebhookRejected:
    """What goes on record of a request that is turned away."""
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


def _require(settings: Settings, verdict: Verdict) -> None:
    if not settings.enabled:
        raise _Objection(DISABLED, verdict)
    if verification.refuses(verdict, settings.enforce_verification):
        # The sender learns which rule it broke; the whole message stays on record.
        message = f"verification failed: {verdict.reason}"
        raise _Objection(Turned(status=401, code=FAILED, message=message), verdict)


def _answer(settings: Settings, body: Mapping[str, Json]) -> Accepted:
    reply = REPLIES.get(settings.verification.scheme)
    if reply is not None:
        return Accepted(reply=reply(body))
    return ACCEPTED if settings.dialect == "current" else LEGACY


def _unparsable(refused: errors.Refused, content_type: str) -> Turned:
    """415 where the sender itself says that it sends what is not read at all, 400 otherwise."""
    if content_type and not any(kind in content_type.lower() for kind in READ):
        message = f"the body is neither a JSON object nor a form, but of the type {content_type[:100]!r}"
        return Turned(status=415, code="unsupported_media_type", message=message)
    return Turned(status=400, code=getattr(refused, "code", "malformed_body"), message=str(refused))


def _redacted(headers: Mapping[str, str], endpoint: Endpoint) -> Mapping[str, str]:
    hidden = endpoint.hidden
    if hidden.isdisjoint(headers):
        return headers
    return {name: REDACTED if name in hidden else value for name, value in headers.items()}
