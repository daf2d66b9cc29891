"""What an answer means, and when the next attempt is due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deliveries import Attempt, HttpRequest, Outcome, RetryPolicy, answered, next_attempt, window

FAILED = answered(500, 12)
POLICY = RetryPolicy(most_attempts=5, first_window=10, longest_window=60, longest_retry_after=100)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (101, "failed"),
        (301, "failed"),
        (307, "failed"),
        (400, "failed"),
        (401, "failed"),
        (404, "failed"),
        (410, "refused"),
        (429, "failed"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_only_2xx_delivers_and_only_410_ends_it(status: int, outcome: Outcome) -> None:
    assert answered(status, 1).outcome == outcome


def test_410_disables_the_target_and_nothing_else_does() -> None:
    assert [status for status in range(100, 600) if answered(status, 1).disables_target] == [410]


def test_a_redirect_says_that_it_is_not_followed() -> None:
    assert "not followed" in answered(302, 1).message


def test_an_attempt_keeps_the_first_4096_bytes_of_the_answer() -> None:
    assert answered(200, 1, b"a" * 5_000).answer == b"a" * 4_096


def test_what_was_delivered_or_refused_is_not_tried_again() -> None:
    assert next_attempt(1, answered(200, 1), 0.5) is None
    assert next_attempt(1, answered(410, 1, retry_after=5), 0.5) is None


def test_the_windows_double_up_to_the_longest() -> None:
    assert [window(attempts, POLICY) for attempts in range(1, 6)] == [10, 20, 40, 60, 60]


def test_the_wait_lies_anywhere_in_the_window() -> None:
    assert [next_attempt(2, FAILED, jitter, POLICY) for jitter in (0, 0.5, 1)] == [0, 10, 20]


def test_the_last_attempt_is_the_last() -> None:
    assert next_attempt(4, FAILED, 0.5, POLICY) is not None
    assert next_attempt(5, FAILED, 0.5, POLICY) is None


def test_retry_after_goes_before_the_window() -> None:
    assert next_attempt(1, answered(429, 1, retry_after=30), 0.5, POLICY) == 35


def test_retry_after_is_honoured_up_to_a_cap() -> None:
    assert next_attempt(1, answered(503, 1, retry_after=10**9), 0.5, POLICY) == 105


def test_the_default_policy_spans_some_twelve_hours() -> None:
    waits = [next_attempt(attempts, FAILED, 0.5) for attempts in range(1, 17)]
    assert waits[-1] is None
    assert 11 < sum(wait for wait in waits if wait is not None) / 3_600 < 13


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(-10, 1e12) | st.none())
def test_a_wait_is_never_negative_nor_without_end(attempts: int, jitter: float, asked: float | None) -> None:
    policy = RetryPolicy(most_attempts=100_000)
    wait = next_attempt(attempts, answered(503, 1, retry_after=asked), jitter, policy)
    assert wait is not None
    assert 0 <= wait <= policy.longest_window + policy.longest_retry_after


def test_neither_bodies_nor_answers_appear_when_they_are_printed() -> None:
    request = HttpRequest(url="https://example.com", headers={"a": "b"}, body=b"secret")
    attempt = Attempt(outcome="delivered", code="answered", message="", milliseconds=1, answer=b"secret")
    assert "secret" not in f"{request} {attempt}"
