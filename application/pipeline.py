"""The worker's round: read what waits in the log, decide about each, and settle everything in one transaction.

Whatever happens between two rounds, and whenever a process dies, a round is either wholly on record or not at all.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import attrs

from application.errors import Conflict, Unavailable
from application.ports import BodyParser, Inbox
from application.records import Attribution, Change, Recorded
from application.working_memory import FORWARDING, WorkingMemory
from domain import evaluation, forwards, running, runs, triggering, webhooks
from domain.actions.outcomes import SchemaCheck
from domain.configurations import Configuration
from domain.evaluation import Plan
from domain.webhooks import (
    ActionExecuted,
    Decision,
    EvaluationFailed,
    EvaluationRequested,
    Occasion,
    Pin,
    Webhook,
    WebhookProcessed,
    WebhookReceived,
    WebhookReleased,
)

PAGE = 500
MOST_CHANGES = 10_000
"""Streams that one transaction writes to, but for what a single webhook leads to: triggers may start many runs."""

ACTOR = "worker"

ConfigurationAt = Callable[[str, str, int], Configuration]
"""The configuration of a source in an environment, as it stood at a version."""


ConfigurationOf = Callable[[str, Pin], Configuration]
"""The configuration of a source that a pin names."""

Histories = Callable[[Sequence[str]], Mapping[str, Sequence[Recorded]]]
"""Every event of some streams."""


@attrs.frozen(kw_only=True)
class Settled:
    """An event from the inbox, with what it led to."""

    recorded: Recorded
    changes: tuple[Change, ...] = ()


@attrs.frozen(kw_only=True)
class Pipeline:
    """Takes webhooks from the inbox through evaluation, exactly once each."""

    inbox: Inbox
    configuration_at: ConfigurationAt
    configuration_of: ConfigurationOf
    histories: Histories
    parse: BodyParser
    check_schema: SchemaCheck
    page: int = PAGE
    most_changes: int = MOST_CHANGES

    def run_once(self) -> int:
        """One round; the number of events settled or parked, 0 when nothing was waiting."""
        waiting = self.inbox.waiting(self.page)
        if waiting:
            self._settle(waiting)
        return len(waiting)

    def _settle(self, waiting: Sequence[Recorded]) -> None:
        """Settle all, in portions; when that breaks, halve until what breaks it stands alone, and put that aside."""
        try:
            while waiting:
                portion = self._decide(waiting)
                self.inbox.settle(portion)
                waiting = waiting[len(portion) :]
        except (Unavailable, Conflict):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, those behind it must go on
            if len(waiting) == 1:
                self._put_aside(waiting[0], error)
                return
            middle = len(waiting) // 2
            self._settle(waiting[:middle])
            self._settle(waiting[middle:])

    def _put_aside(self, recorded: Recorded, error: Exception) -> None:
        """Settle a webhook as failed; park an edit, and a webhook whose failure cannot be settled either."""
        words = f"{type(error).__name__}: {error}"
        if not (isinstance(recorded.event, Occasion) and self._settled_as_failed(recorded, recorded.event, words)):
            self.inbox.park(recorded, words)

    def _settled_as_failed(self, recorded: Recorded, occasion: Occasion, error: str) -> bool:
        try:
            broken = EvaluationFailed(evaluation=_number(occasion), error=error)
            self.inbox.settle([Settled(recorded=recorded, changes=(_failed(recorded, occasion, broken),))])
        except (Unavailable, Conflict):
            raise
        except Exception:  # noqa: BLE001 -- what broke it first is on record, and those behind it must go on
            return False
        return True

    def _decide(self, waiting: Sequence[Recorded]) -> list[Settled]:
        """Decide about the first of them, or as many as make one transaction."""
        plans = self._plans(waiting)
        memory = self._remember(plans.values())
        if memory.crowded and len(waiting) > 1:
            return self._decide(waiting[: len(waiting) // 2])
        settled: list[Settled] = []
        changes = 0
        while len(settled) < len(waiting) and changes < self.most_changes:
            recorded = waiting[len(settled)]
            plan = plans.get((recorded.stream, recorded.version))
            if plan is not None:
                settled.append(Settled(recorded=recorded, changes=_conclude(recorded, plan, memory)))
            elif isinstance(recorded.event, Occasion):
                settled.append(Settled(recorded=recorded, changes=(_erased(recorded, recorded.event),)))
            else:
                memory.note_edit(recorded)
                settled.append(Settled(recorded=recorded))
            changes += len(settled[-1].changes)
        return settled

    def _plans(self, waiting: Sequence[Recorded]) -> dict[tuple[str, int], Plan]:
        """The plans of all that is to be evaluated, by stream and version; of what was erased there is none."""
        older = [each.stream for each in waiting if isinstance(each.event, WebhookReleased | EvaluationRequested)]
        histories = self.histories(older) if older else {}
        plans: dict[tuple[str, int], Plan] = {}
        for recorded in waiting:
            history = histories.get(recorded.stream, ())
            if recorded.erased or (history and history[0].erased):  # what came after an erasure has a key of its own
                continue
            if isinstance(recorded.event, WebhookReceived):
                plans[recorded.stream, recorded.version] = self._plan(recorded.stream, recorded.event)
            elif isinstance(recorded.event, WebhookReleased | EvaluationRequested):
                events = [each.event for each in history]
                plans[recorded.stream, recorded.version] = self._plan_again(recorded.stream, events, recorded.event)
        return plans

    def _plan(self, stream: str, received: WebhookReceived) -> Plan:
        configuration = self.configuration_at(received.source, received.environment, received.configuration_version)
        body = self.parse(received.body, received.headers.get("content-type", ""))
        return evaluation.plan(Webhook(id=webhooks.id_of(stream), received=received, body=body), configuration)

    def _plan_again(
        self, stream: str, history: Sequence[object], occasion: WebhookReleased | EvaluationRequested
    ) -> Plan:
        received = webhooks.receipt_of(history)
        assert isinstance(received, WebhookReceived)
        body = self.parse(received.body, received.headers.get("content-type", ""))
        webhook = Webhook(id=webhooks.id_of(stream), received=received, body=body)
        if isinstance(occasion, WebhookReleased):
            webhook = attrs.evolve(webhook, released_at=occasion.released_at)
        else:
            again = webhooks.again(history, occasion)
            webhook = attrs.evolve(webhook, evaluation=occasion.evaluation, again=again)
        return evaluation.plan(webhook, self.configuration_of(received.source, occasion.pin))

    def _remember(self, plans: Collection[Plan]) -> WorkingMemory:
        wanted = {
            (plan.webhook.received.environment, reference): None for plan in plans for reference in plan.references
        }
        scopes = {plan.scope: None for plan in plans if plan.scope}
        forwarding = {(plan.webhook.received.environment, FORWARDING): None for plan in plans}
        facts, precedents = self.inbox.look_up([*wanted, *forwarding], list(scopes))
        return WorkingMemory(facts, precedents, check_schema=self.check_schema, asked=bool(wanted))


def _conclude(recorded: Recorded, plan: Plan, memory: WorkingMemory) -> tuple[Change, ...]:
    decisions = evaluation.conclude(plan, memory.preceding(plan))
    memory.note_decisions(plan, decisions)
    changes = [_change(recorded, decisions)]
    for number, decision in enumerate(decisions):
        if isinstance(decision, ActionExecuted):
            changes.extend(_runs(plan.webhook, decision, memory))
            if memory.forwards(decision.environment):
                changes.append(_forward(recorded, plan.webhook, decision, number))
    return tuple(changes)


def _change(recorded: Recorded, decisions: Sequence[Decision]) -> Change:
    return Change(
        stream=recorded.stream,
        version=recorded.version,
        events=decisions,
        attribution=Attribution(actor=ACTOR, correlation_id=recorded.correlation_id),
    )


def _runs(webhook: webhooks.Webhook, executed: ActionExecuted, memory: WorkingMemory) -> list[Change]:
    """The runs that a trigger starts. Those that have nothing to deliver end at once."""
    if executed.action_type != "workflows_trigger":
        return []
    because = Attribution(actor=ACTOR, causation_id=webhook.id)
    workflow = memory.workflow(executed.environment, str(executed.payload["key"]))
    source = triggering.SOURCES.get(webhook.received.origin or "", "integration")
    begun = triggering.begun_by(executed, webhook.id, workflow_version=workflow.version, trigger_source=source)
    if workflow.steps:
        memory.note_runs(begun)
    return [
        Change(
            stream=runs.stream(each.run_id),
            version=0,
            events=(each,) if workflow.steps else (each, running.completed_at_once(each)),
            attribution=because,
        )
        for each in begun
    ]


def _forward(recorded: Recorded, webhook: webhooks.Webhook, executed: ActionExecuted, number: int) -> Change:
    """What carries the action out in the environment's Knock account as well."""
    assert recorded.position is not None
    begun = forwards.begun_by(executed, webhook.id, position=recorded.position, number=number)
    because = Attribution(actor=ACTOR, causation_id=webhook.id)
    return Change(stream=forwards.stream(begun.forward_id), version=0, events=(begun,), attribution=because)


def _number(occasion: Occasion) -> int:
    """Which evaluation of its webhook it makes the worker begin."""
    return occasion.evaluation if isinstance(occasion, EvaluationRequested) else 1


def _erased(recorded: Recorded, occasion: Occasion) -> Change:
    because = EvaluationFailed(evaluation=_number(occasion), error="", reason="payload_erased")
    return _failed(recorded, occasion, because)


def _failed(recorded: Recorded, occasion: Occasion, because: EvaluationFailed) -> Change:
    """What stands on record for a webhook that could not be evaluated."""
    return _change(
        recorded,
        (
            because,
            WebhookProcessed(
                evaluation=because.evaluation,
                source=occasion.source,
                environment=occasion.environment,
                event_type=None,
                received_at=occasion.received_at,
                outcome="failed",
                actions_count=0,
            ),
        ),
    )
