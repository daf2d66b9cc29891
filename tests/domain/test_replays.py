"""What may be done about a replay, and when."""

import functools
from typing import Any

import attrs
import pytest

from domain import replays, slices
from domain.differences import Totals
from domain.replays import Apply, Cancel, Complete, Fail, Progress, RecordApplied, Replay, Start
from domain.slices import Slice
from tests import examples

AT = examples.LATER
REQUESTED = examples.REPLAY_REQUESTED
COMPARED = attrs.evolve(examples.REPLAY_PROGRESSED, totals=Totals(evaluated=480, unchanged=480))


def after(*events: replays.Event) -> Replay:
    """A replay after these events."""
    state = functools.reduce(replays.evolve, events, None)
    assert state is not None
    return state


STARTED = after(REQUESTED, examples.REPLAY_STARTED)
DONE = after(REQUESTED, examples.REPLAY_STARTED, COMPARED, examples.REPLAY_COMPLETED)
ASKED = Apply(reason="because", force=False, per_second=9, at=AT)


def test_it_starts_once() -> None:
    assert replays.decide(after(REQUESTED), Start(total=480, at=examples.AT)) == (examples.REPLAY_STARTED,)
    assert replays.decide(STARTED, Start(total=7, at=AT)) == ()


def test_progress_adds_up_until_all_is_compared() -> None:
    [event] = replays.decide(STARTED, Progress(totals=Totals(evaluated=479, unchanged=479), at=AT))
    further = replays.evolve(STARTED, event)
    assert further is not None
    assert not further.compared
    [event] = replays.decide(further, Progress(totals=Totals(not_evaluable=1), at=AT))
    assert after(REQUESTED, examples.REPLAY_STARTED, event).compared


def test_an_empty_slice_needs_no_comparison() -> None:
    assert after(REQUESTED, attrs.evolve(examples.REPLAY_STARTED, total=0)).compared


def test_what_is_completed_can_be_carried_out_once() -> None:
    [event] = replays.decide(DONE, ASKED)
    applying = replays.evolve(DONE, event)
    assert applying is not None
    assert applying.status == "running"
    with pytest.raises(replays.AppliedAlready):
        replays.decide(applying, ASKED)


def test_what_is_not_completed_cannot_be_carried_out() -> None:
    with pytest.raises(replays.NotYetCompleted):
        replays.decide(STARTED, ASKED)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_carrying_out_needs_a_reason(reason: str | None) -> None:
    with pytest.raises(replays.ReasonMissing):
        replays.decide(DONE, attrs.evolve(ASKED, reason=reason))


def test_what_was_carried_out_adds_up() -> None:
    state = after(attrs.evolve(REQUESTED, mode="apply", reason="r"), examples.REPLAY_STARTED, examples.REPLAY_APPLIED)
    [event] = replays.decide(state, RecordApplied(applied=3, passed_over=0, at=AT))
    assert isinstance(event, replays.ReplayApplied)
    assert (event.applied, event.passed_over) == (80, 1)


def test_it_is_cancelled_while_it_is_open_and_again_without_effect() -> None:
    [event] = replays.decide(STARTED, Cancel(at=AT))
    assert replays.decide(after(REQUESTED, event), Cancel(at=AT)) == ()
    with pytest.raises(replays.ReplayEnded):
        replays.decide(DONE, Cancel(at=AT))


def test_it_ends_once() -> None:
    assert replays.decide(STARTED, Complete(at=AT)) == (examples.REPLAY_COMPLETED,)
    assert replays.decide(DONE, Complete(at=AT)) == ()
    assert replays.decide(DONE, Fail(error="late", at=AT)) == ()
    [failed] = replays.decide(STARTED, Fail(error="KeyError", at=AT))
    assert after(REQUESTED, failed).error == "KeyError"


def test_a_slice_is_read_as_it_is_written() -> None:
    raw: Any = {"starting_at": "2026-01-08T12:00:00Z", "event_types": ["a", "a"], "outcomes": ["failed"], "limit": 5}
    assert slices.parse(raw) == Slice(starting_at=examples.BEFORE, event_types=("a",), outcomes=("failed",), limit=5)
    assert slices.parse(None) == Slice()


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], "slice"),
        ({"since": 1}, "slice.since"),
        ({"starting_at": "soon"}, "slice.starting_at"),
        ({"starting_at": "2026-01-02", "ending_at": "2026-01-01"}, "slice.ending_at"),
        ({"event_types": "a"}, "slice.event_types"),
        ({"ids": ["\0"]}, "slice.ids"),
        ({"ids": [str(number) for number in range(1_001)]}, "slice.ids"),
        ({"outcomes": ["pending"]}, "slice.outcomes"),
        ({"limit": True}, "slice.limit"),
        ({"limit": 0}, "slice.limit"),
    ],
)
def test_what_is_no_slice_is_refused(raw: Any, field: str) -> None:
    with pytest.raises(slices.SliceInvalid) as refused:
        slices.parse(raw)
    assert refused.value.field == field
