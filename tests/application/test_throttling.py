"""Throttling: so many per second, twice as many at once, and each key for itself."""

import pytest

from application.throttling import Throttle


class Stopwatch:
    """Seconds that pass when they are told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def allowed(throttle: Throttle, times: int, key: str = "shop/production") -> int:
    return sum(throttle.allows(key) for _ in range(times))


def test_twice_as_many_as_per_second_are_allowed_at_once() -> None:
    assert allowed(Throttle(per_second=5, now=Stopwatch()), 100) == 10


def test_what_was_used_up_comes_back_steadily() -> None:
    now = Stopwatch()
    throttle = Throttle(per_second=5, now=now)
    allowed(throttle, 100)
    now.seconds = 0.1
    assert allowed(throttle, 100) == 0
    now.seconds = 0.2
    assert allowed(throttle, 100) == 1
    now.seconds = 60
    assert allowed(throttle, 100) == 10


def test_what_is_refused_costs_nothing() -> None:
    now = Stopwatch()
    throttle = Throttle(per_second=1, now=now)
    allowed(throttle, 1_000)
    now.seconds = 1
    assert allowed(throttle, 1) == 1


def test_each_key_has_its_own() -> None:
    throttle = Throttle(per_second=1, now=Stopwatch())
    allowed(throttle, 100)
    assert allowed(throttle, 100, "shop/development") == 2


@pytest.mark.parametrize("per_second", [0.1, 0.4, 0.9])
def test_less_than_one_per_second_is_one_at_a_time(per_second: float) -> None:
    now = Stopwatch()
    throttle = Throttle(per_second=per_second, now=now)
    assert allowed(throttle, 10) == 1
    now.seconds = 1 / per_second + 0.001
    assert allowed(throttle, 10) == 1
