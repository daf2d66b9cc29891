"""The envelope: an event together with where, when and why it was recorded. Built by the event store alone."""

from collections.abc import Sequence
from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class Attribution:
    """Who and what led to an event: an API key's id or a process, the cause, the request that it belongs to, and why.

    `reason` is what they said themselves, None where nobody said anything.
    """

    actor: str | None = None
    causation_id: str | None = None
    correlation_id: str | None = None
    reason: str | None = None


ANYBODY = Attribution()
"""Nobody in particular, for no recorded cause."""


@attrs.frozen(kw_only=True)
class Recorded:
    """An event on record. `position` is its place in the log, None until it has one; `digest` covers what is stored.

    `key_id` names the key under which what is private is encrypted, None where nothing is. Once that key is destroyed
    the event is `erased`: its private fields are empty, and cannot be told from ones that always were.
    """

    stream: str
    version: int
    event: object
    recorded_at: datetime
    actor: str | None = None
    causation_id: str | None = None
    correlation_id: str | None = None
    reason: str | None = None
    key_id: str | None = None
    digest: str | None = None
    erased: bool = False
    position: int | None = None


@attrs.frozen(kw_only=True)
class Due:
    """A run about which something is to be done now. `target` is empty while nothing is prepared for any.

    `cancelled_by` is the webhook that cancelled the run, None while nobody has. With `forward`, it is no run but a
    forward, whose id `run_id` is then; it is cancelled by its environment's forwarding.
    """

    run_id: str
    target: str = ""
    cancelled_by: str | None = None
    forward: bool = False


@attrs.frozen(kw_only=True)
class Change:
    """Events to append to `stream`, which must stand at `version`: the number of events it has."""

    stream: str
    version: int
    events: Sequence[object]
    attribution: Attribution = ANYBODY
