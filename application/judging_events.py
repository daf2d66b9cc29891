"""Judging events: what becomes of each event of a client's request. A bad one costs none of the others."""

import asyncio
from collections.abc import Sequence

import attrs

from application import judging
from application.catalogue import Endpoint
from application.errors import Busy
from application.judging import Judging
from application.requests import TOO_MUCH, Request, Turned
from domain import batches, legacy, scripts
from domain.client_events import Event, Unreadable
from domain.settings import Settings
from domain.verification import Verdict
from domain.webhooks import Part, Receipt, WebhookReceived

VERIFIED = Verdict("write_key", "verified", secret_id="write_key")
"""Who knows the write key is genuine, whatever the source asks of others."""

SCRIPT_SECONDS = 5.0
"""Seconds that the scripts of all events of a request may take together; clients wait for 10 to 15."""
SCRIPTS_AT_ONCE = 8
BREATH = 250
"""Events after which other requests get their turn."""

Judged = tuple[Receipt, Turned | None]
"""What goes on record of an event, and why it is turned away where it is."""


@attrs.frozen(kw_only=True)
class Sent:
    """The events of a request. `digest` is of its whole body where it is a batch."""

    events: Sequence[Event | Unreadable]
    digest: str | None = None


@attrs.frozen(kw_only=True)
class JudgingEvents:
    """Judges events. `event_bytes` is how large one may be."""

    judging: Judging
    event_bytes: int

    async def judge(self, endpoint: Endpoint, request: Request, sent: Sent) -> Sequence[Judged]:
        """Judge every event. Raises Busy where the source's script takes too long for all of them."""
        at = self.judging.clock()
        accepted = judging.received(endpoint, attrs.evolve(request, body=b""), VERIFIED, at)
        # The key vouches for the client, and for nothing that it says.
        accepted = attrs.evolve(accepted, uncovered=endpoint.unverified)
        judged: list[Judged] = []
        left = batches.most_bytes(len(request.body))
        for index, event in enumerate(sent.events):
            # What a batch says once is in each of its events, so that a small one can come to gigabytes.
            body, turned = self._objection(event, endpoint.configuration.settings) if left > 0 else (b"", TOO_MUCH)
            left -= len(body) + request.bytes_around
            body = without(endpoint.write_key, body)
            if turned is None:
                part = Part(index=index, count=len(sent.events), digest=sent.digest) if sent.digest else None
                judged.append((attrs.evolve(accepted, body=body, part=part), None))
            else:
                judged.append((self.refused(endpoint, attrs.evolve(request, body=body), turned), turned))
            if index % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        return await self._scripted(endpoint, request, judged)

    def refused(self, endpoint: Endpoint, request: Request, turned: Turned) -> Receipt:
        """What goes on record of an event, or of a whole request, that is turned away."""
        return judging.rejected(endpoint, request, turned, VERIFIED, self.judging.clock())

    def _objection(self, event: Event | Unreadable, settings: Settings) -> tuple[bytes, Turned | None]:
        """The event as it goes on record, and what there is against it."""
        if isinstance(event, Unreadable):
            return event.body, malformed(event.code, event.message)
        body = self.judging.dumps(event)
        if len(body) > self.event_bytes:
            message = f"the event has {len(body)} bytes; at most {self.event_bytes} are taken"
            return body, Turned(status=413, code="event_too_large", message=message)
        wrong = legacy.problem(event, settings.dialect)
        return body, malformed("invalid_params", wrong) if wrong else None

    async def _scripted(self, endpoint: Endpoint, request: Request, judged: Sequence[Judged]) -> Sequence[Judged]:
        """The same, with what the source's script makes of each, if it has one."""
        script = endpoint.configuration.settings.preprocess_script
        if script is None:
            return judged
        calls = [self._call(endpoint, request, event) for event, _ in judged if isinstance(event, WebhookReceived)]
        results = iter(await self._results(script.source, calls))
        return [
            (attrs.evolve(event, script=next(results)) if isinstance(event, WebhookReceived) else event, turned)
            for event, turned in judged
        ]

    def _call(self, endpoint: Endpoint, request: Request, event: WebhookReceived) -> scripts.Call:
        return endpoint.call(request.headers, event.body, self.judging.parse(event.body), event.received_at)

    async def _results(self, source: str, calls: Sequence[scripts.Call]) -> Sequence[scripts.Result]:
        results: list[scripts.Result] = []
        try:
            async with asyncio.timeout(SCRIPT_SECONDS):
                for start in range(0, len(calls), SCRIPTS_AT_ONCE):
                    together = calls[start : start + SCRIPTS_AT_ONCE]
                    results += await asyncio.gather(*[self.judging.run_script(source, call) for call in together])
        except TimeoutError as error:
            message = f"the script of the source takes more than {SCRIPT_SECONDS:g} seconds for {len(calls)} events"
            raise Busy(message) from error
        return results


def malformed(code: str, message: str) -> Turned:
    """What is turned away because of how it is written."""
    return Turned(status=400, code=code, message=message)


def without(key: str, body: bytes) -> bytes:
    """A body as it may go on record, since a write key is a secret wherever it stands."""
    return body.replace(key.encode(), judging.REDACTED.encode())
