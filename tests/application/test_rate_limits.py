"""Rate limits: each endpoint by its tier, for each environment and key, and nothing at all unless they are on."""

import pytest

from application.rate_limits import OFF, PER_SECOND, RateLimited, RateLimits, Tier

BULK = "POST /v1/users/bulk/identify"


class Stopwatch:
    """Seconds that pass when they are told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def admitted(
    limits: RateLimits,
    times: int,
    tier: Tier = 1,
    *,
    endpoint: str = BULK,
    environment: str = "development",
    key_id: str = "key-1",
) -> int:
    count = 0
    for _ in range(times):
        try:
            limits.admit(endpoint, tier, environment=environment, key_id=key_id)
        except RateLimited:
            continue
        count += 1
    return count


def test_they_are_off_unless_somebody_turns_them_on() -> None:
    limits = RateLimits(factor=OFF, now=Stopwatch())
    assert admitted(limits, 5_000) == 5_000
    assert limits.allowed(1) is None


@pytest.mark.parametrize("tier", PER_SECOND)
def test_a_tier_allows_so_many_at_once_and_so_many_per_second(tier: Tier) -> None:
    now = Stopwatch()
    limits = RateLimits(factor=1, now=now)
    allowed = limits.allowed(tier)
    assert allowed == PER_SECOND[tier]
    assert admitted(limits, 2_000, tier) == allowed
    now.seconds = 1.0001
    assert admitted(limits, 2_000, tier) == allowed


def test_who_is_refused_is_told_when_to_come_again() -> None:
    now = Stopwatch()
    limits = RateLimits(factor=0.25, now=now)
    admitted(limits, 1)
    with pytest.raises(RateLimited, match=f"{BULK} may be called 0.25 times per second; try again in 4 s") as refusal:
        limits.admit(BULK, 1, environment="development", key_id="key-1")
    assert refusal.value.retry_after == 4
    now.seconds = 4
    assert admitted(limits, 1) == 1


def test_a_factor_multiplies_what_is_allowed() -> None:
    assert admitted(RateLimits(factor=10, now=Stopwatch()), 100) == 10


def test_each_endpoint_environment_and_key_is_counted_for_itself() -> None:
    limits = RateLimits(factor=1, now=Stopwatch())
    assert admitted(limits, 2) == 1
    assert admitted(limits, 2, endpoint="POST /v1/users/bulk/delete") == 1
    assert admitted(limits, 2, environment="production") == 1
    assert admitted(limits, 2, key_id="key-2") == 1
    assert admitted(limits, 2) == 0
