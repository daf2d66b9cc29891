"""Rate limits on calls of the directory's API: so many per second of each endpoint, for each environment and key.

They are counted in this process alone: where several answer, each of them allows as much.
"""

import math
import threading
from collections.abc import Callable, Mapping
from typing import Literal

from application.throttling import Throttle

Tier = Literal[1, 2, 3, 4, 5]

PER_SECOND: Mapping[Tier, float] = {1: 1, 2: 5, 3: 60, 4: 200, 5: 1_000}
"""What Knock's tiers allow."""

OFF = 0.0


class RateLimited(Exception):
    """There were too many calls of an endpoint; `retry_after` is in how many seconds one more is taken."""

    def __init__(self, endpoint: str, allowed: float, retry_after: int) -> None:
        super().__init__(f"{endpoint} may be called {allowed:g} times per second; try again in {retry_after} s")
        self.retry_after = retry_after


class RateLimits:
    """Allows `factor` times what the tiers say, nothing being limited if that is OFF. `now` is monotonic."""

    def __init__(self, *, factor: float, now: Callable[[], float]) -> None:
        self._allowed = {tier: factor * rate for tier, rate in PER_SECOND.items()} if factor else {}
        self._throttles = {tier: Throttle(per_second=rate, burst=rate, now=now) for tier, rate in self._allowed.items()}
        self._lock = threading.Lock()

    def allowed(self, tier: Tier) -> float | None:
        """Calls per second; None if they are not limited."""
        return self._allowed.get(tier)

    def admit(self, endpoint: str, tier: Tier, *, environment: str, key_id: str) -> None:
        """Count a call. Raises RateLimited instead if it is one too many."""
        throttle = self._throttles.get(tier)
        if throttle is None:
            return
        with self._lock:
            wait = throttle.wait(f"{environment} {key_id} {endpoint}")
        if wait:
            raise RateLimited(endpoint, self._allowed[tier], math.ceil(wait))
