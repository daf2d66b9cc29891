"""The ports of the event store in memory: real adapters over the library's recorder, for tests without a database.

The inbox has no tables. What is known it folds from the log each time it is asked, with the domain's own functions:
slow, and plainly right.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from eventsourcing.persistence import IntegrityError, Notification, Tracking
from eventsourcing.popo import POPOProcessRecorder

from application.errors import Conflict
from application.ports import Clock, LookedUp, Settled
from application.records import Change, Recorded
from domain import (
    acceptances,
    audiences,
    directory,
    erasures,
    forwarding,
    forwards,
    idempotency,
    restatements,
    retention,
    runs,
    staleness,
    subscribers,
    triggering,
    webhooks,
    workflows,
)
from domain.acceptances import Acceptance
from domain.actions.outcomes import KnownWorkflow, OpenRun, Reference
from domain.idempotency import Precedent, Scope
from domain.webhooks import ActionExecuted, Decision, IdempotencyDecided, WebhookProcessed
from infrastructure.event_store.codec import UnknownEvent
from infrastructure.event_store.ledger import MemoryLedger

MASTER = b"the master key of what is nowhere"
READER = "worker"
EVERYTHING = 2**31
OWN = Decision | runs.Event | forwards.Event | restatements.Event | erasures.Event | retention.PayloadsPruned
"""What the worker itself writes, and never reads again."""


def ledger(clock: Clock) -> MemoryLedger:
    """An empty event store."""
    return MemoryLedger(recorder=POPOProcessRecorder(), master=MASTER, clock=clock)


class MemoryAppender:
    """The Appender port: whatever is appended is committed at once."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def append(self, *changes: Change, epoch: int) -> Acceptance:
        """See the port."""
        position = self._ledger.append(*changes, epoch=epoch)
        count = sum(len(change.events) for change in changes)
        stored = self._ledger.recorder.select_notifications(position - count, count, inclusive_of_start=False)
        rows = [(str(e.originator_id), e.originator_version, e.topic, e.state) for e in stored]
        return acceptances.of(rows, position)


class MemoryInbox:
    """The Inbox port. `parked` are the positions that were put aside, each with its error."""

    def __init__(self, ledger: MemoryLedger, clock: Clock) -> None:
        assert isinstance(ledger.recorder, POPOProcessRecorder)
        self._ledger, self._clock, self._recorder = ledger, clock, ledger.recorder
        self.parked: dict[int, str] = {}

    def position(self) -> int:
        """How far the log is settled."""
        return self._recorder.max_tracking_id(READER) or 0

    def waiting(self, limit: int) -> tuple[Recorded, ...]:
        """See the port. An event of a kind that this program does not know is parked when its turn comes."""
        found: list[Recorded] = []
        for each in self._log(after=self.position()):
            if isinstance(each, Recorded):
                found += [each] if not isinstance(each.event, OWN) else []
            elif found:
                break
            else:
                self._put_aside(each.id, f"UnknownEvent: {each.topic}")
        return tuple(found[:limit])

    def look_up(self, references: Sequence[tuple[str, Reference]], scopes: Sequence[Scope]) -> LookedUp:
        """See the port."""
        settled = [each for each in self._log(after=0) if isinstance(each, Recorded) and self._counts(each)]
        facts, precedents = _facts(settled), _precedents(settled)
        return (
            _asked(facts, references),
            {scope: precedents[scope] for scope in scopes if scope in precedents},
        )

    def settle(self, entries: Sequence[Settled]) -> None:
        """See the port."""
        at, first, last = self._clock(), entries[0].recorded.position, entries[-1].recorded.position
        assert first is not None
        assert last is not None
        changes = [change for entry in entries for change in entry.changes]
        rows = [row for change in changes for row in self._ledger.mapper.rows(change, at)]
        try:
            self._ledger.store(rows, None, tracking=Tracking(READER, last))
        except IntegrityError as error:
            if (self._recorder.max_tracking_id(READER) or 0) < first:
                raise
            raise Conflict("another worker has settled this batch") from error

    def park(self, recorded: Recorded, error: str) -> None:
        """See the port."""
        assert recorded.position is not None
        self._put_aside(recorded.position, error)

    def _put_aside(self, position: int, error: str) -> None:
        self._recorder.insert_events([], tracking=Tracking(READER, position))
        self.parked[position] = error

    def _log(self, after: int) -> Iterator[Recorded | Notification]:
        """The log; an event of an unknown kind as it is stored."""
        for stored in self._recorder.select_notifications(after, EVERYTHING, inclusive_of_start=False):
            try:
                yield self._ledger.mapper.to_domain_event(stored)
            except UnknownEvent:
                yield stored

    def _counts(self, recorded: Recorded) -> bool:
        """What the worker wrote counts at once, everything else once it is settled."""
        position = recorded.position or 0
        settled = position <= self.position() and position not in self.parked
        return settled or isinstance(recorded.event, OWN)


def _facts(log: Iterable[Recorded]) -> Mapping[str, dict[Reference, object]]:
    """What the read models would hold, by environment."""
    facts: dict[str, dict[Reference, object]] = defaultdict(dict)
    for recorded in log:
        environment = getattr(recorded.event, "environment", None)
        if environment is not None:
            _take(recorded, facts[environment])
    return facts


def _asked(
    facts: Mapping[str, dict[Reference, object]], references: Sequence[tuple[str, Reference]]
) -> dict[tuple[str, Reference], object]:
    """What is known of references and of what they lead to; of subscribers nothing but that they are too many."""
    asked = {
        (where, each): facts[where][each]
        for where, reference in references
        for each in subscribers.needed(facts[where], [reference])
        if each in facts[where]
    }
    if sum(len(found) for found in asked.values() if isinstance(found, frozenset)) > subscribers.MOST_AT_ONCE:
        return asked | {named: subscribers.TOO_MANY for named in references if named[1][0] == subscribers.KIND}
    return asked


def _take(recorded: Recorded, facts: dict[Reference, object]) -> None:
    event = recorded.event
    match event:
        case ActionExecuted():
            directory.note(facts, directory.effects(event.action_type, event.payload, event.result))
            for cancelled in triggering.cancelled_by(event):
                _close(facts, cancelled)
            if event.occurred_at is not None:
                last = staleness.last_applied(event.action_type, event.payload)
                facts[last] = staleness.later(facts.get(last), event.occurred_at)
        case runs.RunStarted():
            name: Reference = ("runs", event.workflow, event.cancellation_key or "")
            facts[name] = (*_open(facts, name), OpenRun(id=event.run_id, recipient=event.recipient))
        case runs.RunCancelled() | runs.RunCompleted() | runs.RunFailed():
            _close(facts, event.run_id)
        case _ if isinstance(event, workflows.Event):
            before = facts.get(("workflow", event.key))
            assert before is None or isinstance(before, KnownWorkflow)
            facts["workflow", event.key] = workflows.known_after(before, event, recorded.version)
        case audiences.AudienceDefined():
            facts["audience", event.key] = True
        case forwarding.ForwardingSet():
            facts["forwarding",] = True
        case forwarding.ForwardingRemoved():
            facts.pop(("forwarding",), None)
        case _:
            pass  # nothing that a decision asks for


def _close(facts: dict[Reference, object], run_id: str) -> None:
    for name in [name for name in facts if name[0] == "runs"]:
        facts[name] = tuple(run for run in _open(facts, name) if run.id != run_id)


def _open(facts: Mapping[Reference, object], name: Reference) -> tuple[OpenRun, ...]:
    found = facts.get(name, ())
    assert isinstance(found, tuple)
    return found


def _precedents(log: Iterable[Recorded]) -> dict[Scope, Precedent]:
    """The last precedent of each scope."""
    precedents: dict[Scope, Precedent] = {}
    for webhook_id, decisions in _evaluations(log):
        processed = decisions[-1]
        assert isinstance(processed, WebhookProcessed)
        key = next((each.key for each in decisions if isinstance(each, IdempotencyDecided)), None)
        precedent = idempotency.precedent_of(webhook_id, processed.received_at, decisions)
        if precedent is not None and key is not None and processed.event_type is not None:
            precedents[processed.source, processed.environment, processed.event_type, key] = precedent
    return precedents


def _evaluations(log: Iterable[Recorded]) -> Iterator[tuple[str, list[Decision]]]:
    """The decisions about each webhook, in the order in which they were completed."""
    begun: dict[str, list[Decision]] = defaultdict(list)
    for recorded in log:
        if isinstance(recorded.event, Decision):
            begun[recorded.stream].append(recorded.event)
        if isinstance(recorded.event, WebhookProcessed):
            yield webhooks.id_of(recorded.stream), begun.pop(recorded.stream)
