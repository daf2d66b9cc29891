"""Disabled targets: found before anything is sent, disabled by an answer, enabled by those who look after a gateway.

The log is asked each time, so that every process knows at once.
"""

from collections.abc import Sequence
from contextlib import suppress

import attrs

from application.errors import Conflict
from application.ports import Clock, EventStore
from application.records import Attribution, Change, Recorded
from domain import disabled_targets, errors
from domain.disabled_targets import Command, Disable, Enable, TargetDisabled
from domain.runs import DeliveryPrepared


class TargetUnknown(errors.Refused):
    """No target with this id was ever disabled in the environment."""


@attrs.frozen(kw_only=True)
class DisabledTargets:
    """The use cases."""

    store: EventStore
    clock: Clock

    def bars(self, prepared: DeliveryPrepared) -> TargetDisabled | None:
        """What disabled the target of a delivery, None while that may be sent."""
        if prepared.type != "webhook":
            return None
        target_id = disabled_targets.id_of(str(prepared.content["url"]))
        return _folded(self.store.history(disabled_targets.stream(prepared.environment, target_id)))

    def disable(self, command: Disable, because: Attribution) -> None:
        """Let nothing more be sent to a URL that is gone."""
        stream = disabled_targets.stream(command.environment, disabled_targets.id_of(command.url))
        with suppress(Conflict):  # another delivery was told the same at the same time
            self._decide(stream, self.store.history(stream), command, because)

    def enable(self, environment: str, target_id: str, *, actor: str) -> str:
        """Let a target be sent to again; its URL. Raises TargetUnknown."""
        stream = disabled_targets.stream(environment, target_id)
        history = self.store.history(stream)
        if not history:
            raise TargetUnknown(f"target {target_id!r} was never disabled in {environment!r}", field="id")
        self._decide(stream, history, Enable(at=self.clock()), Attribution(actor=actor))
        first = history[0].event
        assert isinstance(first, TargetDisabled)
        return first.url

    def _decide(self, stream: str, history: Sequence[Recorded], command: Command, because: Attribution) -> None:
        events = disabled_targets.decide(_folded(history), command)
        if events:
            self.store.append(Change(stream=stream, version=len(history), events=events, attribution=because))


def _folded(history: Sequence[Recorded]) -> TargetDisabled | None:
    state: TargetDisabled | None = None
    for recorded in history:
        assert isinstance(recorded.event, disabled_targets.Event)
        state = disabled_targets.evolve(state, recorded.event)
    return state
