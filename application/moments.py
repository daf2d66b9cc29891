"""Moments in the log: which position was the last at a time. Recorded times rise with positions, clocks permitting."""

from datetime import datetime

from application.ports import EventStore


def position_at(store: EventStore, at: datetime) -> int:
    """The position of the last event that was recorded by then; 0 before the first. Some 30 reads of one event each."""
    low, high = 0, store.head()
    while low < high:
        middle = (low + high + 1) // 2
        found = store.log(after=middle - 1, limit=1)
        if found and found[0].recorded_at <= at:
            # Positions may have gaps: what was found may lie behind the middle.
            low = max(middle, found[0].position or 0)
        else:
            high = middle - 1
    return low
