"""A bound on how often something may happen, per key: a bucket that refills steadily."""

from collections.abc import Callable

import attrs


@attrs.define
class _Bucket:
    left: float
    at: float


class Throttle:
    """Allows `per_second` on average, and at once `burst`, else twice `per_second`, but one at least.

    `now` is monotonic, in seconds.
    """

    def __init__(self, *, per_second: float, now: Callable[[], float], burst: float | None = None) -> None:
        self._rate, self._burst, self._now = per_second, max(1.0, burst or 2 * per_second), now
        self._buckets: dict[str, _Bucket] = {}

    def allows(self, key: str) -> bool:
        """Whether it may happen once more now; counts it if so."""
        return self.wait(key) == 0

    def wait(self, key: str) -> float:
        """Seconds until it may happen once more: 0, which counts it, if that is now."""
        now = self._now()
        bucket = self._buckets.setdefault(key, _Bucket(left=self._burst, at=now))
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate
        bucket.left -= 1
        return 0
