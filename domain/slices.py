"""A slice: which of a source's webhooks a replay is about, by what is on record of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, get_args

import attrs

from domain import errors, timestamps
from domain.json_values import LISTS, Json
from domain.webhooks import Outcome

MEMBERS: Final = ("starting_at", "ending_at", "event_types", "outcomes", "ids", "limit")
OUTCOMES: Final = tuple(each for each in get_args(Outcome) if each != "pending")
MOST_NAMED: Final = 1_000
LARGEST_SAMPLE: Final = 10_000_000


@attrs.frozen(kw_only=True)
class Slice:
    """Webhooks received from `starting_at` to just before `ending_at`, of these types, outcomes and ids.

    What is None or empty leaves open. Without `outcomes`, rejected ones are left out. `limit` takes a sample of that
    size, the same one every time.
    """

    starting_at: datetime | None = None
    ending_at: datetime | None = None
    event_types: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    limit: int | None = None


class SliceInvalid(errors.Refused):
    """The slice has a member or a value that cannot be."""


class SliceEmpty(errors.Refused):
    """No webhook on record belongs to the slice."""


def parse(raw: Json, *, field: str = "slice") -> Slice:
    """Check a slice of the API's shape. Raises SliceInvalid, naming the field."""
    if raw is None:
        return Slice()
    if not isinstance(raw, Mapping):
        raise SliceInvalid(f"{field} must be an object", field=field)
    for name in raw:
        if name not in MEMBERS:
            raise SliceInvalid(
                f"{field}.{name} is not part of a slice, which has {', '.join(MEMBERS)}", field=f"{field}.{name}"
            )
    found = Slice(
        starting_at=_time(raw.get("starting_at"), f"{field}.starting_at"),
        ending_at=_time(raw.get("ending_at"), f"{field}.ending_at"),
        event_types=_texts(raw.get("event_types"), f"{field}.event_types"),
        outcomes=_outcomes(raw.get("outcomes"), f"{field}.outcomes"),
        ids=_texts(raw.get("ids"), f"{field}.ids"),
        limit=_limit(raw.get("limit"), f"{field}.limit"),
    )
    if found.starting_at and found.ending_at and found.starting_at >= found.ending_at:
        raise SliceInvalid(f"{field}.ending_at must be later than {field}.starting_at", field=f"{field}.ending_at")
    return found


def _time(value: Json, field: str) -> datetime | None:
    if value is None:
        return None
    at = timestamps.parse(value)
    if at is None:
        raise SliceInvalid(f"{field} is {value!r:.60}; it must be a time such as 2026-01-15T12:00:00Z", field=field)
    return at


def _texts(value: Json, field: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, LISTS) or not all(isinstance(each, str) and each and "\0" not in each for each in value):
        raise SliceInvalid(f"{field} is {value!r:.60}; it must be a list of texts", field=field)
    if len(value) > MOST_NAMED:
        raise SliceInvalid(f"{field} has {len(value)} entries; at most {MOST_NAMED} can be named", field=field)
    return tuple(dict.fromkeys(map(str, value)))


def _outcomes(value: Json, field: str) -> tuple[str, ...]:
    wanted = _texts(value, field)
    wrong = next((each for each in wanted if each not in OUTCOMES), None)
    if wrong is not None:
        raise SliceInvalid(f"{field} has {wrong!r:.60}; the outcomes are {', '.join(OUTCOMES)}", field=field)
    return wanted


def _limit(value: Json, field: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_SAMPLE:
        raise SliceInvalid(
            f"{field} is {value!r:.60}; it must be a whole number from 1 to {LARGEST_SAMPLE}", field=field
        )
    return value


def words(of: Slice) -> Sequence[str]:
    """What the slice asks for, for whoever finds nothing in it."""
    given = attrs.asdict(of, filter=lambda _, value: value not in (None, ()))
    return [f"{name} {value if not isinstance(value, tuple) else ', '.join(value)}" for name, value in given.items()]
