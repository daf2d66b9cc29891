"""What the worker knows while it goes through a batch: looked up once, then kept up to date decision by decision."""

from collections.abc import Mapping, Sequence

import attrs

from application.records import Recorded
from domain import directory, idempotency, runs, webhooks, workflows
from domain.actions.outcomes import KnownWorkflow, OpenRun, Reference, SchemaCheck
from domain.audiences import AudienceDefined
from domain.evaluation import Plan, Preceding
from domain.idempotency import Precedent, Scope

Known = tuple[str, Reference]
"""An environment and a reference within it."""


class WorkingMemory:
    """Mutable on purpose, and short-lived: it sees one batch and is thrown away."""

    def __init__(
        self,
        facts: Mapping[Known, object],
        precedents: Mapping[Scope, Precedent],
        *,
        check_schema: SchemaCheck,
        asked: bool = True,
    ) -> None:
        """`asked` is whether any plan of the batch asks for a fact; if none does, none needs to be noted."""
        self._facts, self._precedents, self._asked = dict(facts), dict(precedents), asked
        self._check_schema = check_schema

    def preceding(self, plan: Plan) -> Preceding:
        """What came before this one webhook, as far as its plan asks."""
        environment = plan.webhook.received.environment
        known = self._facts
        return Preceding(
            precedent=self._precedents.get(plan.scope) if plan.scope else None,
            facts={
                reference: self._checking(known[environment, reference])
                for reference in plan.references
                if (environment, reference) in known
            },
        )

    def _checking(self, fact: object) -> object:
        """A workflow with a schema knows how to compare data with it; every other fact is as it is."""
        if isinstance(fact, KnownWorkflow) and fact.schema is not None:
            return attrs.evolve(fact, check=self._check_schema)
        return fact

    def workflow(self, environment: str, key: str) -> KnownWorkflow:
        """What is known of a workflow that has just been triggered."""
        known = self._facts[environment, ("workflow", key)]
        assert isinstance(known, KnownWorkflow)
        return known

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
        self._note_cancelled(runs.cancelled_by(action))

    def note_run(self, started: runs.RunStarted) -> None:
        """Keep the open runs of each cancellation key."""
        if started.cancellation_key:
            key: Known = started.environment, ("runs", started.workflow, started.cancellation_key)
            self._facts[key] = (*self._open(key), OpenRun(id=started.run_id, recipient=started.recipient))

    def _note_cancelled(self, cancelled: Sequence[str]) -> None:
        for key in [known for known in self._facts if known[1][0] == "runs"] if cancelled else ():
            self._facts[key] = tuple(run for run in self._open(key) if run.id not in cancelled)

    def _open(self, key: Known) -> tuple[OpenRun, ...]:
        found = self._facts.get(key, ())
        assert isinstance(found, tuple)
        return found

    def note_edit(self, recorded: Recorded) -> None:
        """Keep what edits say about workflows and audiences."""
        event = recorded.event
        match event:
            case _ if isinstance(event, workflows.Event):
                key: Known = event.environment, ("workflow", event.key)
                before = self._facts.get(key)
                assert before is None or isinstance(before, KnownWorkflow)
                after = workflows.known_after(before, event, recorded.version)
                if after is not None:
                    self._facts[key] = after
            case AudienceDefined():
                self._facts[event.environment, ("audience", event.key)] = True
            case _:
                pass  # other edits reach the worker through the version that a webhook pins
