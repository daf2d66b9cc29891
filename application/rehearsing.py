"""Rehearsing: a test event of one's own goes the whole way, with real effects, marked as a rehearsal."""

from collections.abc import Callable, Mapping

import attrs

from application.catalogue import Catalogue
from application.errors import Unavailable
from application.ports import Clock, EventStore, NewId
from application.records import Attribution, Change, Recorded
from domain import configurations, environments, errors, webhooks
from domain.json_values import Json
from domain.verification import Verdict

ORIGIN = "rehearsal"
PATIENCE = 10.0


class RehearsalForbidden(errors.Refused):
    """Production is not a place to rehearse."""


class PayloadInvalid(errors.Refused):
    """The payload is not `{body, headers}`."""


@attrs.frozen(kw_only=True)
class Rehearsal:
    """What came of it: the webhook's id and its actions."""

    webhook_id: str
    actions: tuple[webhooks.ActionOutcome, ...]
    problem: str | None


@attrs.frozen(kw_only=True)
class Rehearsing:
    """The use case. `now` is a monotonic clock and `sleep` waits, both in seconds; `dumps` writes JSON."""

    store: EventStore
    catalogue: Catalogue
    clock: Clock
    new_id: NewId
    dumps: Callable[[Json], bytes]
    now: Callable[[], float]
    sleep: Callable[[float], None]

    def rehearse(self, *, source: str, environment: str, payload: Mapping[str, Json], actor: str) -> Rehearsal:
        """Put a test event on record and wait until it is processed. Raises Refused, or Unavailable after 10 s."""
        if environment == environments.REHEARSAL_FORBIDDEN:
            raise RehearsalForbidden("events cannot be rehearsed in production", field="environment")
        snapshot = self.catalogue.current()
        state: configurations.Configuration | None = snapshot.state(configurations.stream(source, environment))
        endpoint = snapshot.endpoints.get(state.token) if state else None
        if state is None or endpoint is None:
            raise errors.Refused(f"source {source!r} does not receive in {environment!r}", field="environment")
        body, headers = _parts(payload)
        webhook_id = self.new_id()
        received = webhooks.WebhookReceived(
            source=source,
            environment=environment,
            configuration_version=state.version,
            received_at=self.clock(),
            method="POST",
            query="",
            remote_address=None,
            headers={name: value for name, value in headers.items() if name not in endpoint.hidden},
            body=self.dumps(body),
            verdict=_skipped(state.settings.verification.scheme),
            verification_status="skipped",
            origin=ORIGIN,
        )
        stream = webhooks.stream(webhook_id)
        self.store.append(Change(stream=stream, version=0, events=(received,), attribution=Attribution(actor=actor)))
        return _result(webhook_id, self._processed(stream))

    def _processed(self, stream: str) -> tuple[Recorded, ...]:
        deadline = self.now() + PATIENCE
        while self.now() < deadline:
            history = self.store.history(stream)
            if isinstance(history[-1].event, webhooks.WebhookProcessed):
                return history
            self.sleep(0.02)
        raise Unavailable("the worker did not process the rehearsal in time; is it running?")


def _parts(payload: Mapping[str, Json]) -> tuple[Mapping[str, Json], dict[str, str]]:
    body, headers = payload.get("body"), payload.get("headers")
    headers = {} if headers is None else headers
    if not isinstance(body, Mapping):
        raise PayloadInvalid("payload.body must be an object", field="payload.body")
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise PayloadInvalid("payload.headers must be an object of texts", field="payload.headers")
    return body, {name.lower(): str(value) for name, value in headers.items()}


def _skipped(scheme: str) -> Verdict:
    return Verdict(
        scheme=scheme,
        status="unverified",
        reason="no_verification",
        message="a rehearsal is not signed",
        secret_id=None,
        skew_seconds=None,
    )


def _result(webhook_id: str, history: tuple[Recorded, ...]) -> Rehearsal:
    events = [recorded.event for recorded in history]
    failed = next((event for event in events if isinstance(event, webhooks.ClassificationFailed)), None)
    broken = next((event for event in events if isinstance(event, webhooks.EvaluationFailed)), None)
    return Rehearsal(
        webhook_id=webhook_id,
        actions=tuple(event for event in events if isinstance(event, webhooks.ActionOutcome)),
        problem=failed.message if failed else broken.error if broken else None,
    )
