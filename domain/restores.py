"""Accepting that the log was restored from a backup: from where it goes on, and what was given up."""

from datetime import datetime

import attrs

from domain import streams


def stream(number: int) -> str:
    """The stream of one acceptance, by the number of the checkpoint that goes with it."""
    return streams.name("restore", str(number))


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class RestoreAccepted:
    """The log goes on from `position`, its end; checkpoints after `back_to` (0: all) and up to `given_up` do not count.

    `lost_position` is the highest position that anybody was ever told of.
    """

    reason: str
    position: int
    back_to: int
    given_up: int
    lost_position: int
    accepted_at: datetime
