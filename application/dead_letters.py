"""Dead letters: runs and forwards that failed, retried singly or many at once, by those who look after a gateway."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import attrs

from application.disabled_targets import DisabledTargets
from application.errors import Conflict, PayloadErased
from application.ports import Agenda, Clock, EventStore
from application.queries import ForwardFilter, Forwards, PageRequest, RunFilter, Runs
from application.records import Attribution, Change
from domain import disabled_targets, errors, forwards, running, runs
from domain.forwards import Forward
from domain.runs import Run
from domain.workflows import Definition

ATTEMPTS = 5
AT_ONCE = 1_000
"""How many dead letters one call retries."""

S = TypeVar("S", Run, Forward)


class NoDeadLetter(errors.Refused):
    """The run or the forward has not failed, so there is nothing to retry."""


class StillDisabled(errors.Refused):
    """The target of the dead letter is disabled, so that retrying it would send nothing."""


@attrs.frozen
class Left:
    """A dead letter that was not retried, and why."""

    run_id: str
    message: str


@attrs.frozen(kw_only=True)
class Retried:
    """How many dead letters go on, which were left, and whether there are more that the filter matches."""

    count: int
    left: tuple[Left, ...]
    more: bool


@attrs.frozen(kw_only=True)
class DeadLetters:
    """The use cases. `refresh` fills in anew what is delivered, under the same idempotency key."""

    store: EventStore
    agenda: Agenda
    disabled_targets: DisabledTargets
    runs: Runs
    forwards: Forwards
    clock: Clock

    def retry(self, run_id: str, *, refresh: bool, actor: str) -> None:
        """Let a dead letter go on. One that goes on already stays as it is.

        Raises NoDeadLetter for other runs, StillDisabled for one that could not be sent.
        """
        run = self._retry_run(run_id, refresh, actor)
        if run.status in ("completed", "cancelled"):
            raise NoDeadLetter(f"run {run_id!r} is {run.status}; only failed runs can be retried", field="id")

    def retry_all(self, environment: str, wanted: RunFilter, *, refresh: bool, actor: str) -> Retried:
        """Let the dead letters that the filter matches go on, oldest last, looking at 1,000 of them at most."""
        looked_at, left, page = 0, list[Left](), PageRequest()
        wanted = attrs.evolve(wanted, statuses=("failed",))
        while True:
            found = self.runs.runs(environment, wanted, page)
            for entry in found.entries:
                try:
                    self._retry_run(str(entry["id"]), refresh, actor)
                except (StillDisabled, PayloadErased) as problem:
                    left.append(Left(str(entry["id"]), str(problem)))
            looked_at += len(found.entries)
            if found.after is None or looked_at >= AT_ONCE:
                return Retried(count=looked_at - len(left), left=tuple(left), more=found.after is not None)
            page = PageRequest(after=found.after)

    def retry_forward(self, forward_id: str, *, actor: str) -> None:
        """As `retry`, of a forward. Raises PayloadErased where nothing is left to send."""
        forward = self._retry_forward(forward_id, actor)
        if forward.status in ("completed", "cancelled"):
            message = f"forward {forward_id!r} is {forward.status}; only failed ones can be retried"
            raise NoDeadLetter(message, field="id")

    def retry_forwards(self, environment: str, wanted: ForwardFilter, *, actor: str) -> Retried:
        """As `retry_all`, of forwards, oldest first: what happened first is carried out first."""
        found, left = self.forwards.failed(environment, wanted, limit=AT_ONCE + 1), list[Left]()
        for forward_id in found[:AT_ONCE]:
            try:
                self._retry_forward(forward_id, actor)
            except PayloadErased as problem:
                left.append(Left(forward_id, str(problem)))
        return Retried(count=len(found[:AT_ONCE]) - len(left), left=tuple(left), more=len(found) > AT_ONCE)

    def _retry_run(self, run_id: str, refresh: bool, actor: str) -> Run:
        def decide(run: Run) -> Sequence[object]:
            if not refresh:
                self._require_enabled(run)
            return running.decide(run, Definition(), running.Retry(refresh=refresh, at=self.clock()))

        return self._retry(runs.stream(run_id), runs.folded, decide, actor)

    def _retry_forward(self, forward_id: str, actor: str) -> Forward:
        def decide(forward: Forward) -> Sequence[object]:
            return forwards.decide(forward, forwards.Retry(at=self.clock()))

        return self._retry(forwards.stream(forward_id), forwards.folded, decide, actor)

    def _retry(
        self,
        stream: str,
        folded: Callable[[Sequence[object]], S | None],
        decide: Callable[[S], Sequence[object]],
        actor: str,
    ) -> S:
        """The state as it was before; decided again when somebody else decided about it meanwhile."""
        for _ in range(1, ATTEMPTS):
            with suppress(Conflict):
                return self._retry_once(stream, folded, decide, actor)
        return self._retry_once(stream, folded, decide, actor)

    def _retry_once(
        self,
        stream: str,
        folded: Callable[[Sequence[object]], S | None],
        decide: Callable[[S], Sequence[object]],
        actor: str,
    ) -> S:
        history = self.store.history(stream)
        state = folded([each.event for each in history])
        assert state is not None
        if state.status == "failed" and history[0].erased:
            raise PayloadErased(f"{stream} was erased: nothing is left to send, and it cannot be retried")
        events = decide(state)
        if events:
            because = Attribution(actor=actor)
            self.agenda.record(Change(stream=stream, version=len(history), events=events, attribution=because))
        return state

    def _require_enabled(self, run: Run) -> None:
        """Raise StillDisabled for a dead letter that would be one again at once."""
        waiting = run.prepared if run.status == "failed" else None
        if waiting is not None and (disabled := self.disabled_targets.bars(waiting)) is not None:
            raise StillDisabled(f"{disabled_targets.reason(disabled)}, then retry the run", field="id")
