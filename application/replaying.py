"""Carrying replays on: first compare, page by page, then carry out the difference where somebody wants it.

Whenever it is interrupted it can go on: what a page has brought is on record with it, or not at all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import attrs

from application.applying import Applying
from application.errors import Conflict
from application.passages import Member, Passage, Result
from application.ports import Clock
from application.recollecting import Recollection
from application.simulating import Means, Simulation, asks_for_facts
from domain import differences, replays
from domain.actions.outcomes import SchemaCheck
from domain.replays import Replay
from domain.settings import LONGEST_WINDOW


@attrs.frozen(kw_only=True)
class Page:
    """Passages that the log's events from position `first` to `last` complete."""

    first: int
    last: int
    passages: Iterable[Passage]


class Chronicle(Protocol):
    """The log as the worker took it in."""

    def pages(self, *, after: int) -> Iterator[Page]:
        """Everything after a position, up to the end as it is when asked."""


class Journal(Protocol):
    """What a replay keeps: its own stream, and the results beside it. There is no way to another stream in here."""

    def find(self, replay_id: str) -> tuple[Replay, int]:
        """The replay, which must exist, and the version of its stream."""

    def start(self, replay: Replay, version: int) -> None:
        """Fix the slice, and put on record that it is."""

    def beginning(self, replay: Replay, *, window: int) -> int:
        """The position after which to read to meet the slice's webhooks, and those received `window` seconds before."""

    def members(self, replay_id: str, first: int, last: int) -> Mapping[str, Member]:
        """The webhooks of the slice that were received from one position to another, by stream."""

    def record(self, replay_id: str, version: int, results: Sequence[Result], events: Sequence[replays.Event]) -> None:
        """Keep results and append to the replay's stream: both or neither. Raises Conflict if it has moved on."""


@attrs.frozen(kw_only=True)
class Replaying:
    """The use case. What compares is given no store and no executor; `applying` is what asks for effects, later."""

    journal: Journal
    chronicle: Chronicle
    means: Means
    applying: Applying
    check_schema: SchemaCheck
    clock: Clock

    def carry_on(self, replay_id: str, breathe: Callable[[], None]) -> None:
        """Go on with a replay until it has ended; `breathe` is called between pages, and may raise to interrupt."""
        replay, version = self.journal.find(replay_id)
        if replay.total is None and replay.open:
            self.journal.start(replay, version)
        try:
            self._compare(replay_id, breathe)
            self.applying.carry_out(replay_id, breathe)
            self._complete(replay_id)
        except Conflict:
            if self.journal.find(replay_id)[0].open:
                raise  # nobody has cancelled it: somebody else is at it

    def _compare(self, replay_id: str, breathe: Callable[[], None]) -> None:
        replay, _ = self.journal.find(replay_id)
        if not replay.open or replay.compared or not replay.total:
            return
        simulation, beginning = self._simulation(replay)
        for page in self.chronicle.pages(after=beginning):
            simulation.expect(self.journal.members(replay_id, page.first, page.last))
            results = [result for passage in page.passages for result in simulation.take(passage)]
            if self._record(replay_id, results):
                return
            breathe()
        self._record(replay_id, list(simulation.rest()))

    def _simulation(self, replay: Replay) -> tuple[Simulation, int]:
        wanted = replay.requested
        target = self.means.configuration_of(wanted.source, wanted.pin) if wanted.pin else None
        keeps = target is None or asks_for_facts(target)
        recollection = Recollection(
            source=wanted.source,
            environment=wanted.environment,
            check_schema=self.check_schema,
            keeps_facts=keeps,
            window=target.settings.idempotency_window_seconds if target else LONGEST_WINDOW,
        )
        simulation = Simulation(means=self.means, recollection=recollection, pin=wanted.pin, mappings=wanted.mappings)
        if target is None or keeps:
            return simulation, 0  # what is known is told from the very beginning
        return simulation, self.journal.beginning(replay, window=target.settings.idempotency_window_seconds)

    def _record(self, replay_id: str, results: Sequence[Result]) -> bool:
        """Keep a page's results; whether there is nothing left to compare."""
        replay, version = self.journal.find(replay_id)
        if not replay.open:
            raise Conflict(f"replay {replay_id} is {replay.status}")
        if not results:
            return replay.compared
        totals = sum((differences.count(each.changes) for each in results), differences.Totals())
        events = replays.decide(replay, replays.Progress(totals=totals, at=self.clock()))
        self.journal.record(replay_id, version, results, events)
        return replay.totals.processed + totals.processed == replay.total

    def _complete(self, replay_id: str) -> None:
        replay, version = self.journal.find(replay_id)
        self.journal.record(replay_id, version, (), replays.decide(replay, replays.Complete(at=self.clock())))

    def fail(self, replay_id: str, error: str) -> None:
        """Give a replay up that breaks."""
        replay, version = self.journal.find(replay_id)
        self.journal.record(replay_id, version, (), replays.decide(replay, replays.Fail(error=error, at=self.clock())))
