"""Timestamps as senders write them, read into aware UTC datetimes. Never looks at the clock, never raises."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.json_values import Json

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# One bound tells all units apart: 10¹¹ seconds lie in the year 5138, 10¹¹ of a smaller unit before 1974.
_BOUND: Final = 10**11
_UNITS_PER_SECOND: Final = (1, 10**3, 10**6, 10**9)

# The hour is spelled out because newer Pythons accept 24:00 and older ones do not; re.ASCII because \d would
# otherwise take the digits of every script.
_ISO_8601: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<time>(?:[01]\d|2[0-3]):\d\d(?::\d\d(?:[.,]\d{1,9})?)?)"
    r"(?: ?(?:[Zz]|UTC|(?P<offset>[+-]\d\d(?::?\d\d)?)))?)?",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"\d{1,20}(?P<fraction>\.\d{1,9})?", re.ASCII)


def parse(value: Json) -> datetime | None:
    """The moment that `value` tells, between 1970 and 9999; None if it tells none.

    - ISO 8601 strings: `2024-02-01T10:00:00.123Z`, with a space for the T, with an offset (`+01:00`, `+0100`, `+01`,
      ` UTC`) or none, which means UTC; a date alone is its midnight. Digits beyond microseconds are cut off.
    - Unix time as a number or a string of ASCII digits with an optional fraction: seconds below 10¹¹, milliseconds
      below 10¹⁴, microseconds below 10¹⁷, nanoseconds below 10²⁰.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    return None


def _from_text(text: str) -> datetime | None:
    number = _NUMBER.fullmatch(text)
    if number:
        return _from_number(float(text) if number["fraction"] else int(text))
    written = _ISO_8601.fullmatch(text)
    return _from_iso(written["day"], written["time"] or "00:00", written["offset"] or "+00:00") if written else None


def _from_iso(day: str, time: str, offset: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, minute or offset; beyond the year 9999 once in UTC
        return None
    return moment if moment >= EPOCH else None


def _from_number(number: float) -> datetime | None:
    if not number >= 0:  # NaN compares false
        return None
    scale = next((scale for scale in _UNITS_PER_SECOND if number < _BOUND * scale), None)
    if scale is None:
        return None
    # Whole numbers stay whole: a float cannot hold today's nanoseconds.
    microseconds = number * 10**6 // scale if isinstance(number, int) else round(number * 10**6 / scale)
    return EPOCH + timedelta(microseconds=microseconds)
