"""What was known at a place in the log: everything as it was recorded, but for what a replay has simulated instead.

It is fed the log from its beginning, in the order in which the worker took it in, and keeps what the worker would have
looked up. Slow to begin with and exact, whatever kinds of facts there are: the worker's own memory does the keeping.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from application.records import Recorded
from application.working_memory import WorkingMemory
from domain import idempotency, runs, triggering, webhooks
from domain.actions import workflows as workflow_actions
from domain.actions.outcomes import SchemaCheck
from domain.evaluation import Plan, Preceding
from domain.webhooks import ActionExecuted, Decision

ENDS = (runs.RunCompleted, runs.RunFailed, runs.RunCancelled)
MANY = 50_000
"""Precedents after which those that are too old to count are forgotten; and runs that ended of which is known still."""


class Recollection:
    """Mutable, like what it stands for. `keeps_facts` is whether any plan will ask for more than a precedent.

    `window` is the longest time, in seconds, for which any plan will take a delivery for a repetition.
    """

    def __init__(
        self, *, source: str, environment: str, check_schema: SchemaCheck, keeps_facts: bool, window: int
    ) -> None:
        self._source, self._environment, self._keeps_facts = source, environment, keeps_facts
        self._memory = WorkingMemory({}, {}, check_schema=check_schema)
        self._started: dict[str, runs.RunStarted] = {}
        self._ended: dict[str, runs.RunStarted] = {}
        self._kept, self._noted = timedelta(seconds=2 * window), 0

    def preceding(self, plan: Plan, recorded: Sequence[Decision]) -> Preceding:
        """What came before a webhook; `recorded` are the decisions on record, which tell what no event does."""
        for each in recorded if self._keeps_facts else ():
            if isinstance(each, ActionExecuted) and each.action_type == "workflows_cancel":
                self._believe(each)
        return self._memory.preceding(plan)

    def _believe(self, cancel: ActionExecuted) -> None:
        """Correct which runs were open: those that ended while the worker was deciding may have been so still, or not.

        A cancellation on record names every open run that it was about.
        """
        known = self._memory.open_runs(self._environment, workflow_actions.runs_of(cancel.payload))
        cancelled, wanted = triggering.cancelled_by(cancel), cancel.payload.get("recipients")
        about = [run for run in known if wanted is None or run.recipient in (wanted or ())]  # type: ignore[operator]
        for run in about:
            started = self._begun(run.id)
            if run.id not in cancelled and started is not None:
                self._memory.note_run_ended(started)
        for run_id in cancelled:
            started = self._begun(run_id)
            if started is not None and all(run.id != run_id for run in known):
                self._memory.note_runs((started,))

    def _begun(self, run_id: str) -> runs.RunStarted | None:
        return self._started.get(run_id) or self._ended.get(run_id)

    def note_simulated(self, plan: Plan, decisions: Sequence[Decision]) -> None:
        """Remember what a webhook of the slice would have left."""
        self._memory.note_decisions(plan, decisions)
        for each in decisions:
            if isinstance(each, ActionExecuted) and each.action_type == "workflows_trigger":
                self._note_begun(each, plan.webhook.id)
        self._tidy(plan.webhook.received.received_at)

    def note_recorded(self, webhook_id: str, decisions: Sequence[Decision]) -> None:
        """Remember what a webhook left, as it is on record."""
        processed = decisions[-1]
        assert isinstance(processed, webhooks.WebhookProcessed)
        if processed.environment != self._environment:
            return
        if processed.source == self._source:
            scope = idempotency.scope_of(decisions)
            if scope is not None:
                self._memory.note_precedent(scope, webhook_id, processed.received_at, decisions)
                self._tidy(processed.received_at)
        if self._keeps_facts:
            self._memory.note_effects(self._environment, decisions)

    def note_run(self, event: runs.Event) -> None:
        """Remember what became of a run that is on record."""
        if not self._keeps_facts or event.environment != self._environment:
            return
        if isinstance(event, runs.RunStarted):
            self._note_started(event)
        elif isinstance(event, ENDS) and event.run_id in self._started:
            self._note_ended(event)
        elif isinstance(event, runs.RunRetried) and event.run_id in self._started:
            self._memory.note_runs((self._started[event.run_id],))

    def _note_ended(self, event: runs.Event) -> None:
        self._memory.note_run_ended(self._started[event.run_id])
        if isinstance(event, runs.RunFailed):
            return  # somebody may retry it
        self._ended[event.run_id] = self._started.pop(event.run_id)
        if len(self._ended) > MANY:
            del self._ended[next(iter(self._ended))]

    def _note_begun(self, executed: ActionExecuted, webhook_id: str) -> None:
        workflow = self._memory.workflow(executed.environment, str(executed.payload["key"]))
        for begun in triggering.begun_by(executed, webhook_id) if workflow.steps else ():
            self._note_started(begun)

    def _note_started(self, started: runs.RunStarted) -> None:
        if started.cancellation_key:
            self._started[started.run_id] = started
            self._memory.note_runs((started,))

    def note_edit(self, recorded: Recorded) -> None:
        """Remember what an edit says, or what was put on record anew before its origin was erased."""
        self._memory.note_edit(recorded)

    def _tidy(self, at: datetime) -> None:
        self._noted += 1
        if self._noted % MANY == 0:
            self._memory.forget_precedents(before=at - self._kept)
