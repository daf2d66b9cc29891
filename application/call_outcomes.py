"""What a call came to, for who waits for it: the action that was carried out, or an exception that says why not."""

from collections.abc import Mapping, Sequence

from application.calling import Called
from domain import errors
from domain.webhooks import ActionExecuted


class CallFailed(errors.Refused):
    """The action could not be carried out; the call is on record, with the same words."""


class WorkflowMissing(CallFailed):
    """A call names a workflow that its environment does not have."""


class WorkflowInactive(CallFailed):
    """A call triggers a workflow that is not active."""


class AudienceMissing(CallFailed):
    """A call names an audience that its environment does not have."""


class KeyReused(errors.Refused):
    """A call repeats the key of an earlier one, but not what it said."""


FAILURES: Mapping[str, type[CallFailed]] = {
    "workflow_missing": WorkflowMissing,
    "workflow_inactive": WorkflowInactive,
    "audience_missing": AudienceMissing,
}


def executed(called: Called) -> ActionExecuted:
    """The action that a call came to, of which each has one. Raises CallFailed."""
    if not called.actions:
        raise RuntimeError(f"the evaluation of call {called.webhook_id} broke; its history says how")
    (action,) = called.actions
    if isinstance(action, ActionExecuted):
        return action
    error = action.error
    raise FAILURES.get(error.code, CallFailed)(error.message, field=error.field)


def all_executed(called: Sequence[Called]) -> tuple[ActionExecuted, ...]:
    """As `executed`, for calls that belong together."""
    return tuple(executed(each) for each in called)
