"""What the worker knows while it goes through a batch: looked up once, then kept up to date decision by decision."""

from collections.abc import Mapping, Sequence

from domain import directory, idempotency, runs, webhooks, workflows
from domain.actions.outcomes import OpenRun, Reference
from domain.audiences import AudienceDefined
from domain.evaluation import Plan, Preceding
from domain.idempotency import Precedent, Scope

Known = tuple[str, Reference]
"""An environment and a reference within it."""


class WorkingMemory:
    """Mutable on purpose, and short-lived: it sees one batch and is thrown away."""

    def __init__(
        self, facts: Mapping[Known, object], precedents: Mapping[Scope, Precedent], *, asked: bool = True
    ) -> None:
        """`asked` is whether any plan of the batch asks for a fact; if none does, none needs to be noted."""
        self._facts, self._precedents, self._asked = dict(facts), dict(precedents), asked

    def preceding(self, plan: Plan) -> Preceding:
        """What came before this one webhook, as far as its plan asks."""
        environment = plan.webhook.received.environment
        known = self._facts
        return Preceding(
            precedent=self._precedents.get(plan.scope) if plan.scope else None,
            facts={
                reference: known[environment, reference]
                for reference in plan.references
                if (environment, reference) in known
            },
        )

    def note_decisions(self, plan: Plan, decisions: Sequence[webhooks.Decision]) -> None:
        """Remember what a webhook leaves behind for those after it."""
        if plan.scope is not None:
            precedent = idempotency.precedent_of(plan.webhook.id, plan.webhook.received.received_at, decisions)
            if precedent is not None:
                self._precedents[plan.scope] = precedent
        environment = plan.webhook.received.environment
        for decision in decisions if self._asked else ():
            if isinstance(decision, webhooks.ActionExecuted):
                self._note_action(environment, decision)

    def _note_action(self, environment: str, action: webhooks.ActionExecuted) -> None:
        for effect in directory.effects(action.action_type, action.payload, action.result):
            if isinstance(effect, directory.EntityMerged):
                self._facts[environment, effect.reference] = True
            elif isinstance(effect, directory.EntityRemoved):
                self._facts.pop((environment, effect.reference), None)
            elif isinstance(effect, directory.AudienceCreated):
                self._facts[environment, ("audience", effect.key)] = True

    def note_run(self, event: runs.Event) -> None:
        """Keep the open runs of each cancellation key."""
        if isinstance(event, runs.RunStarted) and event.cancellation_key:
            key: Known = event.environment, ("runs", event.workflow, event.cancellation_key)
            self._facts[key] = (*self._open(key), OpenRun(id=event.run_id, recipient=event.recipient))
        elif isinstance(event, runs.RunCancelled):
            for open_key in [known for known in self._facts if known[1][0] == "runs"]:
                self._facts[open_key] = tuple(run for run in self._open(open_key) if run.id != event.run_id)

    def _open(self, key: Known) -> tuple[OpenRun, ...]:
        found = self._facts.get(key, ())
        assert isinstance(found, tuple)
        return found

    def note_edit(self, event: object) -> None:
        """Keep what edits say about workflows and audiences."""
        match event:
            case workflows.WorkflowDefined():
                self._facts[event.environment, ("workflow", event.key)] = event.active
            case workflows.WorkflowActivated():
                self._facts[event.environment, ("workflow", event.key)] = True
            case workflows.WorkflowDeactivated():
                self._facts[event.environment, ("workflow", event.key)] = False
            case AudienceDefined():
                self._facts[event.environment, ("audience", event.key)] = True
            case _:
                pass  # other edits reach the worker through the version that a webhook pins
