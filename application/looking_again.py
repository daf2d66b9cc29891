"""Looking again: many requests that all need the newest snapshot share the work of reading it."""

import asyncio

from application.catalogue import Catalogue, Snapshot


class LookingAgain:
    """Single flight: whoever comes while a look is under way waits for the next one, together with all others."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._begun = 0
        self._lock = asyncio.Lock()

    async def __call__(self) -> Snapshot:
        """A snapshot that was read after the call began. Raises Unavailable."""
        seen = self._begun
        async with self._lock:
            if self._begun == seen:
                self._begun += 1
                await asyncio.to_thread(self._catalogue.current)
        return self._catalogue.snapshot
