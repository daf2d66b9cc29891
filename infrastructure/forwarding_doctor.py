"""What the doctor says of forwarding: whether the account of each environment answers, and what waits for it."""

from collections.abc import Iterator

from application.catalogue import Snapshot
from domain import forwarding
from domain.forwarding import Forwarding
from infrastructure.findings import Finding
from infrastructure.views.forwards import PostgresForwards


def findings(snapshot: Snapshot, forwards: PostgresForwards) -> Iterator[Finding]:
    """One finding for each environment that forwards."""
    for environment in snapshot.environments():
        told: Forwarding | None = snapshot.state(forwarding.stream(environment.slug))
        if told is not None:
            yield _finding(told, forwards)


def _finding(told: Forwarding, forwards: PostgresForwards) -> Finding:
    lately = {row["status"]: row for row in forwards.lately(told.environment)}
    count = {status: row["forwards"] for status, row in lately.items()}
    answers = [row["answered_at"] for row in lately.values() if row["answered_at"] is not None]
    answered = f"answered last at {max(answers):%Y-%m-%d %H:%M:%S} UTC" if answers else "has not answered yet"
    waiting, failed = count.get("queued", 0) + count.get("processing", 0), count.get("failed", 0)
    words = f"{told.base_url} {answered}; of the newest 1000, {waiting} wait and {failed} failed"
    troubled = failed or (waiting and not count.get("completed"))
    return Finding("warning" if troubled else "ok", f"forwarding of {told.environment}", words)
