"""The guard against stale events: an event older than the last one applied to the same thing is passed over.

It is for mappings that ask for it, `only_newer`, and compares the events' own times, never those of their receipt.
Equal times are applied, and so is an event without a time, with a warning: nothing tells that it is old.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain import directory, recipients
from domain.actions.outcomes import Facts, Reference
from domain.json_values import Json
from domain.webhooks import ActionError

CODE: Final = "stale_event"
UNDATED: Final = "the event has no time that can be read, so it could not be compared with the last one applied"
GUARDED: Final = (
    "users_identify",
    "users_delete",
    "objects_set",
    "objects_delete",
    "tenants_set",
    "tenants_delete",
)
"""The actions on one user, object or tenant: of all others nobody could say what is older than what."""


def last_applied(action_type: str, payload: Mapping[str, Json]) -> Reference:
    """What stands for the time of the last event applied to the thing that an action is about."""
    return ("applied", *recipients.place(directory.entity_of(action_type, payload)))


def problem(action_type: str, payload: Mapping[str, Json], facts: Facts, occurred_at: datetime) -> ActionError | None:
    """Why the action must be passed over, if it must."""
    last = facts.get(last_applied(action_type, payload))
    if not isinstance(last, datetime) or occurred_at >= last:
        return None
    return ActionError(
        code=CODE,
        message=f"the event is of {occurred_at.isoformat()} and was passed over, "
        f"because one of {last.isoformat()} has been applied already",
        field="only_newer",
    )


def later(known: object, occurred_at: datetime) -> datetime:
    """The later of what is known and a time."""
    return max(known, occurred_at) if isinstance(known, datetime) else occurred_at
