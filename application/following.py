"""Following the log: whoever has read to its end waits there for what comes next, and holds no thread meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import attrs

from application.ports import News
from application.queries import Entry, Exports, Feed, FeedFilter, LogFilter

BREATH = 0.1
"""Seconds between two looks of one who follows, so that news on news cost no more than that."""

HEARTBEAT = 10.0
"""Seconds after which a follower hears that he is still heard."""


@attrs.frozen(kw_only=True)
class Heard:
    """What a follower gets: entries, often none, and the cursor from which to go on."""

    entries: Sequence[Entry]
    after: str


@attrs.frozen(kw_only=True)
class Following:
    """Create and use it in one event loop."""

    feed: Feed
    exports: Exports
    news: News

    async def events(self, wanted: FeedFilter, *, after: int, limit: int, wait: float) -> Sequence[Entry]:
        """The next events after a position, for which it waits some seconds if there are none. May raise Busy."""
        if wait <= 0:
            return await asyncio.to_thread(self.feed.events, wanted, after=after, limit=limit)
        with self.news.place():
            return await self._awaited(wanted, after, limit, asyncio.get_running_loop().time() + wait)

    async def _awaited(self, wanted: FeedFilter, after: int, limit: int, until: float) -> Sequence[Entry]:
        while True:
            seen, left = self.news.seen, until - asyncio.get_running_loop().time()
            found = await asyncio.to_thread(self.feed.events, wanted, after=after, limit=limit)
            if found or left <= 0 or self.news.ended:
                return found
            await self.news.since(seen, left)

    async def event_logs(self, wanted: LogFilter, after: str | None) -> AsyncIterator[Heard]:
        """Webhooks as they are settled, after a cursor or from now on, until the process ends. May raise Busy."""
        with self.news.place():
            told = float("-inf")
            while not self.news.ended:
                seen = self.news.seen
                entries, beyond = await asyncio.to_thread(self.exports.newer_event_logs, wanted, after)
                now = asyncio.get_running_loop().time()
                if entries or now - told >= HEARTBEAT:
                    yield Heard(entries=entries, after=beyond)
                    told = now
                after = beyond
                if not entries:
                    await self.news.since(seen, HEARTBEAT)
                    await asyncio.sleep(BREATH)
