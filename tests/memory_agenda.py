"""The Agenda port in memory: folded from the log each time it is asked, with the domain's own functions."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from application.records import Change, Due
from domain import forwarding, forwards, runs, triggering, webhooks
from domain.forwards import Event, Forward
from domain.runs import Run
from domain.webhooks import ActionExecuted
from infrastructure.event_store.ledger import MemoryLedger

LEASE = timedelta(minutes=1)
EVERYTHING = 2**31


class MemoryAgenda:
    """See the port. Who has taken a run up, and which were struck out, only it knows; all else is in the log."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._leased: dict[str, datetime] = {}
        self._dropped: set[str] = set()

    def claim(self, at: datetime, *, limit: int, each: int, slots: Mapping[str, int]) -> tuple[Due, ...]:
        """See the port."""
        taken: list[Due] = []
        used: Counter[str] = Counter()
        for due in (*self._free(at), *self._free_forwards(at)):
            used[due.target] += due.cancelled_by is None
            if due.cancelled_by or used[due.target] <= slots.get(due.target, each):
                taken.append(due)
        for due in taken[:limit]:
            self._leased[due.run_id] = at + LEASE
        return tuple(taken[:limit])

    def _free(self, at: datetime) -> Iterator[Due]:
        """What may be taken up, the oldest first."""
        cancelled = self._cancelled()
        for run in sorted(self._open(), key=lambda run: run.due_at):
            run_id, leased = run.started.run_id, self._leased.get(run.started.run_id)
            if (run_id in cancelled or run.due_at <= at) and (leased is None or leased <= at):
                target = run.prepared.target if run.prepared else ""
                yield Due(run_id=run_id, target=target, cancelled_by=cancelled.get(run_id))

    def _free_forwards(self, at: datetime) -> Iterator[Due]:
        """What may be taken up, in line: of each account, nothing that touches what something before it does."""
        touched: set[tuple[str, str]] = set()
        for forward, due_at in sorted(self._open_forwards(), key=lambda one: _place(one[0])):
            started, target = forward.started, forwards.target(forward.started.environment)
            leased, by = self._leased.get(started.forward_id), self._removed_after(started)
            here = {(target, touch) for touch in started.place.touches}
            ready = by is not None or (due_at <= at and not here & touched)
            touched |= here
            if ready and (leased is None or leased <= at):
                yield Due(run_id=started.forward_id, target=target, cancelled_by=by, forward=True)

    def _open_forwards(self) -> Iterator[tuple[Forward, datetime]]:
        for stream in {each.stream: None for each in self._ledger.category("forward")}:
            events = [each.event for each in self._ledger.history(stream)]
            forward, last = forwards.folded(events), events[-1]
            if forward is not None and forward.open and forward.started.forward_id not in self._dropped:
                assert isinstance(last, Event)
                yield forward, _due_at(last)

    def _removed_after(self, started: forwards.ForwardStarted) -> str | None:
        """The stream of the forwarding that was removed after this began, if it was."""
        for each in self._ledger.category("forwarding", after=started.place.position):
            if isinstance(each.event, forwarding.ForwardingRemoved) and each.event.environment == started.environment:
                return each.stream
        return None

    def _open(self) -> Iterator[Run]:
        streams = {each.stream: None for each in self._ledger.category("run")}
        for stream in streams:
            run = runs.folded(each.event for each in self._ledger.history(stream))
            if run is not None and run.open and run.started.run_id not in self._dropped:
                yield run

    def _cancelled(self) -> dict[str, str]:
        """The runs that a cancellation found open, and by which webhook."""
        return {
            run_id: webhooks.id_of(each.stream)
            for each in self._ledger.category("webhook")
            if isinstance(each.event, ActionExecuted)
            for run_id in triggering.cancelled_by(each.event)
        }

    def release(self, run_id: str) -> None:
        """See the port."""
        self._leased.pop(run_id, None)

    def drop(self, run_id: str) -> None:
        """See the port."""
        self._dropped.add(run_id)

    def record(self, change: Change) -> None:
        """See the port."""
        self._ledger.append(change)
        for event in change.events:
            self.release(event.forward_id if isinstance(event, Event) else event.run_id)  # type: ignore[attr-defined]


def _place(forward: Forward) -> tuple[int, int]:
    return forward.started.place.position, forward.started.place.number


def _due_at(last: Event) -> datetime:
    match last:
        case forwards.ForwardStarted():
            return last.started_at
        case forwards.ForwardAttempted():
            return last.retry_at or last.attempted_at
        case forwards.ForwardRetried():
            return last.retried_at
        case _:
            raise AssertionError(f"{last} ends a forward")
