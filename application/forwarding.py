"""Forwarding: each executed action is carried out in the Knock account of its environment, call by call.

Inside, each decision counts exactly once: the version of the forward's stream refuses whoever comes too late. In the
account, a call arrives at least once, each time under the same idempotency key.
"""

from collections.abc import Callable, Sequence

import attrs

from application import executed_actions, patience
from application.ports import Agenda, Clock, EventStore, Executor, NewId
from application.records import Attribution, Change, Due
from domain import errors, forwards, knock_calls
from domain.deliveries import Attempt
from domain.forwarding import Account
from domain.forwards import Event, Forward
from domain.knock_calls import Call

ACTOR = "forwarder"

AccountOf = Callable[[str], Account | None]
"""The account of an environment, None where nothing is forwarded. Refused when its key cannot be opened."""


@attrs.frozen(kw_only=True)
class Forwarding:
    """The use case. `jitter` is at random from 0 to 1; `sleep` waits, in seconds."""

    agenda: Agenda
    store: EventStore
    account_of: AccountOf
    executor: Executor
    clock: Clock
    new_id: NewId
    jitter: Callable[[], float]
    sleep: Callable[[float], None]

    def carry_on(self, due: Due) -> Attempt | None:
        """Do what is due about a forward; the attempt if one was made. Raises Conflict if somebody else did it."""
        history = self.store.history(forwards.stream(due.run_id))
        forward = forwards.folded(each.event for each in history)
        if forward is None or not forward.open:
            self.agenda.drop(due.run_id)
            return None
        calls = self._calls(forward)
        if due.cancelled_by is not None:
            self._record(forward, len(history), forwards.Cancel(at=self.clock()))
        elif not calls:
            message = "the action that is to be forwarded can be read no more"
            fail = forwards.Fail(code="action_unreadable", message=message, at=self.clock())
            self._record(forward, len(history), fail)
        else:
            return self._attempt(forward, len(history), calls)
        return None

    def _calls(self, forward: Forward) -> Sequence[Call]:
        started = forward.started
        action = executed_actions.find(self.store, started.webhook_id, started.mapping_id, started.evaluation)
        return () if action is None else knock_calls.of(action.action_type, action.payload)

    def _attempt(self, forward: Forward, version: int, calls: Sequence[Call]) -> Attempt | None:
        at, request_id, call = self.clock(), self.new_id(), calls[forward.done]
        made = self._made(forward, call)
        if made is None:
            self._record(forward, version, forwards.Cancel(at=at))
            return None
        base_url, attempt = made
        outcome = forwards.RecordAttempt(
            operation=call.operation,
            calls=len(calls),
            base_url=base_url,
            request_id=request_id,
            attempt=attempt,
            jitter=self.jitter(),
            at=at,
            ended_at=self.clock(),
        )
        patience.until_available(lambda: self._record(forward, version, outcome), self.sleep)
        return attempt

    def _made(self, forward: Forward, call: Call) -> tuple[str, Attempt] | None:
        """Where the call was made, and what came of it; None where nothing is forwarded any more."""
        started = forward.started
        try:
            account = self.account_of(started.environment)
        except errors.Refused as problem:
            return "", Attempt(outcome="failed", code="key_unreadable", message=str(problem), milliseconds=0)
        if account is None:
            return None
        key = forwards.idempotency_key(started.forward_id, forward.done)
        return account.base_url, self.executor.carry_out(call, account, key=key)

    def _record(self, forward: Forward, version: int, command: forwards.Command) -> None:
        events: Sequence[Event] = forwards.decide(forward, command)
        because = Attribution(actor=ACTOR, causation_id=forward.started.webhook_id)
        stream = forwards.stream(forward.started.forward_id)
        self.agenda.record(Change(stream=stream, version=version, events=events, attribution=because))
