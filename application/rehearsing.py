"""Rehearsing: a test event of one's own goes the whole way, with real effects, marked as a rehearsal."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from application import payloads
from application.catalogue import Catalogue, Endpoint
from application.ports import Clock, EventStore, NewId, Scripts
from application.records import Attribution, Change, Recorded
from application.waiting import WaitingRoom
from domain import batches, configurations, environments, errors, legacy, scripts, settings, webhooks
from domain.json_values import Json
from domain.verification import Verdict

ORIGIN = "rehearsal"


class RehearsalForbidden(errors.Refused):
    """Production is not a place to rehearse."""


@attrs.frozen(kw_only=True)
class Rehearsal:
    """What came of it: the webhook's id and its actions."""

    webhook_id: str
    actions: tuple[webhooks.ActionOutcome, ...]
    problem: str | None


@attrs.frozen(kw_only=True)
class Rehearsing:
    """The use case. `dumps` writes JSON."""

    store: EventStore
    catalogue: Catalogue
    clock: Clock
    new_id: NewId
    engine: Scripts
    dumps: Callable[[Json], bytes]
    waiting: WaitingRoom

    def rehearse(self, *, source: str, environment: str, payload: Mapping[str, Json], actor: str) -> Rehearsal:
        """Put a test event on record and wait until it is processed. Raises Refused, Busy, Unavailable."""
        if environment == environments.REHEARSAL_FORBIDDEN:
            raise RehearsalForbidden("events cannot be rehearsed in production", field="environment")
        snapshot = self.catalogue.current()
        state: configurations.Configuration | None = snapshot.state(configurations.stream(source, environment))
        endpoint = snapshot.endpoints.get(state.token) if state else None
        if state is None or endpoint is None:
            raise errors.Refused(f"source {source!r} does not receive in {environment!r}", field="environment")
        body, headers = _delivered(payload, state.settings)
        raw = self.dumps(body)
        received = webhooks.WebhookReceived(
            source=source,
            environment=environment,
            configuration_version=state.version,
            received_at=self.clock(),
            method="POST",
            query="",
            remote_address=None,
            headers={name: value for name, value in headers.items() if name not in endpoint.hidden},
            body=raw,
            verdict=_skipped(state.settings.verification.scheme),
            verification_status="skipped",
            origin=ORIGIN,
            script=self._script(endpoint, headers, body, raw),
            searched=state.settings.search_payloads,
        )
        return self._settled(received, actor)

    def _settled(self, received: webhooks.WebhookReceived, actor: str) -> Rehearsal:
        """Put the event on record, and wait for what comes of it."""
        webhook_id = self.new_id()
        stream = webhooks.stream(webhook_id)
        with self.waiting.seat() as until_settled:
            change = Change(stream=stream, version=0, events=(received,), attribution=Attribution(actor=actor))
            until_settled(self.store.append(change))
        return _result(webhook_id, self.store.history(stream))

    def _script(
        self, endpoint: Endpoint, headers: Mapping[str, str], body: Mapping[str, Json], raw: bytes
    ) -> scripts.Result | None:
        script = endpoint.configuration.settings.preprocess_script
        if script is None:
            return None
        return self.engine.run(script.source, endpoint.call(headers, raw, body, self.clock()))


def _delivered(payload: Mapping[str, Json], wanted: settings.Settings) -> tuple[Mapping[str, Json], dict[str, str]]:
    """The body and headers of the one webhook that a delivery of this payload would be. Raises PayloadInvalid."""
    body, headers = payloads.parts(payload)
    wrong = legacy.problem(body, wanted.dialect)
    if wrong:
        raise payloads.PayloadInvalid(f"payload.body: {wrong}", field="payload.body")
    if wanted.batch_path is not None:
        body = batches.split(body, wanted.batch_path)[0]  # as a delivery of the first element alone
    return body, headers


def _skipped(scheme: str) -> Verdict:
    return Verdict(
        scheme=scheme,
        status="unverified",
        reason="no_verification",
        message="a rehearsal is not signed",
        secret_id=None,
        skew_seconds=None,
    )


def _result(webhook_id: str, history: Sequence[Recorded]) -> Rehearsal:
    events = [recorded.event for recorded in history]
    failed = next((event for event in events if isinstance(event, webhooks.ClassificationFailed)), None)
    broken = next((event for event in events if isinstance(event, webhooks.EvaluationFailed)), None)
    return Rehearsal(
        webhook_id=webhook_id,
        actions=tuple(event for event in events if isinstance(event, webhooks.ActionOutcome)),
        problem=failed.message if failed else broken.error if broken else None,
    )
