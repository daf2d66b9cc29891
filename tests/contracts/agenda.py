"""The contract of the Agenda port.

A subclass gives three fixtures: `store`, an empty event store; `inbox`, the inbox over it, through which runs start;
and `agenda`, the agenda over both.
"""

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

from application.errors import Conflict
from application.ports import Agenda, EventStore, Inbox
from application.records import Change, Due
from domain import forwarding, forwards, runs, webhooks
from domain.runs import Event
from tests import examples
from tests.contracts import inbox as contract

AT = examples.AT
NEVER_AGAIN = AT + timedelta(days=1)
"""Long enough for every lease to have ended."""

A, B = "https://a.example:443", "https://b.example:443"
NOWHERE = ""


def started(name: str) -> runs.RunStarted:
    """The start of the run called `name`."""
    return attrs.evolve(examples.RUN_STARTED, run_id=name)


def prepared(name: str, target: str = A, at: datetime = AT) -> runs.DeliveryPrepared:
    """What the run delivers to a target."""
    return attrs.evolve(examples.DELIVERY_PREPARED, run_id=name, target=target, prepared_at=at)


def attempted(name: str, target: str = A, **more: Any) -> runs.DeliveryAttempted:
    """An attempt of the run."""
    return attrs.evolve(examples.DELIVERY_ATTEMPTED, run_id=name, target=target, **more)


def failed(name: str) -> runs.RunFailed:
    """The run's end as a dead letter."""
    return attrs.evolve(examples.RUN_FAILED, run_id=name)


def completed(name: str) -> runs.RunCompleted:
    """The run's good end."""
    return attrs.evolve(examples.RUN_COMPLETED, run_id=name)


def begin(store: EventStore, inbox: Inbox, *names: str, actions: tuple[webhooks.ActionOutcome, ...] = ()) -> None:
    """Let the worker start runs, because of one webhook."""
    stream = webhooks.stream(f"webhook-{store.head()}")
    store.append(attrs.evolve(contract.RECEIVED, stream=stream))
    changes = [Change(stream=runs.stream(name), version=0, events=(started(name),)) for name in names]
    contract.settle(inbox, inbox.waiting(1), contract.decided(*actions, stream=stream), *changes)


def forward(name: str, position: int, *touches: str) -> forwards.ForwardStarted:
    """The start of the forward called `name`, at a place in line."""
    place = forwards.Place(position=position, number=0, touches=touches)
    return attrs.evolve(examples.FORWARD_STARTED, forward_id=name, place=place)


def line_up(store: EventStore, inbox: Inbox, *begun: forwards.ForwardStarted) -> None:
    """Let the worker start forwards, because of one webhook."""
    stream = webhooks.stream(f"webhook-{store.head()}")
    store.append(attrs.evolve(contract.RECEIVED, stream=stream))
    changes = [Change(stream=forwards.stream(each.forward_id), version=0, events=(each,)) for each in begun]
    contract.settle(inbox, inbox.waiting(1), contract.decided(stream=stream), *changes)


def tried(store: EventStore, agenda: Agenda, name: str, *ended: Any, **more: Any) -> None:
    """Put on record that a call of a forward was made, and what else came of it."""
    stream = forwards.stream(name)
    events = [attrs.evolve(each, forward_id=name) for each in (examples.FORWARD_ATTEMPTED, *ended)]
    change = Change(
        stream=stream, version=len(store.history(stream)), events=[attrs.evolve(events[0], **more), *events[1:]]
    )
    agenda.record(change)


def record(store: EventStore, agenda: Agenda, *events: Event) -> None:
    """Put on record what was decided about a run."""
    stream = runs.stream(events[0].run_id)
    agenda.record(Change(stream=stream, version=len(store.history(stream)), events=events))


def claim(agenda: Agenda, at: datetime = AT, *, limit: int = 100, each: int = 100, **slots: int) -> list[str]:
    """The runs that are taken up, by name. `slots` are by the last letter of the target's name."""
    named = {"a": A, "b": B, "nowhere": NOWHERE}
    taken = agenda.claim(at, limit=limit, each=each, slots={named[name]: free for name, free in slots.items()})
    return sorted(due.run_id for due in taken)


class AgendaContract:
    """Each adapter's test class inherits these."""

    def test_nothing_is_due_where_no_run_is(self, agenda: Agenda) -> None:
        assert agenda.claim(NEVER_AGAIN, limit=10, each=10, slots={}) == ()

    def test_a_run_that_started_is_due_at_once_and_goes_nowhere_yet(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        begin(store, inbox, "r")
        assert claim(agenda, AT - timedelta(seconds=1)) == []
        assert agenda.claim(AT, limit=10, each=10, slots={}) == (Due(run_id="r"),)

    def test_a_run_that_was_complete_when_it_started_is_never_due(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        store.append(contract.RECEIVED)
        contract.settle(inbox, inbox.waiting(1), contract.decided(), contract.COMPLETED)
        assert claim(agenda, NEVER_AGAIN) == []

    def test_what_is_taken_up_belongs_to_who_took_it(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, "r", "s")
        assert claim(agenda, limit=1) != claim(agenda, limit=1) != []
        assert claim(agenda) == []

    def test_what_is_taken_up_and_never_heard_of_again_is_due_after_a_while(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        begin(store, inbox, "r")
        assert claim(agenda) == ["r"]
        assert claim(agenda, NEVER_AGAIN) == ["r"]

    def test_what_is_given_back_is_due_at_once(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, "r")
        assert claim(agenda) == ["r"]
        agenda.release("r")
        assert claim(agenda) == ["r"]

    def test_what_is_recorded_is_in_the_log_and_decides_when_the_run_is_due_next(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        begin(store, inbox, "r")
        claim(agenda)
        record(store, agenda, prepared("r"))
        assert [each.event for each in store.history(runs.stream("r"))] == [started("r"), prepared("r")]
        assert agenda.claim(AT, limit=10, each=10, slots={}) == (Due(run_id="r", target=A),)

    @pytest.mark.parametrize(
        ("events", "due_at", "target"),
        [
            ((attrs.evolve(examples.RUN_PAUSED, run_id="r"),), examples.RUN_PAUSED.until, NOWHERE),
            ((prepared("r"), attempted("r")), examples.LATER, A),
            ((prepared("r"), attempted("r", outcome="delivered", retry_at=None)), AT, NOWHERE),
        ],
        ids=["a delay", "a failed attempt", "a delivered one"],
    )
    def test_a_run_is_due_when_what_was_decided_says_so(
        self, store: EventStore, inbox: Inbox, agenda: Agenda, events: tuple[Event, ...], due_at: datetime, target: str
    ) -> None:
        begin(store, inbox, "r")
        claim(agenda)
        record(store, agenda, *events)
        assert claim(agenda, due_at - timedelta(seconds=1)) == []
        assert agenda.claim(due_at, limit=10, each=10, slots={}) == (Due(run_id="r", target=target),)

    def test_a_run_that_has_ended_is_due_no_more(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, "r", "s", "t")
        record(store, agenda, completed("r"))
        record(store, agenda, prepared("s"), attempted("s", retry_at=None), failed("s"))
        record(store, agenda, attrs.evolve(examples.RUN_CANCELLED, run_id="t"))
        assert claim(agenda, NEVER_AGAIN) == []

    @pytest.mark.parametrize("target", [A, NOWHERE])
    def test_a_dead_letter_that_is_retried_is_due_again(
        self, store: EventStore, inbox: Inbox, agenda: Agenda, target: str
    ) -> None:
        begin(store, inbox, "r")
        record(store, agenda, prepared("r"), failed("r"))
        record(store, agenda, attrs.evolve(examples.RUN_RETRIED, run_id="r", target=target, refreshed=not target))
        assert agenda.claim(examples.LATER, limit=10, each=10, slots={}) == (Due(run_id="r", target=target),)

    def test_of_two_who_record_about_a_run_one_is_refused_and_changes_nothing(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        begin(store, inbox, "r")
        record(store, agenda, attrs.evolve(examples.RUN_PAUSED, run_id="r"))
        late = Change(stream=runs.stream("r"), version=1, events=(prepared("r"),))
        before = store.log(after=0, limit=100)
        with pytest.raises(Conflict):
            agenda.record(late)
        assert store.log(after=0, limit=100) == before
        assert claim(agenda, AT) == []

    def test_each_target_has_its_share_so_that_a_long_queue_takes_nothing_from_another(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        slow, quick = [f"a-{number}" for number in range(6)], ["b-0", "b-1"]
        begin(store, inbox, *slow, *quick)
        for name in slow + quick:
            record(store, agenda, prepared(name, B if name in quick else A))
        taken = claim(agenda, each=2)
        assert [name for name in taken if name in quick] == quick
        assert len(taken) == 4

    def test_a_target_gets_as_many_as_it_has_slots(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        names = [f"a-{number}" for number in range(5)]
        begin(store, inbox, *names, "b-0", "nowhere")
        for name in names:
            record(store, agenda, prepared(name, A))
        record(store, agenda, prepared("b-0", B))
        assert claim(agenda, each=4, a=0, b=0, nowhere=0) == []
        assert claim(agenda, each=0, b=1) == ["b-0"]
        assert len(claim(agenda, each=0, a=3)) == 3
        assert claim(agenda, each=0, nowhere=1) == ["nowhere"]

    def test_of_one_target_the_oldest_come_first(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, "old", "older", "new")
        for age, name in ((1, "old"), (2, "older"), (0, "new")):
            record(store, agenda, prepared(name, A, AT - timedelta(minutes=age)))
        assert [claim(agenda, each=1) for _ in range(3)] == [["older"], ["old"], ["new"]]

    def test_no_more_are_taken_up_than_asked_for(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, *(f"r-{number}" for number in range(5)))
        assert len(claim(agenda, limit=3)) == 3
        assert len(claim(agenda, limit=3)) == 2

    def test_a_cancelled_run_is_due_at_once_whatever_it_waits_for_and_whatever_is_free(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        begin(store, inbox, "r")
        record(store, agenda, prepared("r"), attempted("r", retry_at=NEVER_AGAIN))
        begin(store, inbox, actions=(attrs.evolve(contract.CANCELLED, result={"cancelled": ["r"]}),))
        (due,) = agenda.claim(AT, limit=10, each=0, slots={A: 0})
        assert (due.run_id, due.target) == ("r", A)
        assert due.cancelled_by is not None

    def test_a_cancellation_outlives_what_was_under_way(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, "r")
        claim(agenda)
        begin(store, inbox, actions=(attrs.evolve(contract.CANCELLED, result={"cancelled": ["r"]}),))
        assert claim(agenda) == []
        record(store, agenda, prepared("r"), attempted("r", retry_at=NEVER_AGAIN))
        assert claim(agenda) == ["r"]

    def test_what_is_struck_out_is_due_no_more(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, "r", "s")
        agenda.drop("r")
        agenda.drop("unheard-of")
        assert claim(agenda, NEVER_AGAIN) == ["s"]

    def test_a_forward_is_due_at_once_and_goes_to_the_account_of_its_environment(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        line_up(store, inbox, forward("f", 1, "ann"))
        assert claim(agenda, AT - timedelta(seconds=1)) == []
        due = Due(run_id="f", target=f"knock/{contract.WHERE}", forward=True)
        assert agenda.claim(AT, limit=10, each=10, slots={}) == (due,)
        assert claim(agenda) == []

    def test_forwards_that_touch_the_same_keep_their_order_and_others_pass(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        line_up(store, inbox, forward("c", 3, "ann", "ben"), forward("b", 2, "ben"), forward("a", 1, "ann"))
        line_up(store, inbox, forward("d", 4, "cleo"), forward("e", 5, "ben"))
        assert claim(agenda) == ["a", "b", "d"]
        assert claim(agenda) == []
        tried(store, agenda, "a", examples.FORWARD_COMPLETED, outcome="delivered", retry_at=None)
        assert claim(agenda) == []
        tried(store, agenda, "b", examples.FORWARD_COMPLETED, outcome="delivered", retry_at=None)
        assert claim(agenda) == ["c"]
        tried(store, agenda, "c", examples.FORWARD_COMPLETED, outcome="delivered", retry_at=None)
        assert claim(agenda) == ["e"]

    def test_a_forward_that_waits_holds_up_what_touches_the_same_until_it_is_a_dead_letter(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        line_up(store, inbox, forward("a", 1, "ann"), forward("b", 2, "ann"))
        tried(store, agenda, "a", retry_at=examples.LATER)
        assert claim(agenda) == []
        assert claim(agenda, examples.LATER) == ["a"]
        tried(store, agenda, "a", examples.FORWARD_FAILED, outcome="refused", retry_at=None)
        assert claim(agenda) == ["b"]

    def test_a_forward_that_is_retried_has_its_old_place(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        a, b = forward("a", 1, "ann"), forward("b", 2, "ann")
        line_up(store, inbox, a, b)
        tried(store, agenda, "a", examples.FORWARD_FAILED, outcome="refused", retry_at=None)
        retried = attrs.evolve(examples.FORWARD_RETRIED, forward_id="a", place=a.place)
        agenda.record(Change(stream=forwards.stream("a"), version=3, events=(retried,)))
        assert claim(agenda, examples.LATER) == ["a"]

    def test_a_forward_that_touches_nothing_waits_for_none_and_holds_up_none(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        line_up(store, inbox, forward("a", 1), forward("b", 2, "ann"), forward("c", 3))
        assert claim(agenda) == ["a", "b", "c"]

    def test_environments_do_not_wait_for_each_other_s_accounts(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        line_up(store, inbox, forward("a", 1, "ann"), attrs.evolve(forward("b", 2, "ann"), environment="development"))
        assert claim(agenda) == ["a", "b"]

    def test_an_account_has_its_share_beside_runs(self, store: EventStore, inbox: Inbox, agenda: Agenda) -> None:
        begin(store, inbox, "r")
        line_up(store, inbox, *(forward(f"f-{number}", number, str(number)) for number in range(5)))
        assert claim(agenda, each=2) == ["f-0", "f-1", "r"]

    def test_what_waits_for_an_account_is_cancelled_when_nothing_is_forwarded_any_more(
        self, store: EventStore, inbox: Inbox, agenda: Agenda
    ) -> None:
        store.append(contract.FORWARDING)
        contract.settle(inbox, inbox.waiting(1))
        line_up(store, inbox, forward("a", 1, "ann"), forward("b", 2, "ann"))
        tried(store, agenda, "a", retry_at=NEVER_AGAIN)
        store.append(contract.FORWARDING_NO_MORE)
        contract.settle(inbox, inbox.waiting(1))
        line_up(store, inbox, forward("c", store.head(), "cleo"))
        taken = agenda.claim(AT, limit=10, each=10, slots={})
        by = forwarding.stream(contract.WHERE)
        assert sorted((due.run_id, due.cancelled_by) for due in taken) == [("a", by), ("b", by), ("c", None)]
