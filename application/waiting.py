"""Waiting until the worker has settled what was just put on record, for those who are answered with what came of it.

Whoever waits holds a thread. So there are only so many seats, asked for before anything is put on record; the threads
that are left serve everybody else, even while no worker runs. Of those who wait, one looks for all.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

from application.errors import Busy, Unavailable

SEATS = 64
PATIENCE = 10.0
"""Seconds within which the worker must have come to it."""

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.0015, 0.05, 1.1
"""Seconds between looks: short after each find, longer and longer while there is none."""

UntilSettled = Callable[[int], None]
"""Wait until the log is settled up to a position. Raises Unavailable when that takes too long."""


@attrs.define(eq=False)
class _Waiter:
    """Somebody who waits: `told` when it is settled, or when he is to look for himself and the others."""

    position: int
    settled: bool = False
    told: threading.Event = attrs.field(factory=threading.Event)


class WaitingRoom:
    """Mutable on purpose, and safe to use from several threads.

    `settled` tells how far the worker has come in the log; `now` and `sleep` are in monotonic seconds.
    """

    def __init__(
        self,
        *,
        settled: Callable[[], int],
        now: Callable[[], float],
        sleep: Callable[[float], None],
        seats: int = SEATS,
    ) -> None:
        self._settled, self._now, self._sleep = settled, now, sleep
        self._seats = threading.BoundedSemaphore(seats)
        self._looking, self._lock = threading.Lock(), threading.Lock()
        self._waiting: list[_Waiter] = []

    @contextmanager
    def seat(self) -> Iterator[UntilSettled]:
        """A seat, from before something is put on record until it is settled. Raises Busy when none is free."""
        if not self._seats.acquire(blocking=False):
            raise Busy("too many calls wait for the worker; is it running? This one is not on record, try again")
        deadline = self._now() + PATIENCE
        try:
            yield lambda position: self._wait(_Waiter(position), deadline)
        finally:
            self._seats.release()

    def _wait(self, waiter: _Waiter, deadline: float) -> None:
        with self._lock:
            self._waiting.append(waiter)
        try:
            while not waiter.settled:
                self._look_or_be_told(waiter, deadline)
        finally:
            with self._lock:
                self._waiting.remove(waiter)
                # Somebody has to look from now on; whoever is told so without need passes it on in the same way.
                if self._waiting:
                    self._waiting[0].told.set()

    def _look_or_be_told(self, waiter: _Waiter, deadline: float) -> None:
        left = deadline - self._now()
        if left <= 0:
            raise Unavailable("the worker did not come to it in time; is it running? It is on record and will be done")
        if self._looking.acquire(blocking=False):
            try:
                self._look_until(waiter, deadline)
            finally:
                self._looking.release()
        else:
            waiter.told.wait(left)
            waiter.told.clear()

    def _look_until(self, waiter: _Waiter, deadline: float) -> None:
        pause = FIRST_PAUSE
        while not waiter.settled and self._now() < deadline:
            self._sleep(pause)
            pause = FIRST_PAUSE if self._look() else min(GROWTH * pause, LONGEST_PAUSE)

    def _look(self) -> bool:
        """Tell all who wait for what is settled; whether there was anybody."""
        position = self._settled()
        with self._lock:
            found = [waiter for waiter in self._waiting if waiter.position <= position and not waiter.settled]
        for waiter in found:
            waiter.settled = True
            waiter.told.set()
        return bool(found)
