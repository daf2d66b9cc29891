"""Waiting for the worker: with patience, in growing pauses, so many at a time, and with one who looks for all."""

import itertools
import threading
import time
from collections.abc import Callable

import attrs
import pytest

from application.errors import Busy, Unavailable
from application.waiting import LONGEST_PAUSE, PATIENCE, SEATS, WaitingRoom


@attrs.define
class Worker:
    """How far it has come, and who looked at that: how often, and how many at the same time."""

    position: int = 0
    looks: int = 0
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def settled(self) -> int:
        with self.lock:
            self.looks, self.at_once = self.looks + 1, self.at_once + 1
            self.most = max(self.most, self.at_once)
        time.sleep(0.001)
        with self.lock:
            self.at_once -= 1
            return self.position


@attrs.define
class Sleeper:
    """Seconds that pass only while somebody sleeps; after three pauses, something happens."""

    happens: Callable[[], None] | None = None
    pauses: list[float] = attrs.field(factory=list)

    def now(self) -> float:
        return sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.happens is not None and len(self.pauses) == 3:
            self.happens()


def room(sleeper: Sleeper, worker: Worker | None = None, seats: int = SEATS) -> WaitingRoom:
    return WaitingRoom(
        settled=lambda: worker.position if worker else 0, now=sleeper.now, sleep=sleeper.sleep, seats=seats
    )


def test_who_waits_goes_on_when_the_worker_has_come_to_it() -> None:
    worker = Worker(position=6)
    sleeper = Sleeper(lambda: setattr(worker, "position", 7))
    with room(sleeper, worker).seat() as until_settled:
        until_settled(7)
        until_settled(5)
    assert len(sleeper.pauses) == 4


def test_patience_ends_and_pauses_grow_until_then() -> None:
    sleeper = Sleeper()
    with pytest.raises(Unavailable, match="worker"), room(sleeper).seat() as until_settled:
        until_settled(1)
    assert all(later >= earlier for earlier, later in itertools.pairwise(sleeper.pauses))
    assert PATIENCE <= sum(sleeper.pauses) < PATIENCE + 2 * LONGEST_PAUSE


def test_patience_is_for_all_that_is_waited_for_on_one_seat() -> None:
    sleeper = Sleeper()
    with room(sleeper).seat() as until_settled:
        for _ in range(2):
            with pytest.raises(Unavailable):
                until_settled(1)
    assert sum(sleeper.pauses) < PATIENCE + 2 * LONGEST_PAUSE


def test_with_all_seats_taken_the_next_is_told_to_come_again() -> None:
    crowded = room(Sleeper(), seats=2)
    with crowded.seat(), crowded.seat(), pytest.raises(Busy, match="too many"), crowded.seat():
        pass
    with crowded.seat(), crowded.seat():
        pass  # whoever leaves, gives his seat back


def test_one_looks_for_all_and_whoever_leaves_hands_that_on() -> None:
    worker, served, number = Worker(), list[int](), 30
    crowd = WaitingRoom(settled=worker.settled, now=time.monotonic, sleep=time.sleep)

    def wait(position: int) -> None:
        with crowd.seat() as until_settled:
            until_settled(position)
        served.append(position)

    threads = [threading.Thread(target=wait, args=(position,)) for position in range(1, number + 1)]
    for thread in threads:
        thread.start()
    for _ in range(number):
        time.sleep(0.003)
        worker.position += 1
    for thread in threads:
        thread.join(5)
    assert sorted(served) == list(range(1, number + 1))
    assert worker.most == 1
    assert worker.looks < 10 * number
