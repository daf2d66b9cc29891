"""What is known of streams about to be erased, read while it can be: what must be restated, and what must go."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from application.records import Recorded
from domain import errors, forwards, losses, restatements, runs, webhooks
from domain.actions.outcomes import Reference
from domain.idempotency import Scope
from domain.losses import Touched
from infrastructure.event_store import codec
from infrastructure.projections import entity_changes, event_log, precedents
from infrastructure.projections.entries import Entry


class PayloadUnencrypted(errors.Refused):
    """A stream holds something private from before there were keys: destroying its key would erase nothing."""


@attrs.define
class Losses:
    """Filled history by history.

    `open_runs` are forwards, too. `logs` are idempotency key and error that the event log has afterwards, by webhook.
    """

    entities: set[Reference] = attrs.Factory(set)
    removed: set[Reference] = attrs.Factory(set)
    audiences: set[str] = attrs.Factory(set)
    changes: list[tuple[object, ...]] = attrs.Factory(list)
    scopes: set[tuple[Scope, str]] = attrs.Factory(set)
    logs: list[tuple[str, str | None, str | None]] = attrs.Factory(list)
    open_runs: dict[str, tuple[runs.RunStarted | forwards.ForwardStarted, int]] = attrs.Factory(dict)

    def take(self, history: Sequence[Recorded]) -> None:
        """Take the events of a stream in. Raises PayloadUnencrypted."""
        for recorded in history:
            if codec.lies_open(recorded):
                raise PayloadUnencrypted(
                    f"stream {recorded.stream} was recorded before payloads were encrypted, and cannot be erased; "
                    "move to a new database, or remove it there by hand and with it every proof about it"
                )
        first = history[0]
        if isinstance(first.event, runs.RunStarted):
            self._take_run(first.event, history)
        elif isinstance(first.event, forwards.ForwardStarted):
            self._take_forward(first.event, history)
        elif isinstance(first.event, webhooks.Receipt):
            self._take_webhook(history)
        elif isinstance(first.event, restatements.EntityRestated) and not first.erased:
            self._take_restatement(first, first.event)

    def _take_run(self, started: runs.RunStarted, history: Sequence[Recorded]) -> None:
        run = runs.folded(each.event for each in history)
        if run is not None and run.open:
            self.open_runs[history[0].stream] = started, len(history)

    def _take_forward(self, started: forwards.ForwardStarted, history: Sequence[Recorded]) -> None:
        forward = forwards.folded(each.event for each in history)
        if forward is not None and forward.open:
            self.open_runs[history[0].stream] = started, len(history)

    def _take_restatement(self, recorded: Recorded, event: restatements.EntityRestated) -> None:
        self._touch(losses.touched((), [event]))
        self.changes += entity_changes.rows_of(Entry(recorded=recorded, stream=recorded.stream))

    def _take_webhook(self, history: Sequence[Recorded]) -> None:
        webhook_id = webhooks.id_of(history[0].stream)
        for entry in evaluations(history):
            effects = [effect for _, _, found in entry.effects for effect in found]
            self._touch(losses.touched(effects))
            self.changes += entity_changes.rows_of(entry)
            scope = precedents.scope_of(entry)
            if scope is not None:
                self.scopes.add((scope, webhook_id))
        self.logs.append((webhook_id, *_log_afterwards(history)))

    def _touch(self, touched: Touched) -> None:
        self.entities |= touched.entities
        self.removed |= touched.removed
        self.audiences |= touched.audiences


def evaluations(history: Sequence[Recorded]) -> list[Entry]:
    """The decisions about a webhook, evaluation by evaluation, as projections take them in."""
    by_number: dict[int, list[Recorded]] = {}
    for recorded in history:
        if isinstance(recorded.event, webhooks.Decision):
            by_number.setdefault(recorded.event.evaluation, []).append(recorded)
    return [Entry(stream=history[0].stream, decisions=decisions) for decisions in by_number.values()]


def _log_afterwards(history: Sequence[Recorded]) -> tuple[str | None, str | None]:
    """Idempotency key and error of the row that a rebuild makes once the key is destroyed."""
    blank = [attrs.evolve(each, event=codec.without_private(each.event), erased=True) for each in history]
    decided = [entry for entry in evaluations(blank) if entry.decision(webhooks.WebhookProcessed)]
    last = attrs.evolve(decided[-1], recorded=blank[0]) if decided else Entry(recorded=blank[0], stream=blank[0].stream)
    row = event_log.row_of(last)
    return row[event_log.KEY], row[event_log.ERROR]


def ended(
    started: runs.RunStarted | forwards.ForwardStarted, at: datetime
) -> runs.RunFailed | forwards.ForwardCancelled:
    """The end of a run or a forward that nobody can carry on any more."""
    if isinstance(started, forwards.ForwardStarted):
        return forwards.ForwardCancelled(
            forward_id=started.forward_id, environment=started.environment, cancelled_at=at
        )
    # Without words, so that there is nothing private in it and no key is made for it.
    return runs.RunFailed(
        run_id=started.run_id, environment=started.environment, step=None, code="erased", message="", failed_at=at
    )
