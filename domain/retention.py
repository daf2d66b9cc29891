"""Retention: payloads that are older than their environment keeps them are made unreadable, batch by batch. Pure.

How long an environment keeps them is a fact about the environment; what was pruned is on record here.
"""

from datetime import datetime

import attrs

from domain import streams


def stream(environment: str) -> str:
    """The stream that says what was pruned in an environment."""
    return streams.name("retention", environment)


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class PayloadsPruned:
    """The keys of `streams` are destroyed: webhooks received before `before` up to position `upto`, and their runs.

    `restated` entities to which they had contributed were put on record anew.
    """

    environment: str
    streams: tuple[str, ...]
    upto: int
    before: datetime
    restated: int
    pruned_at: datetime
