"""What becomes of a run: given its events, a command leads to these, and a second time to none."""

import functools
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import run_ids, running, runs
from domain.conditions import Condition
from domain.deliveries import Attempt
from domain.json_values import Json
from domain.running import Cancel, Command, Fail, Prepare, Proceed, RecordAttempt, Retry
from domain.runs import Event, Run, RunPaused
from domain.workflow_steps import Step
from domain.workflows import Definition
from tests import examples

AT = examples.AT
STARTED = attrs.evolve(examples.RUN_STARTED, workflow_version=2)
RUN_ID = STARTED.run_id
NEVER = (Condition(path="data.never", operator="not_empty"),)
WAIT = Step(ref="wait", type="delay", settings={"seconds": 60})
TELL = Step(ref="tell", type="webhook", settings={"url": "https://a.example", "body": {}})
WRITE = Step(ref="write", type="email", settings={"to": "a@b.co", "subject": "s", "text": "t"})

PREPARE = Prepare(target="https://a.example:443", content={"url": "https://a.example", "body": {}}, at=AT)
DELIVERED = Attempt(outcome="delivered", status=200, code="answered", message="ok", milliseconds=5, answer=b"ok\0")
FAILED = attrs.evolve(DELIVERED, outcome="failed", status=500, message="broken")
REFUSED = attrs.evolve(DELIVERED, outcome="refused", status=410, code="gone", message="gone")


def run(*events: Event) -> Run:
    state: Run | None = functools.reduce(runs.evolve, events, runs.evolve(None, STARTED))
    assert state is not None
    return state


def proceed(*, at: datetime = AT, context: dict[str, Json] | None = None) -> Proceed:
    return Proceed(context=context or {}, at=at)


def tried(attempt: Attempt, request: str = "req-1", *, at: datetime = AT, jitter: float = 0.5) -> RecordAttempt:
    return RecordAttempt(request_id=request, attempt=attempt, jitter=jitter, at=at, ended_at=at)


def names(events: tuple[Event, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


def after(steps: list[Step], *commands: Command) -> Run:
    """The state after commands, one by one."""
    state = run()
    for command in commands:
        for event in running.decide(state, Definition(steps=tuple(steps)), command):
            state = runs.evolve(state, event) or state
    return state


def decide(steps: list[Step], state: Run, command: Command) -> tuple[Event, ...]:
    return running.decide(state, Definition(steps=tuple(steps)), command)


def test_a_run_without_steps_is_completed() -> None:
    assert names(decide([], run(), proceed())) == ["RunCompleted"]
    assert running.completed_at_once(STARTED).run_id == RUN_ID


def test_a_run_completed_twice_is_completed_once() -> None:
    assert decide([], after([], proceed()), proceed()) == ()


def test_a_delay_pauses_the_run_until_its_end() -> None:
    (paused,) = decide([WAIT, TELL], run(), proceed())
    assert isinstance(paused, RunPaused)
    assert (paused.step, paused.until) == ("wait", AT + timedelta(seconds=60))


@pytest.mark.parametrize(("seconds", "events"), [(0, []), (59, []), (60, ["RunCompleted"]), (3600, ["RunCompleted"])])
def test_a_paused_run_goes_on_when_its_delay_is_over_and_not_before(seconds: int, events: list[str]) -> None:
    paused = after([WAIT], proceed())
    assert names(decide([WAIT], paused, proceed(at=AT + timedelta(seconds=seconds)))) == events


def test_a_delay_may_last_until_a_moment_of_the_data() -> None:
    until: dict[str, Json] = {"data": {"at": (AT + timedelta(days=2)).isoformat()}}
    step = attrs.evolve(WAIT, settings={"until_path": "data.at"})
    (paused,) = decide([step], run(), proceed(context=until))
    assert isinstance(paused, RunPaused)
    assert paused.until == AT + timedelta(days=2)


def test_a_moment_in_the_past_is_no_delay() -> None:
    step = attrs.evolve(WAIT, settings={"until_path": "data.at"})
    past: dict[str, Json] = {"data": {"at": "2020-01-01"}}
    assert names(decide([step], run(), proceed(context=past))) == ["RunPaused", "RunCompleted"]


@pytest.mark.parametrize("data", [{}, {"at": "soon"}, {"at": None}, {"at": "2028-01-01"}])
def test_a_delay_until_no_moment_or_a_far_one_is_a_dead_letter(data: dict[str, Json]) -> None:
    step = attrs.evolve(WAIT, settings={"until_path": "data.at"})
    (failed,) = decide([step], run(), proceed(context={"data": data}))
    assert isinstance(failed, runs.RunFailed)
    assert (failed.step, failed.code) == ("wait", "delay_unresolved")


def test_a_step_whose_conditions_do_not_hold_is_skipped() -> None:
    steps = [attrs.evolve(TELL, conditions=NEVER), attrs.evolve(WAIT, conditions=NEVER), WRITE]
    events = decide(steps, run(), proceed())
    assert names(events) == ["StepSkipped", "StepSkipped"]
    assert running.next_delivery(run(*events), Definition(steps=tuple(steps))) == WRITE


def test_a_workflow_whose_conditions_do_not_hold_delivers_nothing() -> None:
    (skipped, completed) = running.decide(run(), Definition(steps=(TELL,), conditions=NEVER), proceed())
    assert isinstance(skipped, runs.StepSkipped)
    assert skipped.step is None
    assert isinstance(completed, runs.RunCompleted)


def test_conditions_of_a_workflow_count_at_its_beginning_only() -> None:
    begun = after([WAIT, TELL], proceed())
    later = proceed(at=AT + timedelta(seconds=60))
    assert running.decide(begun, Definition(steps=(WAIT, TELL), conditions=NEVER), later) == ()


def test_what_is_prepared_is_kept_with_the_id_of_the_delivery() -> None:
    (prepared,) = decide([TELL], run(), PREPARE)
    assert isinstance(prepared, runs.DeliveryPrepared)
    assert prepared.delivery_id == run_ids.of_delivery(RUN_ID, "tell")
    assert (prepared.step, prepared.type, prepared.content) == ("tell", "webhook", PREPARE.content)


def test_a_delivery_prepared_twice_stays_as_it_was_the_first_time() -> None:
    assert decide([TELL], after([TELL], PREPARE), attrs.evolve(PREPARE, content={"url": "https://b.example"})) == ()


def test_nothing_is_prepared_for_a_delay() -> None:
    assert decide([WAIT], run(), PREPARE) == ()


def test_an_attempt_that_is_delivered_leads_to_the_next_step() -> None:
    state = after([TELL, WRITE], PREPARE, tried(DELIVERED))
    assert (state.done, state.prepared, state.status) == (1, None, "processing")
    assert names(decide([TELL], after([TELL], PREPARE, tried(DELIVERED)), proceed())) == ["RunCompleted"]


def test_what_came_of_an_attempt_is_on_record() -> None:
    (attempted,) = decide([TELL], after([TELL], PREPARE), tried(DELIVERED))
    assert attempted == attrs.evolve(
        examples.DELIVERY_ATTEMPTED,
        step="tell",
        delivery_id=run_ids.of_delivery(RUN_ID, "tell"),
        request_id="req-1",
        target=PREPARE.target,
        outcome="delivered",
        status=200,
        code="answered",
        message="ok",
        milliseconds=5,
        answer="ok\N{REPLACEMENT CHARACTER}",
        retry_at=None,
    )


def test_an_attempt_recorded_twice_is_recorded_once() -> None:
    assert decide([TELL], after([TELL], PREPARE, tried(FAILED)), tried(FAILED)) == ()
    assert decide([TELL], after([TELL], PREPARE, tried(DELIVERED)), tried(DELIVERED)) == ()


def test_a_failed_attempt_is_tried_again_later() -> None:
    (attempted,) = decide([TELL], after([TELL], PREPARE), tried(FAILED, jitter=1.0))
    assert isinstance(attempted, runs.DeliveryAttempted)
    assert attempted.retry_at == AT + timedelta(seconds=5)
    assert run(examples.DELIVERY_PREPARED, attempted).due_at == attempted.retry_at


def test_retry_after_is_honoured() -> None:
    asked = attrs.evolve(FAILED, status=429, retry_after=120.0)
    (attempted,) = decide([TELL], after([TELL], PREPARE), tried(asked, jitter=0.0))
    assert isinstance(attempted, runs.DeliveryAttempted)
    assert attempted.retry_at == AT + timedelta(seconds=120)


def test_a_refused_attempt_makes_a_dead_letter() -> None:
    _, failed = decide([TELL], after([TELL], PREPARE), tried(REFUSED))
    assert isinstance(failed, runs.RunFailed)
    assert (failed.step, failed.code, failed.message) == ("tell", "gone", "gone")


def test_so_does_the_last_of_many_failed_ones() -> None:
    state = after([TELL], PREPARE, *(tried(FAILED, f"req-{number}") for number in range(15)))
    assert state.open
    assert names(decide([TELL], state, tried(FAILED))) == ["DeliveryAttempted", "RunFailed"]


def test_what_cannot_be_prepared_makes_a_dead_letter_once() -> None:
    give_up = Fail(code="content_invalid", message="too long", at=AT)
    (failed,) = decide([TELL], run(), give_up)
    assert isinstance(failed, runs.RunFailed)
    assert (failed.step, failed.code) == ("tell", "content_invalid")
    assert decide([TELL], run(failed), give_up) == ()


CANCEL = Cancel(webhook_id="9", at=AT)


@pytest.mark.parametrize("commands", [[], [proceed()], [PREPARE], [PREPARE, tried(FAILED)]])
def test_an_open_run_is_cancelled_and_delivers_no_more(commands: list[Command]) -> None:
    state = after([TELL], *commands)
    (cancelled,) = decide([TELL], state, CANCEL)
    assert isinstance(cancelled, runs.RunCancelled)
    ended = runs.evolve(state, cancelled)
    assert ended is not None
    for command in (proceed(), PREPARE, tried(DELIVERED, "other"), CANCEL, Retry(at=AT)):
        assert decide([TELL], ended, command) == ()
    assert running.next_delivery(ended, Definition(steps=(TELL,))) is None


def test_a_run_that_has_ended_is_not_cancelled() -> None:
    assert decide([], after([], proceed()), CANCEL) == ()
    assert decide([TELL], after([TELL], PREPARE, tried(REFUSED)), CANCEL) == ()


def test_a_dead_letter_goes_on_with_what_was_prepared_and_under_the_same_id() -> None:
    state = after([TELL], PREPARE, tried(REFUSED), Retry(at=examples.LATER))
    assert (state.status, state.attempts, state.numbered, state.due_at) == ("queued", 0, 1, examples.LATER)
    assert state.prepared is not None
    assert state.prepared.delivery_id == run_ids.of_delivery(RUN_ID, "tell")
    (attempted,) = decide([TELL], state, tried(DELIVERED, "req-2"))
    assert isinstance(attempted, runs.DeliveryAttempted)
    assert attempted.attempt == 2


def test_a_dead_letter_that_is_refreshed_is_filled_in_anew_under_the_same_id() -> None:
    state = after([TELL], PREPARE, tried(REFUSED), Retry(refresh=True, at=AT))
    content: dict[str, Json] = {"url": "https://b.example", "body": {}}
    (prepared,) = decide([TELL], state, attrs.evolve(PREPARE, content=content))
    assert isinstance(prepared, runs.DeliveryPrepared)
    assert (prepared.content, prepared.delivery_id) == (content, run_ids.of_delivery(RUN_ID, "tell"))


@pytest.mark.parametrize("commands", [[], [PREPARE], [PREPARE, tried(DELIVERED), proceed()]])
def test_only_a_dead_letter_is_retried(commands: list[Command]) -> None:
    assert decide([TELL], after([TELL], *commands), Retry(at=AT)) == ()


def test_a_dead_letter_retried_twice_is_retried_once() -> None:
    state = after([TELL], PREPARE, tried(REFUSED), Retry(at=AT))
    assert decide([TELL], state, Retry(at=AT)) == ()


TIMES = st.integers(0, 100_000).map(lambda seconds: AT + timedelta(seconds=seconds))
COMMANDS = st.one_of(
    st.builds(Proceed, context=st.just({}), at=TIMES),
    st.builds(Prepare, target=st.just("t"), content=st.just({"url": "u", "body": {}}), at=TIMES),
    st.builds(
        RecordAttempt,
        request_id=st.sampled_from(["a", "b", "c", "d"]),
        attempt=st.sampled_from([DELIVERED, FAILED, REFUSED]),
        jitter=st.floats(0, 1),
        at=TIMES,
        ended_at=TIMES,
    ),
    st.builds(Fail, code=st.just("x"), message=st.just("x"), at=TIMES),
    st.builds(Cancel, webhook_id=st.just("9"), at=TIMES),
    st.builds(Retry, refresh=st.booleans(), at=TIMES),
)
STEPS = st.lists(
    st.sampled_from([WAIT, TELL, WRITE, attrs.evolve(TELL, conditions=NEVER)]).flatmap(
        lambda step: st.sampled_from([f"s{number}" for number in range(9)]).map(lambda ref: attrs.evolve(step, ref=ref))
    ),
    max_size=5,
    unique_by=lambda step: step.ref,
)


@given(STEPS, st.lists(COMMANDS, max_size=25))
def test_whatever_is_asked_of_a_run_it_keeps_its_order(steps: list[Step], commands: list[Command]) -> None:
    """Against a plain model: how often each step was delivered, and that an end is an end."""
    definition, state, log = Definition(steps=tuple(steps)), run(), list[Any]()
    for command in commands:
        before = state
        events = running.decide(state, definition, command)
        for event in events:
            state = runs.evolve(state, event) or state
        log += events
        if before.status in ("completed", "cancelled"):
            assert events == ()
        if isinstance(command, Prepare | Cancel | Fail | Retry) or (isinstance(command, RecordAttempt) and events):
            assert running.decide(state, definition, command) == ()
    delivered = [each.step for each in log if isinstance(each, runs.DeliveryAttempted) and each.outcome == "delivered"]
    assert delivered == [step.ref for step in steps if step.ref in delivered]
    ended = [each for each in log if isinstance(each, runs.RunCompleted | runs.RunCancelled)]
    assert len(ended) <= 1
    if state.status == "completed":
        passed = {each.step for each in log if isinstance(each, runs.StepSkipped | RunPaused)} | set(delivered)
        assert passed == {step.ref for step in steps}
    sent = [each for each in log if isinstance(each, runs.DeliveryAttempted)]
    assert all(each.delivery_id == run_ids.of_delivery(RUN_ID, each.step) for each in sent)
