"""The time, for those who are given a clock."""

from datetime import UTC, datetime


def system() -> datetime:
    """The time now in UTC, by the machine's clock."""
    return datetime.now(UTC)
