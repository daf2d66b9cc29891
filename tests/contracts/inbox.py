"""The contract of the Inbox port.

A subclass gives two fixtures: `store`, an empty event store, and `inbox`, the inbox over it.
"""

from collections.abc import Mapping, Sequence

import attrs
import pytest
from eventsourcing.persistence import IntegrityError

from application.errors import Conflict
from application.pipeline import Settled
from application.ports import EventStore, Inbox
from application.records import Change, Recorded
from domain import audiences, configurations, forwarding, forwards, runs, subscribers, webhooks, workflows
from domain.actions.outcomes import KnownWorkflow, OpenRun, Reference
from domain.idempotency import Precedent, Scope
from domain.json_values import Json
from tests import examples

WHERE = examples.ENVIRONMENT
STREAM = webhooks.stream(examples.WEBHOOK_ID)
RECEIVED = Change(stream=STREAM, version=0, events=(examples.WEBHOOK_RECEIVED,))
REJECTED = Change(stream=webhooks.stream(examples.REJECTED_ID), version=0, events=(examples.WEBHOOK_REJECTED,))
CONFIGURED = Change(
    stream=configurations.stream(examples.SOURCE, WHERE), version=0, events=(examples.CONFIGURATION_CREATED,)
)
WORKFLOW_STREAM = workflows.stream(WHERE, "payment-failed")
WORKFLOW = Change(stream=WORKFLOW_STREAM, version=0, events=(examples.WORKFLOW_DEFINED,))
STEPS = Change(stream=WORKFLOW_STREAM, version=2, events=(examples.WORKFLOW_STEPS_CHANGED,))
SWITCHED_OFF = Change(stream=WORKFLOW_STREAM, version=1, events=(examples.WORKFLOW_DEACTIVATED,))
AUDIENCE = Change(stream=audiences.stream(WHERE, "beta-testers"), version=0, events=(examples.AUDIENCE_DEFINED,))

FORWARDING = Change(stream=forwarding.stream(WHERE), version=0, events=(examples.FORWARDING_SET,))
FORWARDING_NO_MORE = Change(stream=forwarding.stream(WHERE), version=1, events=(examples.FORWARDING_REMOVED,))
FORWARD_STREAM = forwards.stream(examples.FORWARD_STARTED.forward_id)
FORWARDED = Change(stream=FORWARD_STREAM, version=0, events=(examples.FORWARD_STARTED,))
RUN_STREAM = runs.stream(examples.RUN_STARTED.run_id)
STARTED = Change(stream=RUN_STREAM, version=0, events=(examples.RUN_STARTED,))
COMPLETED = Change(stream=RUN_STREAM, version=0, events=(examples.RUN_STARTED, examples.RUN_COMPLETED))
OPEN_RUNS: Reference = ("runs", "payment-failed", "invoice-in_1SpqSzLkdIwHu7ixQ4yB2nWd")
USER: Reference = ("user", "cus_TnVh5xq8Rk2LmD")
SCOPE: Scope = (examples.SOURCE, WHERE, "invoice.payment_failed", "evt_1SpqT4LkdIwHu7ix0mZ3rV8c")


def executed(action_type: str, *, result: Mapping[str, Json] | None = None, **payload: Json) -> webhooks.ActionExecuted:
    outcome = attrs.evolve(examples.ACTION_EXECUTED, action_type=action_type, payload=payload, origins={})
    return attrs.evolve(outcome, result=result or {})


IDENTIFIED = executed("users_identify", id="cus_TnVh5xq8Rk2LmD", name="Zoë Müller", properties={"plan": "team"})
CANCELLED = executed(
    "workflows_cancel",
    key="payment-failed",
    cancellation_key="invoice-in_1SpqSzLkdIwHu7ixQ4yB2nWd",
    result={"enqueued": True, "cancelled": [examples.RUN_STARTED.run_id]},
)
DELETED = executed("users_delete", id="cus_TnVh5xq8Rk2LmD")
OBJECT_SET = executed("objects_set", collection="invoices", id="in_1", properties={})
TENANT_SET = executed("tenants_set", id="acme", properties={})
JOINED = executed(
    "audiences_add_member",
    key="early-birds",
    members=[{"user_id": "cus_TnVh5xq8Rk2LmD", "tenant": None, "inline": None}],
    result={"added": 1, "created_audience": True},
)


PROJECT: Reference = ("subscribers", "projects", "p-1")


def subscribed(
    object_id: str, *who: str | tuple[str, str], action_type: str = "objects_subscribe"
) -> webhooks.ActionExecuted:
    """Users, and objects by collection and id, follow a project, or follow it no more."""
    people: list[Json] = [
        {"collection": "$users", "id": each} if isinstance(each, str) else {"collection": each[0], "id": each[1]}
        for each in who
    ]
    result: dict[str, Json] = {"count": len(people), "created_object": True}
    payload: dict[str, Json] = {"collection": "projects", "object_id": object_id, "recipients": people}
    return executed(action_type, result=result, **payload, identify=[], properties={"role": "owner"})


def decided(*actions: webhooks.ActionOutcome, stream: str = STREAM, version: int = 1) -> Change:
    """The decisions of an evaluation, with these actions."""
    before = (examples.WEBHOOK_CLASSIFIED, examples.IDEMPOTENCY_DECIDED)
    return Change(stream=stream, version=version, events=(*before, *actions, examples.WEBHOOK_PROCESSED))


class InboxContract:
    """Each adapter's test class inherits these."""

    def test_nothing_waits_in_an_empty_log(self, inbox: Inbox) -> None:
        assert inbox.waiting(10) == ()

    def test_receipts_rejections_and_edits_wait_in_the_order_of_the_log(self, store: EventStore, inbox: Inbox) -> None:
        store.append(CONFIGURED, WORKFLOW)
        store.append(RECEIVED)
        store.append(REJECTED, AUDIENCE)
        assert inbox.waiting(10) == store.log(after=0, limit=10)
        assert len(inbox.waiting(10)) == 5

    def test_a_page_is_no_longer_than_asked_for(self, store: EventStore, inbox: Inbox) -> None:
        store.append(CONFIGURED, WORKFLOW, RECEIVED)
        assert inbox.waiting(2) == store.log(after=0, limit=2)

    def test_what_waits_goes_on_waiting_until_it_is_settled(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        assert inbox.waiting(10) == inbox.waiting(10) != ()

    def test_what_is_settled_waits_no_more(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED, REJECTED)
        settle(inbox, inbox.waiting(1), decided())
        assert [each.event for each in inbox.waiting(10)] == [examples.WEBHOOK_REJECTED]

    def test_decisions_are_stored_behind_their_receipt(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(10), decided(IDENTIFIED))
        history = store.history(STREAM)
        assert [each.event for each in history] == [*RECEIVED.events, *decided(IDENTIFIED).events]
        assert [each.version for each in history] == [1, 2, 3, 4, 5]

    def test_runs_get_streams_of_their_own(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(10), decided(), STARTED)
        assert [each.event for each in store.history(RUN_STREAM)] == [examples.RUN_STARTED]

    def test_an_environment_forwards_from_when_it_is_told_until_it_is_told_otherwise(
        self, store: EventStore, inbox: Inbox
    ) -> None:
        forwards_there: Reference = ("forwarding",)
        store.append(FORWARDING)
        assert known(inbox, forwards_there) == {}
        settle(inbox, inbox.waiting(10))
        assert known(inbox, forwards_there) == {forwards_there: True}
        store.append(FORWARDING_NO_MORE)
        settle(inbox, inbox.waiting(10))
        assert known(inbox, forwards_there) == {}

    def test_forwards_get_streams_of_their_own_and_never_wait(self, store: EventStore, inbox: Inbox) -> None:
        epoch = store.append(FORWARDING)
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(1))
        settle(inbox, inbox.waiting(1), decided(), FORWARDED)
        assert [each.event for each in store.history(FORWARD_STREAM)] == [examples.FORWARD_STARTED]
        assert inbox.waiting(10) == ()
        assert store.epoch() == epoch

    def test_what_the_worker_wrote_never_waits_for_it(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(10), decided(examples.ACTION_FAILED, examples.ACTION_SKIPPED), COMPLETED)
        assert inbox.waiting(10) == ()

    def test_settling_moves_no_epoch(self, store: EventStore, inbox: Inbox) -> None:
        epoch = store.append(CONFIGURED)
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(1))
        settle(inbox, inbox.waiting(1), decided(), STARTED)
        assert store.epoch() == epoch

    def test_a_page_is_settled_once(self, store: EventStore, inbox: Inbox) -> None:
        """Whoever comes second gets a Conflict, whatever he decided, and changes nothing."""
        store.append(RECEIVED, REJECTED)
        page = inbox.waiting(10)
        settle(inbox, page, decided(IDENTIFIED))
        before = store.log(after=0, limit=100)
        for changes in ((decided(IDENTIFIED),), (decided(TENANT_SET, version=4), STARTED), ()):
            with pytest.raises(Conflict):
                settle(inbox, page, *changes)
        assert store.log(after=0, limit=100) == before
        assert known(inbox, ("tenant", "acme"), OPEN_RUNS) == {}

    def test_a_page_that_was_settled_in_part_conflicts_whole(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED, REJECTED)
        page = inbox.waiting(10)
        settle(inbox, page[:1], decided())
        with pytest.raises(Conflict):
            settle(inbox, page, decided(IDENTIFIED))
        assert [each.event for each in inbox.waiting(10)] == [examples.WEBHOOK_REJECTED]

    def test_a_stream_that_moved_on_is_a_fault_of_the_event(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        store.append(decided())
        page = inbox.waiting(10)
        with pytest.raises(IntegrityError):
            settle(inbox, page, decided(IDENTIFIED))
        assert inbox.waiting(10) == page
        assert known(inbox, USER) == {}

    def test_what_is_parked_waits_no_more_and_those_behind_it_do(self, store: EventStore, inbox: Inbox) -> None:
        store.append(WORKFLOW, RECEIVED)
        inbox.park(inbox.waiting(1)[0], "ValueError: no sense in it")
        assert [each.event for each in inbox.waiting(10)] == [examples.WEBHOOK_RECEIVED]
        assert known(inbox, ("workflow", "payment-failed")) == {}

    def test_nothing_is_known_of_what_is_not_there(self, inbox: Inbox) -> None:
        references: list[Reference] = [USER, ("tenant", "acme"), ("object", "invoices", "in_1"), OPEN_RUNS]
        assert known(inbox, *references, ("workflow", "payment-failed"), ("audience", "beta-testers")) == {}
        assert inbox.look_up([], [SCOPE]) == inbox.look_up([], []) == ({}, {})

    def test_users_objects_tenants_and_audiences_are_known_once_settled(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(10), decided(IDENTIFIED, OBJECT_SET, TENANT_SET, JOINED))
        there: list[Reference] = [USER, ("object", "invoices", "in_1"), ("tenant", "acme"), ("audience", "early-birds")]
        strangers: list[Reference] = [("user", "acme"), ("tenant", "in_1"), ("object", "orders", "in_1")]
        assert known(inbox, *there, *strangers) == dict.fromkeys(there, True)
        assert inbox.look_up([("development", each) for each in there], []) == ({}, {})

    def test_what_is_deleted_is_unknown_again(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(10), decided(IDENTIFIED, DELETED))
        assert known(inbox, USER) == {}

    def test_a_workflow_is_known_as_active_or_not_once_settled(self, store: EventStore, inbox: Inbox) -> None:
        store.append(WORKFLOW, SWITCHED_OFF, AUDIENCE)
        asked: list[Reference] = [("workflow", "payment-failed"), ("audience", "beta-testers")]
        assert known(inbox, *asked) == {}
        settle(inbox, inbox.waiting(1))
        assert known(inbox, *asked) == {asked[0]: KnownWorkflow(active=True)}
        settle(inbox, inbox.waiting(2))
        assert known(inbox, *asked) == {asked[0]: KnownWorkflow(active=False, version=2), asked[1]: True}

    @pytest.mark.parametrize("page", [1, 3])
    def test_a_workflow_is_known_with_its_version_and_its_schema(
        self, store: EventStore, inbox: Inbox, page: int
    ) -> None:
        store.append(WORKFLOW, SWITCHED_OFF, STEPS)
        while waiting := inbox.waiting(page):
            settle(inbox, waiting)
        schema = examples.WORKFLOW_STEPS_CHANGED.trigger_data_schema
        told = KnownWorkflow(active=False, version=3, steps=True, schema=schema)
        assert known(inbox, ("workflow", "payment-failed")) == {("workflow", "payment-failed"): told}

    def test_followers_are_known_two_objects_deep_with_those_of_them_who_exist(
        self, store: EventStore, inbox: Inbox
    ) -> None:
        store.append(RECEIVED)
        p2, p3 = ("projects", "p-2"), ("projects", "p-3")
        actions = (
            subscribed("p-1", "cus_TnVh5xq8Rk2LmD", "stranger", p2),
            subscribed("p-2", "ann", p3),
            subscribed("p-3", "ben"),
        )
        settle(inbox, inbox.waiting(10), decided(IDENTIFIED, *actions))
        found = known(inbox, PROJECT)
        assert found == {
            PROJECT: frozenset({USER, ("user", "stranger"), ("object", *p2)}),
            ("subscribers", *p2): frozenset({("user", "ann"), ("object", *p3)}),
            USER: True,
            ("object", *p2): True,
            ("object", *p3): True,
        }
        assert inbox.look_up([("development", PROJECT)], []) == ({}, {})

    def test_who_unsubscribes_or_is_deleted_follows_no_more(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        left = subscribed("p-1", "ann", action_type="objects_unsubscribe")
        follow = subscribed("p-1", "ann", "ben", "cus_TnVh5xq8Rk2LmD")
        settle(inbox, inbox.waiting(10), decided(IDENTIFIED, follow, left, DELETED))
        assert known(inbox, PROJECT)[PROJECT] == frozenset({("user", "ben")})
        gone = executed("objects_delete", collection="projects", id="p-1")
        store.append(attrs.evolve(RECEIVED, stream="webhook-2"))
        settle(inbox, inbox.waiting(1), decided(gone, stream="webhook-2"))
        assert known(inbox, PROJECT) == {}

    def test_followers_beyond_what_is_looked_up_at_once_are_too_many_to_be_told(
        self, store: EventStore, inbox: Inbox
    ) -> None:
        store.append(RECEIVED)
        most = [f"u-{number}" for number in range(subscribers.MOST_AT_ONCE)]
        settle(inbox, inbox.waiting(10), decided(subscribed("p-1", *most), subscribed("p-2", ("projects", "p-1"))))
        other: Reference = ("subscribers", "projects", "p-2")
        assert known(inbox, PROJECT) == {PROJECT: frozenset(("user", each) for each in most)}
        assert known(inbox, other)[other] is subscribers.TOO_MANY
        assert known(inbox, PROJECT, other)[PROJECT] is subscribers.TOO_MANY

    def test_open_runs_are_known_by_their_cancellation_key(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(1), decided(), STARTED)
        opened = OpenRun(id=examples.RUN_STARTED.run_id, recipient=examples.RUN_STARTED.recipient)
        assert known(inbox, OPEN_RUNS, ("runs", "payment-failed", "another")) == {OPEN_RUNS: (opened,)}
        store.append(attrs.evolve(RECEIVED, stream="webhook-2"))
        settle(inbox, inbox.waiting(1), decided(CANCELLED, stream="webhook-2"))
        assert known(inbox, OPEN_RUNS).get(OPEN_RUNS, ()) == ()

    def test_a_run_that_has_nothing_to_deliver_is_not_open(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(1), decided(), COMPLETED)
        assert known(inbox, OPEN_RUNS).get(OPEN_RUNS, ()) == ()

    def test_a_delivery_is_the_precedent_of_its_key(self, store: EventStore, inbox: Inbox) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(1), decided(IDENTIFIED))
        precedent = Precedent(
            webhook_id=examples.WEBHOOK_ID,
            received_at=examples.AT,
            complete=True,
            done=(examples.TRIGGER_ID,),
            body_digest=examples.IDEMPOTENCY_DECIDED.body_digest,
        )
        others = [(*SCOPE[:3], "another"), (*SCOPE[:2], "invoice.paid", SCOPE[3]), ("", *SCOPE[1:])]
        assert inbox.look_up([], [SCOPE, *others]) == ({}, {SCOPE: precedent})

    def test_a_delivery_that_failed_is_a_precedent_that_does_not_end_the_matter(
        self, store: EventStore, inbox: Inbox
    ) -> None:
        store.append(RECEIVED)
        settle(inbox, inbox.waiting(1), decided(examples.ACTION_FAILED))
        precedent = inbox.look_up([], [SCOPE])[1][SCOPE]
        assert (precedent.complete, precedent.done) == (False, ())


def settle(inbox: Inbox, page: Sequence[Recorded], *changes: Change) -> None:
    """Settle a page, its first event with these changes."""
    inbox.settle([Settled(recorded=page[0], changes=changes), *(Settled(recorded=each) for each in page[1:])])


def known(inbox: Inbox, *references: Reference) -> dict[Reference, object]:
    """What the inbox knows of references in the environment of the examples."""
    facts, _ = inbox.look_up([(WHERE, reference) for reference in references], [])
    return {reference: value for (_, reference), value in facts.items()}
