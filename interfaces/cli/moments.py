"""Moments as they are given to commands: a position in the log, or a time."""

from datetime import UTC

import click

from domain import timestamps
from infrastructure.composition import Moment

DIGITS = 18
"""Of a position, at most."""


def read(text: str) -> Moment:
    """The moment that a text names. Raises BadParameter, a usage error."""
    if text.isascii() and text.isdigit() and len(text) <= DIGITS:
        return Moment(position=int(text))
    at = timestamps.parse(text) if text else None
    if at is None:
        raise click.BadParameter(f"{text!r} is neither a position nor a time such as 2026-01-15T12:00:00Z")
    return Moment(recorded_at=at.astimezone(UTC))
