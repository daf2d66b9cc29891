"""Collecting: put events on record that client libraries send, each as a webhook of its own, many of them at once.

Nothing is acknowledged before all that can be taken is on record together.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import attrs

from application import judging_events
from application.catalogue import Catalogue, Endpoint
from application.errors import ConfigurationMoved, Unavailable
from application.judging import REDACTED
from application.judging_events import Judged, JudgingEvents, Sent, malformed
from application.looking_again import LookingAgain
from application.ports import Appender, NewId
from application.receiving import ATTEMPTS
from application.records import Attribution, Change
from application.requests import DISABLED, TOO_MANY, Accepted, Request, Turned
from application.throttling import Throttle
from domain import batches, client_events, errors, webhooks
from domain.acceptances import Acceptance
from domain.client_events import Event, Unreadable
from domain.json_values import Json

Call = Literal["alias", "batch", "capture", "group", "identify", "page", "screen", "track"]
"""Which of a client's calls a request is: a batch of Segment's, PostHog's captures, or one event of its own."""

ReadBatch = Callable[[bytes], tuple[Mapping[str, Json], Sequence[Event | Unreadable] | None]]
"""What a batch says of itself, and its elements; None where there is no list of them. Refused where it is no JSON."""

UNKNOWN_KEY = Turned(
    status=401,
    code="unknown_write_key",
    message="the write key is unknown; send a source's write key as the user name of Basic authentication, with an "
    "empty password, or as writeKey or api_key in the body",
)


@attrs.frozen
class Collected:
    """What became of each event of a request, in their order. One that was turned without an id is not on record.

    `acceptance` is what proves later that the others are; None where none is.
    """

    events: tuple[Accepted | Turned, ...]
    acceptance: Acceptance | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class Collecting:
    """The use case. `throttle` bounds how many rejected events a source may put on record."""

    appender: Appender
    catalogue: Catalogue
    look_again: LookingAgain
    judging: JudgingEvents
    parse: Callable[[bytes], Mapping[str, Json]]
    read_batch: ReadBatch
    new_id: NewId
    throttle: Throttle

    async def knows(self, key: str) -> bool:
        """Whether `key` is the write key of a source, perhaps of one that was just made."""
        return key in self.catalogue.snapshot.write_keys or (key != "" and key in (await self.look_again()).write_keys)

    async def collect(self, call: Call, key: str | None, request: Request) -> Collected | Turned:
        """Judge every event and record it. Where `key` is None, the body has to name it.

        Raises Unavailable when they could not be recorded, or the source's script not run for all of them, in time.
        """
        named: str | None = None
        sent: Sent | Turned
        try:
            named, sent = self._read(call, request.body)
        except errors.Refused as refused:
            sent = malformed(getattr(refused, "code", "malformed_body"), str(refused))
        if key is None and named is None:
            return sent if isinstance(sent, Turned) else UNKNOWN_KEY
        return await self._conclude(named if key is None else key, request, sent)

    async def turn_away(self, key: str | None, request: Request, turned: Turned) -> Collected | Turned:
        """Record a request that HTTP itself refused, if it is known whose it is.

        Its body must be empty: the write key may be in what could not be read.
        """
        return await self._conclude(key, request, turned) if key is not None else turned

    def _read(self, call: Call, body: bytes) -> tuple[str | None, Sent | Turned]:
        """The write key that the body names, and its events or what is wrong with them. Raises Refused."""
        if call not in ("batch", "capture"):
            event = self.parse(body)
            return client_events.write_key(event), Sent(events=[client_events.called(event, call)])
        envelope, events = self.read_batch(body)
        return client_events.write_key(envelope), _batch(call, envelope, events, body)

    async def _conclude(self, key: str | None, request: Request, sent: Sent | Turned) -> Collected | Turned:
        if key is None or not await self.knows(key):
            return UNKNOWN_KEY
        snapshot, clean = self.catalogue.snapshot, _without(key, request)
        for _ in range(ATTEMPTS):
            endpoint = snapshot.write_keys.get(key)
            if endpoint is None:
                return UNKNOWN_KEY
            try:
                return await self._answer(endpoint, clean, sent, snapshot.epoch)
            except ConfigurationMoved:
                snapshot = await self.look_again()
        raise Unavailable("configurations change faster than events can be judged")

    async def _answer(
        self, endpoint: Endpoint, request: Request, sent: Sent | Turned, epoch: int
    ) -> Collected | Turned:
        if not endpoint.configuration.settings.enabled:
            sent = DISABLED
        if isinstance(sent, Sent):
            judged = await self.judging.judge(endpoint, request, sent)
            return Collected(*await self._record(judged, request, epoch))
        refused = self.judging.refused(endpoint, request, sent)
        [answer], _ = await self._record([(refused, sent)], request, epoch)
        return answer if isinstance(answer, Turned) and answer.webhook_id else TOO_MANY

    async def _record(
        self, judged: Sequence[Judged], request: Request, epoch: int
    ) -> tuple[tuple[Accepted | Turned, ...], Acceptance | None]:
        """Put all on record together, but of what is turned away no more than the throttle allows."""
        because = Attribution(correlation_id=request.request_id)
        changes: list[Change] = []
        answers: list[Accepted | Turned] = []
        for event, turned in judged:
            if turned is not None and not self.throttle.allows(f"{event.source}/{event.environment}"):
                answers.append(turned)
                continue
            webhook_id = self.new_id()
            stream = webhooks.stream(webhook_id)
            changes.append(Change(stream=stream, version=0, events=(event,), attribution=because))
            answers.append(
                attrs.evolve(turned, webhook_id=webhook_id) if turned else Accepted(webhook_ids=(webhook_id,))
            )
        acceptance = await self.appender.append(*changes, epoch=epoch) if changes else None
        return tuple(answers), acceptance


def _batch(call: Call, envelope: Event, events: Sequence[Event | Unreadable] | None, body: bytes) -> Sent | Turned:
    if events is None:
        return malformed("invalid_params", "batch must be a list of events")
    if len(events) > batches.LARGEST:
        message = f"the batch has {len(events)} events; at most {batches.LARGEST} are taken"
        return Turned(status=413, code="batch_too_large", message=message)
    completed = [each if isinstance(each, Unreadable) else _completed(call, each, envelope) for each in events]
    return Sent(events=completed, digest=hashlib.sha256(body).hexdigest())


def _completed(call: Call, event: Event, envelope: Event) -> Event:
    event = client_events.batched(event, envelope)
    return client_events.captured(event) if call == "capture" else event


def _without(key: str, request: Request) -> Request:
    """The request as it may go on record: a write key is a secret wherever it stands."""
    return attrs.evolve(
        request,
        body=judging_events.without(key, request.body),
        query=request.query.replace(key, REDACTED),
        headers={name: value.replace(key, REDACTED) for name, value in request.headers.items()},
    )
