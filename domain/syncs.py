"""A sync: records of a warehouse whose users shall enter an audience, or leave it, each with a result of its own.

A record that cannot be stays out and says why; it keeps no other out.
"""

from collections.abc import Callable, Iterator, Sequence

import attrs

from domain import operations
from domain.actions import values
from domain.actions.outcomes import Unfit
from domain.json_values import Json
from domain.operations import Operation
from domain.webhooks import ActionExecuted, ActionOutcome

LARGEST = 5_000
"""Records that one sync may have."""

AT_ONCE = operations.MOST_ITEMS
"""Members that one operation may have."""


@attrs.frozen(kw_only=True)
class Membership:
    """A user in an audience, for a tenant or for none."""

    audience: str
    user_id: str
    tenant: str | None = None


Entry = Membership | str
"""What a record asks for; words where it asks for nothing that can be."""


@attrs.frozen(kw_only=True)
class Sync:
    """What is asked for: members to add, or to remove, one entry a record.

    With `creating`, an audience that does not exist is made; without, its records are refused. `report` makes the
    result of the call from what came of each record: None, or why it was refused.
    """

    removing: bool
    creating: bool
    entries: tuple[Entry, ...]
    report: Callable[[Sequence[str | None]], Json]


@attrs.frozen(kw_only=True)
class Portion:
    """One operation of a sync, and the places of the records that it stands for."""

    operation: Operation
    places: tuple[int, ...]


def membership(*, audience: Json, user_id: Json, tenant: Json = None) -> Entry:
    """The membership that a record means. An empty tenant is none."""
    try:
        return Membership(
            audience=values.identifier(audience, "the audience key"),
            user_id=values.identifier(user_id, "the user id"),
            tenant=None if tenant in (None, "") else values.identifier(tenant, "the tenant"),
        )
    except Unfit as unfit:
        return unfit.problem.message


def portions(sync: Sync) -> tuple[Portion, ...]:
    """The operations that carry the sync out, by audience, in the order in which the records first name them."""
    by_audience: dict[str, list[int]] = {}
    for place, entry in enumerate(sync.entries):
        if isinstance(entry, Membership):
            by_audience.setdefault(entry.audience, []).append(place)
    return tuple(
        Portion(operation=_operation(sync, audience, chunk), places=chunk)
        for audience, places in by_audience.items()
        for chunk in _chunks(places)
    )


def refusals(sync: Sync, carried_out: Sequence[tuple[Portion, str | None]]) -> tuple[str | None, ...]:
    """What came of each record, given what came of each portion."""
    found: list[str | None] = [entry if isinstance(entry, str) else None for entry in sync.entries]
    for portion, refusal in carried_out:
        for place in portion.places:
            found[place] = refusal
    return tuple(found)


def refusal(sync: Sync, portion: Portion, outcome: ActionOutcome | None) -> str | None:
    """Why the records of a portion are refused, given what came of its action; None if they are not."""
    missing = f"audience {portion.operation['key']!r} does not exist in this environment; create it first"
    if outcome is None:
        return "the sync broke here; what happened is on the server's log"
    if isinstance(outcome, ActionExecuted):
        return missing if sync.removing and not sync.creating and outcome.result.get("removed") == 0 else None
    return missing if outcome.error.code == "audience_missing" else outcome.error.message


def _chunks(places: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return (tuple(places[start : start + AT_ONCE]) for start in range(0, len(places), AT_ONCE))


def _operation(sync: Sync, audience: str, places: Sequence[int]) -> Operation:
    entries = (sync.entries[place] for place in places)
    members: list[Json] = [
        {"user": entry.user_id, "tenant": entry.tenant} for entry in entries if isinstance(entry, Membership)
    ]
    if sync.removing:
        return operations.remove_members(audience, {"members": members})
    return operations.add_members(audience, {"members": members}, create=sync.creating)
