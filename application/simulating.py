"""What a configuration would have made of webhooks: the same evaluation, at the same place in the log, without effects.

What lies outside of the slice stands as it was recorded; what lies inside is as simulated so far. Nothing here can
append an event or carry anything out: it is given neither a store nor an executor.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from application.passages import Member, Passage, Result
from application.pipeline import ConfigurationOf
from application.ports import BodyParser
from application.readmitting import Readmitting, Refusal, Unknowable
from application.recollecting import Recollection
from application.records import Recorded
from domain import differences, evaluation, runs, webhooks
from domain.configurations import Configuration
from domain.differences import Change, Standing
from domain.webhooks import (
    ActionExecuted,
    Decision,
    EvaluationFailed,
    EvaluationRequested,
    Pin,
    WebhookProcessed,
    WebhookReceived,
    WebhookRejected,
    WebhookReleased,
)

ERASED = "payload_erased"
KEEPERS = frozenset({"users_identify", "objects_set", "tenants_set"})
"""Actions that need to know nothing of what they act on."""


@attrs.define
class _Course:
    """What became of a webhook, evaluation by evaluation; how it stands is worked out only for whoever asks."""

    verification_status: str | None
    evaluations: list[Sequence[Decision]] = attrs.field(factory=list)

    @property
    def standing(self) -> Standing:
        """How the webhook stands after all of them."""
        return functools.reduce(differences.after, self.evaluations, differences.standing(self.verification_status, ()))

    def same(self, other: "_Course") -> bool:
        """Whether both are the same decision by decision, which most are; if not, it takes a closer look."""
        alike = self.verification_status == other.verification_status and len(self.evaluations) == len(
            other.evaluations
        )
        return alike and all(map(differences.identical, self.evaluations, other.evaluations))


@attrs.define(kw_only=True)
class _Held:
    """A webhook of the slice from its receipt until its last evaluation."""

    member: Member
    receipt: webhooks.Receipt
    recorded: _Course
    simulated: _Course
    own: Pin
    admitted: WebhookReceived | None = None
    requested: EvaluationRequested | None = None


@attrs.frozen(kw_only=True)
class Means:
    """What a simulation works with. None of it changes anything."""

    parse: BodyParser
    readmitting: Readmitting
    configuration_of: ConfigurationOf


class Simulation:
    """One pass over the log. `pin` None stands for each webhook's own; `mappings`, if any, are all that counts."""

    def __init__(
        self, *, means: Means, recollection: Recollection, pin: Pin | None, mappings: Sequence[str] = ()
    ) -> None:
        self._means, self._recollection, self._pin, self._mappings = means, recollection, pin, frozenset(mappings)
        self._expected: dict[str, Member] = {}
        self._held: dict[str, _Held] = {}
        self._finished: dict[str, int] = {}

    def expect(self, members: Mapping[str, Member]) -> None:
        """Let it know, by their streams, the webhooks of the slice that are about to come."""
        self._expected.update(members)

    def take(self, passage: Passage) -> Iterator[Result]:
        """Go on by one passage."""
        held = self._held.get(passage.stream)
        if passage.unreadable is not None:
            yield from self._unreadable(passage)
        elif passage.recorded is not None and passage.recorded.erased:
            yield from self._erased(passage.recorded)
        elif passage.recorded is not None:
            yield from self._read(passage.recorded, passage.recorded.event)
        elif held is not None:
            yield from self._evaluated(held, passage)
        else:
            self._recollection.note_recorded(webhooks.id_of(passage.stream), _events(passage))

    def rest(self) -> Iterator[Result]:
        """What is left at the end: webhooks whose evaluations cannot be found."""
        for member in (*self._expected.values(), *[held.member for held in self._held.values()]):
            yield from self._given_up(member, "not_on_record", "its evaluation is not on record")

    def _erased(self, recorded: Recorded) -> Iterator[Result]:
        """What is erased tells nothing any more, neither of itself nor of what it left for others."""
        if recorded.stream in self._expected:
            yield from self._given_up(self._expected[recorded.stream], ERASED, "what was received was erased")

    def _read(self, recorded: Recorded, event: object) -> Iterator[Result]:
        held = self._held.get(recorded.stream)
        match event:
            case WebhookReceived() | WebhookRejected() if recorded.stream in self._expected:
                yield from self._hold(recorded.stream, self._expected.pop(recorded.stream), event)
            case WebhookReleased() if held is not None and isinstance(held.receipt, WebhookRejected):
                if self._pin is None:
                    held.admitted, held.own = webhooks.admitted(held.receipt, event), event.pin
                held.recorded.verification_status = event.verification_status
            case EvaluationRequested() if held is not None:
                held.requested = event
            case _ if isinstance(event, runs.Event):
                if not self._simulated(event):
                    self._recollection.note_run(event)
            case _:
                self._recollection.note_edit(recorded)

    def _simulated(self, event: runs.Event) -> bool:
        """Whether a run began, or was cancelled, by a webhook of the slice: then the simulation knows better."""
        if not isinstance(event, runs.RunStarted | runs.RunCancelled):
            return False
        ours = event.webhook_id in self._finished or webhooks.stream(event.webhook_id) in self._held
        last = self._finished.get(event.webhook_id)
        return ours and (last is None or not isinstance(event, runs.RunStarted) or event.evaluation <= last)

    def _hold(self, stream: str, member: Member, receipt: webhooks.Receipt) -> Iterator[Result]:
        status = receipt.verification_status
        held = _Held(
            member=member,
            receipt=receipt,
            recorded=_Course(status),
            simulated=_Course(status),
            own=webhooks.pin_of([receipt]),
        )
        self._held[stream] = held
        if isinstance(receipt, WebhookReceived):
            return
        if self._pin is not None:
            judged = self._means.readmitting.readmit(receipt, self._target(held))
            if isinstance(judged, Unknowable):
                yield from self._given_up(member, judged.reason, judged.message)
                return
            if isinstance(judged, WebhookReceived):
                held.admitted = judged
                self._simulate(held, ())  # it was parsed when it was judged, so that nothing of it breaks here
        if member.evaluations == 0:
            yield from self._finish(held)

    def _evaluated(self, held: _Held, passage: Passage) -> Iterator[Result]:
        decisions = _events(passage)
        number = _number(decisions)
        if number > held.member.evaluations:
            self._recollection.note_recorded(held.member.webhook_id, decisions)
            return
        held.recorded.evaluations.append(decisions)
        if held.member.known and not held.member.changed:
            self._recollection.note_recorded(held.member.webhook_id, decisions)
        else:
            self._attempt(held, decisions, number)
        if number == held.member.evaluations:
            yield from self._finish(held)

    def _attempt(self, held: _Held, recorded: Sequence[Decision], number: int) -> None:
        try:
            if number > 1:
                self._simulate_again(held, recorded)
            else:
                self._simulate_first(held, recorded)
        except Exception as error:  # noqa: BLE001 -- what breaks an evaluation is a result like any other
            broken = _broken(recorded, f"{type(error).__name__}: {error}")
            held.simulated.evaluations.append(broken)

    def _simulate_first(self, held: _Held, recorded: Sequence[Decision]) -> None:
        receipt = held.receipt
        if isinstance(receipt, WebhookRejected):
            if held.admitted is not None and self._pin is None:
                self._simulate(held, recorded)
            return
        target, before = self._target(held), self._means.configuration_of(receipt.source, held.own)
        judged = receipt if target is before else self._means.readmitting.revised(receipt, target, before)
        if isinstance(judged, WebhookReceived):
            held.admitted = judged
            self._simulate(held, recorded)
        elif isinstance(judged, Refusal):
            held.simulated.verification_status = judged.verification_status

    def _simulate_again(self, held: _Held, recorded: Sequence[Decision]) -> None:
        """A later evaluation: of what it was about, all that the simulation has not carried out yet."""
        asked, executed = held.requested, _executed(held.simulated.standing)
        if held.admitted is None or asked is None:
            return
        executed = [] if asked.force else executed
        wanted = asked.mappings
        if wanted is not None and self._pin is not None:
            # Where each is evaluated as it was, what was altered ran again, though an earlier evaluation had run it.
            wanted = tuple(each for each in wanted if each not in executed)
        again = webhooks.Again(mappings=wanted, done=tuple(executed), failed=(), at=asked.requested_at)
        if wanted != ():
            self._simulate(held, recorded, number=asked.evaluation, again=again)

    def _simulate(
        self,
        held: _Held,
        recorded: Sequence[Decision],
        *,
        number: int = 1,
        again: webhooks.Again | None = None,
    ) -> None:
        admitted = held.admitted
        assert admitted is not None
        target = self._target(held, held.requested if number > 1 else None)
        body = self._means.parse(admitted.body, admitted.headers.get("content-type", ""))
        webhook = webhooks.Webhook(
            id=held.member.webhook_id, received=admitted, body=body, evaluation=number, again=again
        )
        plan = evaluation.plan(webhook, target)
        if number > 1 and not plan.steps:
            return
        decisions = evaluation.conclude(plan, self._recollection.preceding(plan, recorded))
        self._recollection.note_simulated(plan, decisions)
        held.simulated.verification_status = admitted.verification_status
        held.simulated.evaluations.append(decisions)

    def _target(self, held: _Held, requested: EvaluationRequested | None = None) -> Configuration:
        own = requested.pin if requested else held.own
        return self._means.configuration_of(held.receipt.source, self._pin or own)

    def _finish(self, held: _Held) -> Iterator[Result]:
        self._held.pop(webhooks.stream(held.member.webhook_id), None)
        self._finished[held.member.webhook_id] = held.member.evaluations
        if held.member.known:
            return
        if held.recorded.same(held.simulated):
            yield self._unchanged(held)
            return
        recorded, simulated = held.recorded.standing, held.simulated.standing
        changes = differences.compare(recorded, simulated)
        if self._mappings:
            changes = tuple(each for each in changes if each.mapping_id in self._mappings)
        due, carried = differences.due(changes), tuple(_executed(simulated))
        yield Result(
            webhook_id=held.member.webhook_id,
            changes=changes,
            due=due,
            carried=tuple(each for each in carried if not self._mappings or each in self._mappings),
            releases=recorded.outcome == "rejected" != simulated.outcome,
        )

    def _unchanged(self, held: _Held) -> Result:
        done = (each for decisions in held.simulated.evaluations for each in decisions)
        carried = (each.mapping_id for each in done if isinstance(each, ActionExecuted))
        wanted = (each for each in carried if not self._mappings or each in self._mappings)
        return Result(webhook_id=held.member.webhook_id, changes=(), carried=tuple(dict.fromkeys(wanted)))

    def _unreadable(self, passage: Passage) -> Iterator[Result]:
        held = self._held.get(passage.stream)
        member = held.member if held else self._expected.get(passage.stream)
        if member is not None:
            yield from self._given_up(member, "unreadable", passage.unreadable or "")

    def _given_up(self, member: Member, reason: str, message: str) -> Iterator[Result]:
        stream = webhooks.stream(member.webhook_id)
        self._held.pop(stream, None)
        self._expected.pop(stream, None)
        if not member.known:
            change = Change(kind="not_evaluable", after={"reason": reason, "message": message})
            yield Result(webhook_id=member.webhook_id, changes=(change,))


def asks_for_facts(configuration: Configuration) -> bool:
    """Whether evaluations under a configuration may depend on more than the webhook and its precedent."""
    return any(each.action_type not in KEEPERS or each.only_newer for each in configuration.mappings)


def _events(passage: Passage) -> tuple[Decision, ...]:
    """The decisions; of erased ones only those that say something still."""
    kept = (each.event for each in passage.decisions if not (each.erased and isinstance(each.event, ActionExecuted)))
    return tuple(kept)  # type: ignore[arg-type]


def _number(decisions: Iterable[Decision]) -> int:
    return next((each.evaluation for each in decisions if isinstance(each, WebhookProcessed)), 1)


def _executed(stands: Standing) -> list[str]:
    return [name for name, outcome in stands.actions.items() if isinstance(outcome, ActionExecuted)]


def _broken(recorded: Sequence[Decision], error: str) -> tuple[Decision, ...]:
    processed = recorded[-1]
    assert isinstance(processed, WebhookProcessed)
    failed = attrs.evolve(processed, event_type=None, outcome="failed", actions_count=0)
    return (EvaluationFailed(evaluation=processed.evaluation, error=error), failed)
