"""Dead letters: runs that failed, retried one by one or many at once, by those who look after a gateway."""

from contextlib import suppress

import attrs

from application.disabled_targets import DisabledTargets
from application.errors import Conflict
from application.ports import Agenda, Clock, EventStore
from application.queries import PageRequest, RunFilter, Runs
from application.records import Attribution, Change
from domain import disabled_targets, errors, running, runs
from domain.runs import Run
from domain.workflows import Definition

ATTEMPTS = 5
AT_ONCE = 1_000
"""How many dead letters one call retries."""


class NoDeadLetter(errors.Refused):
    """The run has not failed, so there is nothing to retry."""


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
    clock: Clock

    def retry(self, run_id: str, *, refresh: bool, actor: str) -> None:
        """Let a dead letter go on. One that goes on already stays as it is.

        Raises NoDeadLetter for other runs, StillDisabled for one that could not be sent.
        """
        run = self._retry(run_id, refresh, actor)
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
                    self._retry(str(entry["id"]), refresh, actor)
                except StillDisabled as problem:
                    left.append(Left(str(entry["id"]), str(problem)))
            looked_at += len(found.entries)
            if found.after is None or looked_at >= AT_ONCE:
                return Retried(count=looked_at - len(left), left=tuple(left), more=found.after is not None)
            page = PageRequest(after=found.after)

    def _retry(self, run_id: str, refresh: bool, actor: str) -> Run:
        """The run as it was before; decided again when somebody else decided about it meanwhile."""
        for _ in range(1, ATTEMPTS):
            with suppress(Conflict):
                return self._retry_once(run_id, refresh, actor)
        return self._retry_once(run_id, refresh, actor)

    def _retry_once(self, run_id: str, refresh: bool, actor: str) -> Run:
        stream = runs.stream(run_id)
        history = self.store.history(stream)
        run = runs.folded(each.event for each in history)
        assert run is not None
        if not refresh:
            self._require_enabled(run)
        events = running.decide(run, Definition(), running.Retry(refresh=refresh, at=self.clock()))
        if events:
            because = Attribution(actor=actor)
            self.agenda.record(Change(stream=stream, version=len(history), events=events, attribution=because))
        return run

    def _require_enabled(self, run: Run) -> None:
        """Raise StillDisabled for a dead letter that would be one again at once."""
        waiting = run.prepared if run.status == "failed" else None
        if waiting is not None and (disabled := self.disabled_targets.bars(waiting)) is not None:
            raise StillDisabled(f"{disabled_targets.reason(disabled)}, then retry the run", field="id")
