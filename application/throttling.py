"""A bound on how often something may happen, per key: a bucket that refills steadily."""

from collections.abc import Callable

import attrs


@attrs.define
class _Bucket:
    left: float
    at: float


class Throttle:
    """Allows `per_second` on average, bursts of twice that and of one at least. `now` is monotonic, in seconds."""

    def __init__(self, *, per_second: float, now: Callable[[], float]) -> None:
        self._rate, self._burst, self._now = per_second, max(1.0, 2 * per_second), now
        self._buckets: dict[str, _Bucket] = {}

    def allows(self, key: str) -> bool:
        """Whether it may happen once more now; counts it if so."""
        now = self._now()
        bucket = self._buckets.setdefault(key, _Bucket(left=self._burst, at=now))
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
