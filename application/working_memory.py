"""What the worker knows while it goes through a batch: looked up once, then kept up to date decision by decision."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from application.records import Recorded
from domain import (
    directory,
    forwarding,
    idempotency,
    recipients,
    restatements,
    runs,
    staleness,
    subscribers,
    webhooks,
    workflows,
)
from domain.actions import workflows as actions
from domain.actions.outcomes import KnownWorkflow, OpenRun, Reference, SchemaCheck
from domain.audiences import AudienceDefined
from domain.evaluation import Plan, Preceding
from domain.idempotency import Precedent, Scope
from domain.restatements import AudienceRestated, EntityRestated

FORWARDING: Reference = ("forwarding",)
"""Whether an environment forwards to a Knock account: no action asks for it, but whoever carries actions out."""

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
        self._facts: dict[str, dict[Reference, object]] = defaultdict(dict)
        for (environment, reference), fact in facts.items():
            self._facts[environment][reference] = fact
        self._precedents, self._asked, self._check_schema = dict(precedents), asked, check_schema

    @property
    def crowded(self) -> bool:
        """Whether subscribers were too many to be looked up for the whole batch."""
        return any(fact is subscribers.TOO_MANY for known in self._facts.values() for fact in known.values())

    def preceding(self, plan: Plan) -> Preceding:
        """What came before this one webhook, as far as its plan asks."""
        known = self._facts[plan.webhook.received.environment]
        return Preceding(
            precedent=self._precedents.get(plan.scope) if plan.scope else None,
            facts={
                reference: self._checking(known[reference])
                for reference in subscribers.needed(known, plan.references)
                if reference in known
            },
        )

    def _checking(self, fact: object) -> object:
        """A workflow with a schema knows how to compare data with it; every other fact is as it is."""
        if isinstance(fact, KnownWorkflow) and fact.schema is not None:
            return attrs.evolve(fact, check=self._check_schema)
        return fact

    def workflow(self, environment: str, key: str) -> KnownWorkflow:
        """What is known of a workflow that has just been triggered."""
        known = self._facts[environment]["workflow", key]
        assert isinstance(known, KnownWorkflow)
        return known

    def forwards(self, environment: str) -> bool:
        """Whether what is executed in an environment is to be carried out in a Knock account too."""
        return FORWARDING in self._facts[environment]

    def note_decisions(self, plan: Plan, decisions: Sequence[webhooks.Decision]) -> None:
        """Remember what a webhook leaves behind for those after it."""
        received = plan.webhook.received
        if plan.scope is not None:
            self.note_precedent(plan.scope, plan.webhook.id, received.received_at, decisions)
        if self._asked:
            self.note_effects(received.environment, decisions)

    def note_precedent(
        self, scope: Scope, webhook_id: str, received_at: datetime, decisions: Sequence[webhooks.Decision]
    ) -> None:
        """Remember what these decisions leave for later deliveries of the same key."""
        precedent = idempotency.precedent_of(webhook_id, received_at, decisions)
        if precedent is not None:
            self._precedents[scope] = precedent

    def note_effects(self, environment: str, decisions: Sequence[webhooks.Decision]) -> None:
        """Remember what these decisions change."""
        for decision in decisions:
            if isinstance(decision, webhooks.ActionExecuted):
                self._note_action(environment, decision)

    def _note_action(self, environment: str, action: webhooks.ActionExecuted) -> None:
        known = self._facts[environment]
        directory.note(known, directory.effects(action.action_type, action.payload, action.result))
        if action.occurred_at is not None:
            last = staleness.last_applied(action.action_type, action.payload)
            known[last] = staleness.later(known.get(last), action.occurred_at)
        if action.action_type == "workflows_cancel":
            actions.note_cancelled(known, action.payload, action.result)

    def note_runs(self, started: Sequence[runs.RunStarted]) -> None:
        """Keep the open runs of the cancellation key that one trigger gave them, if it did."""
        if started and started[0].cancellation_key:
            known = self._facts[started[0].environment]
            opened = (OpenRun(id=each.run_id, recipient=each.recipient) for each in started)
            actions.note_started(known, started[0].workflow, started[0].cancellation_key, opened)

    def note_run_ended(self, started: runs.RunStarted) -> None:
        """Keep in mind that a run is open no more."""
        key: Reference = ("runs", started.workflow, started.cancellation_key or "")
        opened = self.open_runs(started.environment, key)
        self._facts[started.environment][key] = tuple(run for run in opened if run.id != started.run_id)

    def open_runs(self, environment: str, reference: Reference) -> tuple[OpenRun, ...]:
        """The runs of a cancellation key that are open."""
        found = self._facts[environment].get(reference, ())
        assert isinstance(found, tuple)
        return found

    def forget_precedents(self, *, before: datetime) -> None:
        """Forget deliveries that are too old to count."""
        kept = {scope: each for scope, each in self._precedents.items() if each.received_at >= before}
        self._precedents = kept

    def _note_restated(self, event: restatements.Event) -> None:
        """Keep what is on record anew of an entity or an audience."""
        known = self._facts[event.environment]
        if isinstance(event, AudienceRestated):
            known["audience", event.key] = True
            return
        entity = restatements.reference_of(event)
        if event.described is None:
            known.pop(entity, None)
        else:
            known[entity] = True
        if event.applied_at is not None:
            known["applied", event.collection, event.id] = event.applied_at
        for each in event.following:
            subscribers.changed(known, recipients.entity(each.collection, each.id), joined=(entity,))
        followers = (recipients.entity(each.collection, each.id) for each in event.followers)
        subscribers.changed(known, entity, joined=followers)

    def note_edit(self, recorded: Recorded) -> None:
        """Keep what edits say about workflows, audiences and forwarding, and restatements about entities."""
        event = recorded.event
        match event:
            case _ if isinstance(event, workflows.Event):
                known = self._facts[event.environment]
                before = known.get(("workflow", event.key))
                assert before is None or isinstance(before, KnownWorkflow)
                after = workflows.known_after(before, event, recorded.version)
                if after is not None:
                    known["workflow", event.key] = after
            case AudienceDefined():
                self._facts[event.environment]["audience", event.key] = True
            case forwarding.ForwardingSet():
                self._facts[event.environment][FORWARDING] = True
            case forwarding.ForwardingRemoved():
                self._facts[event.environment].pop(FORWARDING, None)
            case EntityRestated() | AudienceRestated():
                self._note_restated(event)
            case _:
                pass  # other edits reach the worker through the version that a webhook pins
