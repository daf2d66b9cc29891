"""What the pipeline does when something breaks: the rest goes on, and nothing is lost because a store is away."""

from collections.abc import Sequence

import attrs
import pytest
from eventsourcing.persistence import StoredEvent

from application.errors import Conflict, Unavailable
from application.pipeline import Pipeline
from application.ports import Settled
from domain import workflows
from domain.json_values import Json
from domain.webhooks import EvaluationFailed
from tests.application.in_memory import InMemory
from tests.memory import MemoryInbox

IDENTIFY: dict[str, Json] = {
    "event_type": "order.placed",
    "action_type": "users_identify",
    "action_parameters": {"id": "body.user"},
}


def gateway() -> InMemory:
    it = InMemory()
    it.put(settings={"idempotency_key_path": "body.key"}, mappings=[IDENTIFY])
    it.pipeline.run_once()
    return it


def test_a_webhook_whose_evaluation_breaks_is_settled_as_failed_and_the_others_go_on() -> None:
    it = gateway()
    for number in range(9):
        it.deliver(str(number), {"user": "u-1", "key": "k"}, raw=b"{broken" if number == 4 else None)
    assert it.pipeline.run_once() == 9
    broken, processed = it.decisions("4")
    assert isinstance(broken, EvaluationFailed)
    assert broken.error.startswith("MalformedBody: ")
    assert (processed.outcome, processed.actions_count) == ("failed", 0)
    assert [it.outcome(str(number)) for number in (0, 3, 5, 8)] == ["executed"] + ["duplicate"] * 3
    assert (it.pipeline.run_once(), it.inbox.parked) == (0, {})


def test_a_webhook_that_broke_is_executed_when_it_is_sent_again() -> None:
    it = gateway()
    it.deliver("1", {"user": "u-1", "key": "k"}, version=99)
    it.deliver("2", {"user": "u-1", "key": "k"})
    it.pipeline.run_once()
    assert (it.outcome("1"), it.outcome("2")) == ("failed", "executed")


class Allergic(MemoryInbox):
    """An inbox that breaks on some events, as a read model with a mistake in it does."""

    breaks_on: tuple[str, ...] = ()

    def settle(self, entries: Sequence[Settled]) -> None:
        if any(entry.recorded.stream in self.breaks_on for entry in entries):
            raise ZeroDivisionError("a mistake")
        super().settle(entries)


def allergic(it: InMemory, *breaks_on: str) -> tuple[Pipeline, Allergic]:
    inbox = Allergic(it.ledger, it.clock)
    inbox.breaks_on = breaks_on
    return attrs.evolve(it.pipeline, inbox=inbox), inbox


def test_an_edit_that_cannot_be_settled_is_parked_and_those_behind_it_go_on() -> None:
    it = gateway()
    it.deliver("1", {"user": "u-1"})
    it.workflow("welcome", told={})
    it.deliver("2", {"user": "u-1"})
    pipeline, inbox = allergic(it, workflows.stream("development", "welcome"))
    position = it.ledger.head() - 1
    assert pipeline.run_once() == 3
    assert inbox.parked == {position: "ZeroDivisionError: a mistake"}
    assert (it.outcome("1"), it.outcome("2"), pipeline.run_once()) == ("executed", "executed", 0)


def test_a_webhook_that_cannot_even_be_settled_as_failed_is_parked_too() -> None:
    it = gateway()
    for number in range(3):
        it.deliver(str(number), {"user": "u-1"})
    pipeline, inbox = allergic(it, "webhook-1")
    assert pipeline.run_once() == 3
    assert list(inbox.parked.values()) == ["ZeroDivisionError: a mistake"]
    assert (it.outcome("0"), it.decisions("1"), it.outcome("2")) == ("executed", [], "executed")


class Away(MemoryInbox):
    """An inbox whose store is away, or is in another worker's hands."""

    error: Exception = Unavailable()

    def settle(self, entries: Sequence[Settled]) -> None:
        raise self.error


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("settled by another worker")])
def test_nothing_is_put_aside_because_the_store_is_away_or_another_worker_was_faster(error: Exception) -> None:
    it = gateway()
    it.deliver("1", {"user": "u-1"})
    inbox = Away(it.ledger, it.clock)
    inbox.error = error
    with pytest.raises(type(error)):
        attrs.evolve(it.pipeline, inbox=inbox).run_once()
    assert (it.decisions("1"), inbox.parked) == ([], {})
    it.pipeline.run_once()
    assert it.outcome("1") == "executed"


def test_a_page_that_another_worker_has_settled_is_settled_once() -> None:
    it = gateway()
    it.deliver("1", {"user": "u-1"})
    slow = _Slow(it.ledger, it.clock)
    slow.meanwhile = it.pipeline
    with pytest.raises(Conflict):
        attrs.evolve(it.pipeline, inbox=slow).run_once()
    assert it.executed() == [("1", "users_identify")]


class _Slow(MemoryInbox):
    """An inbox whose worker pauses before it settles, while another one works."""

    meanwhile: Pipeline | None = None

    def settle(self, entries: Sequence[Settled]) -> None:
        assert self.meanwhile is not None
        self.meanwhile.run_once()
        super().settle(entries)


def test_an_event_from_the_future_is_parked_when_its_turn_comes() -> None:
    it = gateway()
    version, position = it.configuration().version, it.ledger.head() + 2
    it.deliver("1", {"user": "u-1"}, version=version)
    it.ledger.recorder.insert_events([StoredEvent("source-shop", 99, "SourceTeleported", b'{"v":1}\n{}')])
    it.deliver("2", {"user": "u-1"}, version=version)
    assert [it.pipeline.run_once() for _ in range(3)] == [1, 1, 0]
    assert it.inbox.parked == {position: "UnknownEvent: SourceTeleported"}
    assert [it.ledger.recorder.select_events(f"webhook-{each}")[-1].topic for each in (1, 2)] == [
        "WebhookProcessed"
    ] * 2
