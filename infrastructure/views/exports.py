"""The Exports port: the logs from end to end in pages, so that no export needs more memory than a page."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import attrs

from application.queries import Entry, Export, LogFilter, PageRequest, Stretch
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.projections.inbox import READER
from infrastructure.views import event_entries
from infrastructure.views.feed import PostgresFeed
from infrastructure.views.forwards import PostgresForwards
from infrastructure.views.log_rows import ACTION_KEY, EVENT_KEY, LogRows
from infrastructure.views.reading import Reader, Row, encode

EVENT_PAGE, ACTION_PAGE, FEED_PAGE = 1_000, 100, 500
"""Entries that are read at once; those of actions and of the log come with their payloads."""


class _Find(Protocol):
    def __call__(self, page: PageRequest, *, descending: bool = True, skip: int = 0) -> list[Row]: ...


class PostgresExports:
    """See the port."""

    def __init__(self, *, ledger: PostgresLedger, recorder: WorkerRecorder, forwards: PostgresForwards) -> None:
        self._ledger, self._recorder, self._forwards = ledger, recorder, forwards
        self._rows, self._feed = LogRows(Reader(recorder)), PostgresFeed(ledger)

    def event_logs(self, wanted: LogFilter, stretch: Stretch) -> Export:
        """See the port."""
        return _Log(
            find=partial(self._rows.events, wanted),
            key=EVENT_KEY,
            when=lambda row: float(row["position"]),
            shape=lambda rows: [event_entries.summary(row) for row in rows],
            page=EVENT_PAGE,
        ).export(stretch)

    def action_logs(self, wanted: LogFilter, stretch: Stretch) -> Export:
        """See the port."""
        return _Log(
            find=partial(self._rows.actions, wanted),
            key=ACTION_KEY,
            when=lambda row: float(row["inserted_at"].timestamp()),
            shape=lambda rows: self._forwards.beside(event_entries.actions(self._ledger, rows)),
            page=ACTION_PAGE,
        ).export(stretch)

    def events(self, stretch: Stretch) -> Export:
        """See the port. A limit counts positions, of which some may be of nothing that was stored."""
        start, head = int(stretch.after or 0), self._ledger.head()
        end = head if stretch.limit is None else min(start + stretch.limit, head)
        return Export(
            pages=self._events(start, end),
            after=str(max(start, end)),
            more=end < head,
            progress=min(end / head, 1.0) if head else 1.0,
        )

    def newer_event_logs(self, wanted: LogFilter, after: str | None) -> tuple[Sequence[Entry], str]:
        """See the port."""
        # Read first: what is settled up to here is in the log, and more may be by the time it is looked through.
        settled = self._recorder.max_tracking_id(READER) or 0
        if after is None:
            return (), encode([settled])
        rows = self._rows.events(wanted, PageRequest(after=after, size=ACTION_PAGE), descending=False)[:ACTION_PAGE]
        entries = [{**event_entries.summary(row), "cursor": encode([row["position"]])} for row in rows]
        last = rows[-1]["position"] if rows else 0
        if len(rows) < ACTION_PAGE and settled > last:
            return entries, encode([settled])
        return entries, encode([last]) if rows else after

    def _events(self, after: int, end: int) -> Iterator[Sequence[Entry]]:
        while after < end and (found := self._feed.stretch(after, end, FEED_PAGE)):
            yield found
            after = int(str(found[-1]["position"]))


@attrs.frozen(kw_only=True)
class _Log:
    """One of the logs under a filter. `when` says where a row lies between the first one and the last."""

    find: _Find
    key: Sequence[str]
    when: Callable[[Row], float]
    shape: Callable[[list[Row]], Sequence[Entry]]
    page: int

    def export(self, stretch: Stretch) -> Export:
        end = self._end(stretch)
        if end is None:
            return Export(pages=iter(()), after=stretch.after, more=False, progress=1.0)
        [first, *_], [last, *_] = self.find(PageRequest(size=1), descending=False), self.find(PageRequest(size=1))
        way = self.when(last) - self.when(first)
        return Export(
            pages=self._pages(stretch.after, self._place(end)),
            after=encode(self._place(end)),
            more=self._place(end) < self._place(last),
            progress=(self.when(end) - self.when(first)) / way if way > 0 else 1.0,
        )

    def _end(self, stretch: Stretch) -> Row | None:
        """The last row of the stretch, None if there is none."""
        after = PageRequest(after=stretch.after, size=1)
        if not self.find(after, descending=False):
            return None
        full = self.find(after, descending=False, skip=stretch.limit - 1) if stretch.limit else []
        return full[0] if full else self.find(PageRequest(size=1))[0]

    def _pages(self, after: str | None, end: tuple[Any, ...]) -> Iterator[Sequence[Entry]]:
        while True:
            rows = self.find(PageRequest(after=after, size=self.page), descending=False)[: self.page]
            rows = [row for row in rows if self._place(row) <= end]
            entries = zip(self.shape(rows), rows, strict=True)
            if rows:
                yield [{**entry, "cursor": encode(self._place(row))} for entry, row in entries]
            if len(rows) < self.page:
                return
            after = encode(self._place(rows[-1]))

    def _place(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[column] for column in self.key)
