"""Carrying out what a what-if has found: webhooks are asked to be evaluated anew, or released, each exactly once.

The asking is all that happens here. The worker takes it up like everything else that waits, with the same evaluation.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from application.pipeline import ConfigurationOf, Histories
from application.ports import Clock
from application.readmitting import Readmitting
from application.records import Attribution, Change, Recorded
from domain import replays, webhooks
from domain.replays import Replay
from domain.webhooks import (
    ActionExecuted,
    EvaluationRequested,
    WebhookProcessed,
    WebhookReceived,
    WebhookRejected,
    WebhookReleased,
)

MOST_AT_ONCE = 200
PATIENCE = 20
"""Rounds in which nothing can be asked for, because of evaluations under way, before those webhooks are passed over."""


@attrs.frozen(kw_only=True)
class Outstanding:
    """A webhook whose difference is not carried out yet; `evaluations` as the what-if knew it."""

    webhook_id: str
    evaluations: int
    due: tuple[str, ...]
    carried: tuple[str, ...]
    releases: bool


@attrs.frozen(kw_only=True)
class Asked:
    """What a round comes to: what is appended, for which webhooks, and which are left as they are."""

    changes: tuple[Change, ...] = ()
    applied: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


class Orders(Protocol):
    """The way from a replay's results to the streams of its webhooks."""

    def find(self, replay_id: str) -> tuple[Replay, int]:
        """The replay, which must exist, and the version of its stream."""

    def actor(self, replay_id: str) -> str | None:
        """Who wanted the difference carried out."""

    def outstanding(self, replay_id: str, *, force: bool, limit: int) -> Sequence[Outstanding]:
        """The next webhooks that are to be asked for, in the order of their receipt."""

    def order(self, replay_id: str, version: int, asked: Asked, events: Sequence[replays.Event]) -> None:
        """Append everything and strike the webhooks out: both or neither. Raises Conflict if any stream moved on."""

    def ordered(self, replay_id: str) -> int:
        """The position of the last that was asked for, 0 if nothing was."""

    def reached(self, position: int) -> bool:
        """Whether the worker has come as far as a position, whatever waits behind it."""


@attrs.frozen(kw_only=True)
class Applying:
    """The use case. `sleep` waits, in seconds."""

    orders: Orders
    histories: Histories
    readmitting: Readmitting
    configuration_of: ConfigurationOf
    clock: Clock
    sleep: Callable[[float], None]

    def carry_out(self, replay_id: str, breathe: Callable[[], None]) -> None:
        """Ask for everything that is outstanding, paced, and wait until the worker has come to it."""
        waited = 0
        actor = self.orders.actor(replay_id)
        while (found := self._wanted(replay_id)) is not None:
            replay, version = found
            wanted = replay.applying
            assert wanted is not None
            limit = min(MOST_AT_ONCE, wanted.per_second)
            rows = self.orders.outstanding(replay_id, force=wanted.force, limit=limit)
            if not rows:
                break
            asked = self._ask(replay, rows, actor, hurry=waited >= PATIENCE)
            waited = 0 if asked.applied or asked.passed_over else waited + 1
            self._order(replay, version, asked)
            breathe()
            self.sleep(len(asked.applied) / wanted.per_second if asked.applied else 0.25 * (waited > 0))
        last = self.orders.ordered(replay_id)
        while not self.orders.reached(last) and self._wanted(replay_id) is not None:
            breathe()
            self.sleep(0.05)

    def _wanted(self, replay_id: str) -> tuple[Replay, int] | None:
        replay, version = self.orders.find(replay_id)
        return (replay, version) if replay.open and replay.compared and replay.applying is not None else None

    def _order(self, replay: Replay, version: int, asked: Asked) -> None:
        if not asked.applied and not asked.passed_over:
            return
        counted = replays.RecordApplied(applied=len(asked.applied), passed_over=len(asked.passed_over), at=self.clock())
        self.orders.order(replay.requested.replay_id, version, asked, replays.decide(replay, counted))

    def _ask(self, replay: Replay, rows: Sequence[Outstanding], actor: str | None, *, hurry: bool) -> Asked:
        histories = self.histories([webhooks.stream(row.webhook_id) for row in rows])
        asked = Asked()
        for row in rows:
            history = histories[webhooks.stream(row.webhook_id)]
            event = self._event(replay, row, history)
            if event is not None:
                change = _change(replay, history, event, actor)
                asked = attrs.evolve(asked, changes=(*asked.changes, change), applied=(*asked.applied, row.webhook_id))
            elif hurry or _settled(history):
                asked = attrs.evolve(asked, passed_over=(*asked.passed_over, row.webhook_id))
        return asked

    def _event(self, replay: Replay, row: Outstanding, history: Sequence[Recorded]) -> object | None:
        """What is to be appended to the webhook's stream; None if there is nothing to do, or not now."""
        last = history[-1].event
        if history[0].erased:
            return None
        if row.releases:
            return self._released(replay, history[0].event) if isinstance(last, WebhookRejected) else None
        if not isinstance(last, WebhookProcessed):
            return None
        assert replay.applying is not None
        mappings = row.carried if replay.applying.force else _left(row, history)
        return self._requested(replay, history, last, mappings) if mappings else None

    def _requested(
        self, replay: Replay, history: Sequence[Recorded], last: WebhookProcessed, mappings: tuple[str, ...]
    ) -> EvaluationRequested:
        events = [each.event for each in history]
        receipt = webhooks.receipt_of(events)
        assert replay.applying is not None
        return EvaluationRequested(
            evaluation=last.evaluation + 1,
            source=receipt.source,
            environment=receipt.environment,
            received_at=receipt.received_at,
            pin=replay.requested.pin or webhooks.pin_of(events),
            mappings=mappings,
            force=replay.applying.force,
            reason=replay.applying.reason,
            replay_id=replay.requested.replay_id,
            requested_at=self.clock(),
        )

    def _released(self, replay: Replay, rejected: object) -> WebhookReleased | None:
        pin = replay.requested.pin
        assert isinstance(rejected, WebhookRejected)
        assert pin is not None
        assert replay.applying is not None
        judged = self.readmitting.readmit(rejected, self.configuration_of(rejected.source, pin))
        if not isinstance(judged, WebhookReceived):
            return None
        return WebhookReleased(
            source=rejected.source,
            environment=rejected.environment,
            received_at=rejected.received_at,
            pin=pin,
            verdict=judged.verdict,
            verification_status=judged.verification_status,
            script=judged.script,
            reason=replay.applying.reason,
            replay_id=replay.requested.replay_id,
            released_at=self.clock(),
        )


def _left(row: Outstanding, history: Sequence[Recorded]) -> tuple[str, ...]:
    """The mappings that are due and were not carried out since the what-if looked."""
    since = {
        each.event.mapping_id
        for each in history
        if isinstance(each.event, ActionExecuted) and each.event.evaluation > row.evaluations
    }
    return tuple(each for each in row.due if each not in since)


def _settled(history: Sequence[Recorded]) -> bool:
    return isinstance(history[-1].event, WebhookProcessed | WebhookRejected)


def _change(replay: Replay, history: Sequence[Recorded], event: object, actor: str | None) -> Change:
    because = Attribution(
        actor=actor, causation_id=replay.requested.replay_id, correlation_id=history[0].correlation_id
    )
    return Change(stream=history[0].stream, version=history[-1].version, events=(event,), attribution=because)
