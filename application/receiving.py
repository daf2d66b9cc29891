"""Receiving: judge a request by its configuration and put it on record. Nothing is acknowledged before the commit."""

from collections.abc import Sequence

import attrs

from application import judging
from application.catalogue import Catalogue
from application.errors import ConfigurationMoved, Unavailable
from application.judging import Judging
from application.looking_again import LookingAgain
from application.ports import Appender, NewId
from application.records import ANYBODY, Attribution, Change
from application.requests import TOO_MANY, UNKNOWN, Accepted, Request, Turned
from application.throttling import Throttle
from domain import webhooks
from domain.webhooks import Receipt, WebhookRejected

ATTEMPTS = 5


@attrs.frozen(kw_only=True)
class Receiving:
    """The use case. `throttle` bounds how many rejected requests a source may put on record."""

    appender: Appender
    catalogue: Catalogue
    look_again: LookingAgain
    judging: Judging
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
            events, answer = await self.judging.judge(endpoint, request)
            try:
                return await self._record(events, answer, request, snapshot.epoch)
            except ConfigurationMoved:
                snapshot = await self.look_again()
        raise Unavailable("configurations change faster than requests can be judged")

    async def turn_away(self, token: str, request: Request, turned: Turned) -> Accepted | Turned:
        """Record a request that HTTP itself refused, such as one that is too large; its body may be cut."""
        snapshot = self.catalogue.snapshot
        for _ in range(ATTEMPTS):
            endpoint = snapshot.endpoints.get(token)
            if endpoint is None:
                return UNKNOWN
            event = judging.rejected(endpoint, request, turned, None, self.judging.clock())
            try:
                return await self._record((event,), turned, request, snapshot.epoch)
            except ConfigurationMoved:
                snapshot = await self.look_again()
        return turned

    async def _record(
        self, events: Sequence[Receipt], answer: Accepted | Turned, request: Request, epoch: int
    ) -> Accepted | Turned:
        """Put all of a request on record, or nothing of it."""
        first = events[0]
        if isinstance(first, WebhookRejected) and not self.throttle.allows(f"{first.source}/{first.environment}"):
            return TOO_MANY
        request_id = request.request_id
        because = ANYBODY if request_id is None else Attribution(correlation_id=request_id)
        ids = [self.new_id() for _ in events]
        changes = [
            Change(stream=webhooks.stream(webhook_id), version=0, events=(event,), attribution=because)
            for webhook_id, event in zip(ids, events, strict=True)
        ]
        acceptance = await self.appender.append(*changes, epoch=epoch)
        if isinstance(answer, Accepted):
            return Accepted(webhook_ids=tuple(ids), legacy=answer.legacy, reply=answer.reply, acceptance=acceptance)
        return attrs.evolve(answer, webhook_id=ids[0])
