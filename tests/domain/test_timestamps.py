"""Timestamps: what senders write, and the moment that they mean."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import timestamps
from domain.json_values import Json

TEN = datetime(2024, 2, 1, 10, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-02-01T10:00:00Z", TEN),
        ("2024-02-01T10:00:00z", TEN),
        ("2024-02-01t10:00:00Z", TEN),
        ("2024-02-01T10:00Z", TEN),
        ("2024-02-01T10:00:00", TEN),
        ("2024-02-01 10:00:00", TEN),
        ("2024-02-01 10:00:00 UTC", TEN),
        ("2024-02-01T11:30:00+01:30", TEN),
        ("2024-02-01T11:30:00+0130", TEN),
        ("2024-02-01 12:00:00+02", TEN),
        ("2024-02-01T05:00:00.000-05:00", TEN),
        ("2024-02-01T10:00:00.5Z", TEN + timedelta(milliseconds=500)),
        ("2024-02-01T10:00:00,5Z", TEN + timedelta(milliseconds=500)),
        ("2024-02-01T10:00:00.123456789Z", TEN + timedelta(microseconds=123456)),
        ("2024-02-01", datetime(2024, 2, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", EPOCH),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (1706781600, TEN),
        (1706781600.25, TEN + timedelta(milliseconds=250)),
        (1706781600000, TEN),
        (1706781600250, TEN + timedelta(milliseconds=250)),
        (1706781600250.5, TEN + timedelta(microseconds=250500)),
        (1706781600000000, TEN),
        (1706781600000000001, TEN),
        (0, EPOCH),
        ("1706781600", TEN),
        ("2024", datetime(1970, 1, 1, 0, 33, 44, tzinfo=UTC)),
        ("1706781600.25", TEN + timedelta(milliseconds=250)),
        ("1706781600.123456", TEN + timedelta(microseconds=123456)),
        ("1706781600000", TEN),
        (10**11 - 1, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (10**11, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_read_as_utc(value: Json, moment: datetime) -> None:
    parsed = timestamps.parse(value)
    assert parsed == moment
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        [],
        {},
        "",
        "now",
        "2024-02",
        "2024-02-30",
        "2024-02-01T24:00:00Z",
        "2024-02-01T10:60:00Z",
        "2024-02-01T10:00:60Z",
        "2024-02-01T10:00:00+25:00",
        "2024-02-01T10:00:00.Z",
        "2024-02-01T10:00:00.1234567891Z",
        "2024-02-01Z",
        "2024-02-01T10:00:00Z\n",
        " 2024-02-01T10:00:00Z",
        "2024-W05-4",
        "0000-01-01",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "\u0661\u0667\u0660\u0666\u0667\u0668\u0661\u0666\u0660\u0660",
        "2024-02-\u06601",
        "-1",
        "+1706781600",
        "1e9",
        "1_706_781_600",
        "1706781600.",
        -1,
        10**20,
        10**400,
        float("inf"),
        float("nan"),
        "9" * 5_000,
    ],
)
def test_what_tells_no_moment_is_none(value: Json) -> None:
    assert timestamps.parse(value) is None


@given(st.datetimes(datetime(1970, 1, 3), datetime(9999, 12, 29)), st.integers(-1439, 1439), st.sampled_from("T "))
def test_what_isoformat_writes_is_read_back(naive: datetime, offset: int, separator: str) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert timestamps.parse(moment.isoformat(separator)) == moment


@given(st.integers(10**11, 10**14 - 1))
def test_milliseconds_are_exact(milliseconds: int) -> None:
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    assert timestamps.parse(milliseconds) == timestamps.parse(str(milliseconds)) == moment


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text("0123456789-:.TZ+ ", max_size=30))
def test_parsing_never_raises_and_never_leaves_the_range(value: Json) -> None:
    moment = timestamps.parse(value)
    assert moment is None or moment >= EPOCH
