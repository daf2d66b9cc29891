"""A target that is down is spared, and found again when it is back."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from domain import circuits
from domain.circuits import Circuit, Closed, HalfOpen, Open, admit, report
from domain.deliveries import Attempt, answered

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOWN = answered(500, 1)
UP = answered(200, 1)
NO_ANSWER = Attempt(outcome="failed", code="timed_out", message="", milliseconds=1)
NEVER_SENT = Attempt(outcome="refused", code="address_refused", message="", milliseconds=1)


def after(*attempts: Attempt, at: datetime = NOW) -> Circuit:
    circuit: Circuit = Closed()
    for attempt in attempts:
        circuit = report(circuit, attempt, at)
    return circuit


OPENED = after(*[DOWN] * 5)


def test_five_failures_in_a_row_open_it() -> None:
    assert after(*[DOWN] * 4) == Closed(4)
    assert Open(NOW + circuits.SHORTEST_PAUSE) == OPENED


def test_an_answer_in_between_starts_the_count_anew() -> None:
    assert after(*[DOWN] * 4, UP, *[NO_ANSWER] * 4) == Closed(4)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
def test_a_target_that_answers_is_up_whatever_it_says_of_the_request(status: int) -> None:
    assert after(*[DOWN] * 4, answered(status, 1)) == Closed()


@pytest.mark.parametrize("attempt", [NO_ANSWER, answered(429, 1), answered(503, 1)])
def test_no_answer_and_answers_that_ask_for_a_pause_count_as_down(attempt: Attempt) -> None:
    assert isinstance(after(*[attempt] * 5), Open)


def test_what_never_left_the_gateway_says_nothing_of_the_target() -> None:
    assert after(*[DOWN] * 4, NEVER_SENT) == Closed(4)


def test_an_open_circuit_says_how_long_to_wait() -> None:
    assert admit(OPENED, NOW + timedelta(seconds=5)).wait == 10


def test_after_the_pause_one_goes_ahead_and_the_others_wait() -> None:
    at = NOW + circuits.SHORTEST_PAUSE
    first = admit(OPENED, at)
    assert (first.wait, type(first.circuit)) == (None, HalfOpen)
    second = admit(first.circuit, at)
    assert second.wait == circuits.LONGEST_PROBE.total_seconds()


def test_the_one_that_went_ahead_closes_it_again() -> None:
    assert report(HalfOpen(NOW, 3), UP, NOW) == Closed()


def test_or_opens_it_for_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    circuit: Circuit = OPENED
    untils = []
    for _ in range(8):
        assert isinstance(circuit, Open)
        circuit = report(admit(circuit, circuit.until).circuit, DOWN, circuit.until)
        assert isinstance(circuit, Open)
        untils.append(circuit.until)
    waits = [later - earlier for earlier, later in itertools.pairwise(untils)]
    assert [wait.total_seconds() for wait in waits] == [60, 120, 240, 480, 900, 900, 900]


def test_one_that_is_lost_on_its_way_does_not_hold_the_others_for_ever() -> None:
    lost = HalfOpen(NOW, 1)
    assert admit(lost, NOW).wait is None


def test_a_failure_that_began_before_it_opened_changes_nothing() -> None:
    assert report(OPENED, DOWN, NOW + timedelta(seconds=9)) == OPENED


def test_a_success_that_began_before_it_opened_closes_it() -> None:
    assert report(OPENED, UP, NOW) == Closed()


def test_an_attempt_that_was_not_made_lets_another_go_ahead_at_once() -> None:
    """Otherwise a dead letter at the head of the queue would cost those behind it two minutes each."""
    assert admit(circuits.withdraw(HalfOpen(NOW + circuits.LONGEST_PROBE, 3), NOW), NOW) == circuits.Admission(
        HalfOpen(NOW + circuits.LONGEST_PROBE, 3)
    )


@pytest.mark.parametrize("circuit", [Closed(2), Open(NOW + circuits.SHORTEST_PAUSE, 2)])
def test_an_attempt_that_was_not_made_tells_nothing(circuit: Circuit) -> None:
    assert circuits.withdraw(circuit, NOW) == circuit


def test_who_does_not_accept_our_credentials_is_spared_like_one_that_is_down() -> None:
    unauthorized = Attempt(outcome="refused", status=401, code="unauthorized", message="", milliseconds=1)
    assert isinstance(after(*[unauthorized] * 4), Closed)
    assert isinstance(after(*[unauthorized] * 5), Open)
