"""Carrying runs on: whatever is due is decided, filled in, sent, and put on record with what is due next.

Inside, each decision counts exactly once: the version of the run's stream refuses whoever comes too late. Outside, a
delivery arrives at least once, each time under the same key and with the same content.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs

from application import patience, targets
from application.disabled_targets import DisabledTargets
from application.ports import Agenda, Clock, EventStore, Mailer, NewId, Renderer, Sender
from application.records import Attribution, Change, Due
from application.run_contexts import Contexts
from domain import disabled_targets, errors, running, runs
from domain.deliveries import Attempt, Email, HttpRequest
from domain.disabled_targets import Disable
from domain.json_values import Json
from domain.runs import DeliveryPrepared, Event, Run
from domain.workflow_steps import Step
from domain.workflows import Definition

ACTOR = "deliverer"
SMTP = "smtp"
"""The target of every e-mail: the one mail server of the settings."""

DefinitionAt = Callable[[str, str, int | None], Definition]
"""What a workflow in an environment did at a version; of runs that know none, nothing."""


@attrs.frozen(kw_only=True)
class Running:
    """The use case. `jitter` is at random from 0 to 1; `sleep` waits, in seconds; `dumps` writes JSON."""

    agenda: Agenda
    store: EventStore
    definition_at: DefinitionAt
    contexts: Contexts
    disabled_targets: DisabledTargets
    renderer: Renderer
    sender: Sender
    mailer: Mailer
    dumps: Callable[[Json], bytes]
    clock: Clock
    new_id: NewId
    jitter: Callable[[], float]
    sleep: Callable[[float], None]

    def carry_on(self, due: Due) -> Attempt | None:
        """Do what is due about a run; the attempt if one was made. Raises Conflict if somebody else did it."""
        history = self.store.history(runs.stream(due.run_id))
        run = runs.folded(each.event for each in history)
        if run is None or not run.open:
            self.agenda.drop(due.run_id)
            return None
        definition = self._definition(run)
        if due.cancelled_by is not None:
            cancel = running.Cancel(webhook_id=due.cancelled_by, at=self.clock())
            self._record(run, len(history), running.decide(run, definition, cancel), cause=due.cancelled_by)
            return None
        if run.prepared is None:
            self._proceed(run, len(history), definition)
            return None
        return self._deliver(run, len(history), definition, run.prepared)

    def _definition(self, run: Run) -> Definition:
        started = run.started
        return self.definition_at(started.environment, started.workflow, started.workflow_version)

    def _proceed(self, run: Run, version: int, definition: Definition) -> None:
        context, at = self.contexts.of(run.started), self.clock()
        events = running.decide(run, definition, running.Proceed(context=context, at=at))
        after = _after(run, events)
        step = running.next_delivery(after, definition)
        if step is not None and after.due_at <= at and after.prepared is None:
            events += running.decide(after, definition, self._filled_in(step, context))
        if events:
            self._record(run, version, events)
        else:
            self.agenda.release(run.started.run_id)

    def _filled_in(self, step: Step, context: Mapping[str, Json]) -> running.Prepare | running.Fail:
        try:
            target, content = self._content(step, context)
        except errors.Refused as problem:
            return running.Fail(code="content_invalid", message=str(problem), at=self.clock())
        return running.Prepare(target=target, content=content, at=self.clock())

    def _content(self, step: Step, context: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
        if step.type == "webhook":
            url = self.renderer.render(str(step.settings["url"]), context).strip()
            return targets.of(url), {
                "url": url,
                "body": self.renderer.render_body(step.settings["body"], context),
            }
        texts: dict[str, Json] = {
            name: self.renderer.render(str(text), context, html=name == "html") for name, text in step.settings.items()
        }
        if not str(texts["to"]).strip():
            raise errors.Refused(f"step {step.ref!r} has nobody to write to: settings.to is empty", field="to")
        return SMTP, texts

    def _deliver(self, run: Run, version: int, definition: Definition, prepared: DeliveryPrepared) -> Attempt | None:
        at, request_id = self.clock(), self.new_id()
        if (barrier := self._barrier(prepared, at)) is not None:
            self._record(run, version, running.decide(run, definition, barrier))
            return None
        attempt = self._attempt(run, definition, prepared)
        outcome = running.RecordAttempt(
            request_id=request_id, attempt=attempt, jitter=self.jitter(), at=at, ended_at=self.clock()
        )
        events = running.decide(run, definition, outcome)
        after = _after(run, events)
        if after.open and after.done == len(definition.steps):
            events += running.decide(after, definition, running.Proceed(context={}, at=self.clock()))
        self._record_sent(
            run, version, events, self._disabling(prepared, request_id) if attempt.disables_target else None
        )
        return attempt

    def _barrier(self, prepared: DeliveryPrepared, at: datetime) -> running.Fail | None:
        """What becomes of a delivery whose target is disabled."""
        disabled = self.disabled_targets.bars(prepared)
        if disabled is None:
            return None
        return running.Fail(code=disabled_targets.CODE, message=disabled_targets.reason(disabled), at=at)

    def _disabling(self, prepared: DeliveryPrepared, request_id: str) -> Disable:
        return Disable(
            environment=prepared.environment,
            url=str(prepared.content["url"]),
            run_id=prepared.run_id,
            request_id=request_id,
            at=self.clock(),
        )

    def _attempt(self, run: Run, definition: Definition, prepared: DeliveryPrepared) -> Attempt:
        if prepared.type == "email":
            content: Mapping[str, str] = prepared.content  # type: ignore[assignment]
            return self.mailer.send(Email(message_id=prepared.delivery_id, **content))
        try:
            request, secrets = self._request(definition.steps[run.done], run, prepared)
        except errors.Refused as problem:
            return Attempt(outcome="refused", code="request_invalid", message=str(problem), milliseconds=0)
        return self.sender.send(request, delivery=prepared.delivery_id, secrets=secrets)

    def _request(self, step: Step, run: Run, prepared: DeliveryPrepared) -> tuple[HttpRequest, Sequence[str]]:
        """The request with its headers and what signs it, both of which may hold secrets and are never recorded."""
        variables = self.contexts.variables(run.started.environment)
        context = {**self.contexts.of(run.started), "vars": variables}
        templates = step.settings.get("headers", {})
        assert isinstance(templates, Mapping)
        headers = {name.lower(): self.renderer.render(str(text), context) for name, text in templates.items()}
        request = HttpRequest(
            url=str(prepared.content["url"]),
            headers={"content-type": "application/json", **headers},
            body=self.dumps(prepared.content["body"]),
        )
        return request, self._secrets(step, variables)

    def _secrets(self, step: Step, variables: Mapping[str, Json]) -> Sequence[str]:
        key = step.settings.get("secret")
        if key is None:
            return ()
        if str(key) not in variables:
            raise errors.Refused(f"step {step.ref!r} is signed with variable {key!r}, which has no value here")
        secret = str(variables[str(key)])
        self.sender.check_secret(secret)
        return (secret,)

    def _record_sent(self, run: Run, version: int, events: Sequence[Event], gone: Disable | None) -> None:
        patience.until_available(lambda: self._record_attempt(run, version, events, gone), self.sleep)

    def _record_attempt(self, run: Run, version: int, events: Sequence[Event], gone: Disable | None) -> None:
        # What is gone is disabled first: should the attempt not come on record any more, it is not made again either.
        if gone is not None:
            self.disabled_targets.disable(gone, self._because(run))
        self._record(run, version, events)

    def _record(self, run: Run, version: int, events: Sequence[Event], *, cause: str | None = None) -> None:
        stream, because = runs.stream(run.started.run_id), self._because(run, cause)
        self.agenda.record(Change(stream=stream, version=version, events=events, attribution=because))

    def _because(self, run: Run, cause: str | None = None) -> Attribution:
        return Attribution(actor=ACTOR, causation_id=cause or run.started.webhook_id)


def _after(run: Run, events: Sequence[Event]) -> Run:
    for event in events:
        run = runs.evolve(run, event) or run
    return run
