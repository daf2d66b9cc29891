"""What tests do to a database server: ask it, make it remember, wait for it."""

import time
from collections.abc import Callable

import psycopg


def answer(url: str, query: str) -> object:
    """Run `query` in a session of its own and return the first value of its first row."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def remember(url: str, word: str) -> None:
    """Commit `word`, for a later `SELECT word FROM kept`."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [word])


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait until `condition()`, `seconds` at most, and return whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()
