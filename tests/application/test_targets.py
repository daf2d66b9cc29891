"""Targets: a few attempts at each at once, none at one that is down, one to see whether it is back."""

from datetime import timedelta

from application.targets import EACH, Targets
from domain import circuits
from domain.deliveries import Attempt
from tests import examples

AT, HOST, OTHER = examples.AT, "https://a.example:443", "https://b.example:443"
DOWN = Attempt(outcome="failed", status=500, code="answered", message="broken", milliseconds=1)
UP = Attempt(outcome="delivered", status=200, code="answered", message="ok", milliseconds=1)


def downed() -> Targets:
    targets = Targets()
    for _ in range(circuits.MOST_FAILURES):
        assert targets.begin(HOST, AT)
        targets.end(HOST, DOWN, AT)
    return targets


def test_a_busy_target_has_fewer_slots_and_others_have_all() -> None:
    targets = Targets()
    for left in range(EACH - 1, -1, -1):
        assert targets.begin(HOST, AT)
        assert targets.slots(AT) == {HOST: left}
    targets.end(HOST, UP, AT)
    assert targets.slots(AT) == {HOST: 1}


def test_a_target_that_is_down_is_spared() -> None:
    targets = downed()
    assert targets.slots(AT) == {HOST: 0}
    assert not targets.begin(HOST, AT)
    assert targets.begin(OTHER, AT)


def test_one_attempt_goes_ahead_and_opens_the_way_for_the_others() -> None:
    targets, later = downed(), AT + circuits.SHORTEST_PAUSE
    assert targets.slots(later) == {HOST: 1}
    assert targets.begin(HOST, later)
    assert targets.slots(later) == {HOST: 0}
    assert not targets.begin(HOST, later)
    targets.end(HOST, UP, later)
    assert targets.slots(later) == {}


def test_a_target_that_is_still_down_is_spared_for_longer() -> None:
    targets, later = downed(), AT + circuits.SHORTEST_PAUSE
    assert targets.begin(HOST, later)
    targets.end(HOST, DOWN, later)
    assert targets.slots(later + circuits.SHORTEST_PAUSE) == {HOST: 0}
    assert targets.slots(later + timedelta(hours=1)) == {HOST: 1}


def test_nothing_is_remembered_of_targets_that_are_well() -> None:
    targets = Targets()
    assert targets.begin(HOST, AT)
    targets.end(HOST, None, AT)
    assert targets.slots(AT) == {}
