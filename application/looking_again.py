"""Looking again: many requests that all need the newest snapshot share the work of reading it."""

import asyncio

from application.catalogue import Catalogue, Snapshot
from application.errors import Unavailable

PATIENCE = 2.0
"""Seconds within which a caller gets an answer."""


class LookingAgain:
    """Single flight: whoever comes while a look is under way waits for the next one, together with all others."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._begun = 0
        self._failure: Unavailable | None = None
        self._lock = asyncio.Lock()

    async def __call__(self) -> Snapshot:
        """A snapshot that was read after the call began. Raises Unavailable, as for whoever looked."""
        seen = self._begun
        async with self._lock:
            if self._begun == seen:
                await self._look()
            elif self._failure is not None:
                raise Unavailable(str(self._failure)) from self._failure
        return self._catalogue.snapshot

    async def _look(self) -> None:
        self._begun, self._failure = self._begun + 1, None
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.to_thread(self._catalogue.current)
        except (Unavailable, TimeoutError) as failure:
            self._failure = Unavailable(str(failure) or "the event store did not answer in time")
            raise self._failure from failure
