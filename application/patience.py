"""Patience with the database: what happened outside has to go on record, or else it would be done again."""

from collections.abc import Callable
from typing import Final

from application.errors import Unavailable

PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts while the database is away."""


def until_available(record: Callable[[], None], sleep: Callable[[float], None]) -> None:
    """Record something, trying again for some 15 s. Raises Unavailable after that, and whatever else `record` does."""
    for pause in PAUSES:
        try:
            return record()
        except Unavailable:
            sleep(pause)
    return record()
