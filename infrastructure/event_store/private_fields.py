"""Which fields of events may hold personal data: these are stored encrypted, and are gone once the stream's key is.

Everything that counting, classification and the read models need without knowing anybody stays readable. A name behind
a dot is a member of the field. A test wants each field of an event that stands here to be called one or the other.
"""

from collections.abc import Mapping
from typing import Any, get_type_hints

import attrs

from domain import bulk_operations, disabled_targets, erasures, forwards, restatements, retention, runs, webhooks

NOT_PERSONAL = frozenset(
    {
        "domain.api_keys",
        "domain.audiences",
        "domain.configurations",
        "domain.environments",
        "domain.forwarding",
        "domain.replays",
        "domain.restores",
        "domain.sources",
        "domain.variables",
        "domain.workflows",
    }
)
"""Modules whose events say what the gateway is told to do: wholly readable, secrets among them sealed one by one."""


@attrs.frozen
class Fields:
    """The fields of an event class, by whether they may hold personal data."""

    public: tuple[str, ...]
    private: tuple[str, ...]


def _fields(public: str, private: str = "") -> Fields:
    return Fields(tuple(public.split()), tuple(private.split()))


_ACTION = "evaluation mapping_id source environment event_type action_type parameters"
_REQUEST = "source environment configuration_version received_at method verdict verification_status"
_DELIVERY = "run_id environment step delivery_id target"

DECLARED: Mapping[type[Any], Fields] = {
    webhooks.WebhookReceived: _fields(
        f"{_REQUEST} origin part uncovered searched", "query remote_address headers body script verdict.message"
    ),
    webhooks.WebhookRejected: _fields(
        f"{_REQUEST} body_bytes reason http_status", "query remote_address headers body message verdict.message"
    ),
    webhooks.WebhookReleased: _fields(
        "source environment received_at pin verdict verification_status replay_id released_at",
        "script reason verdict.message",
    ),
    webhooks.EvaluationRequested: _fields(
        "evaluation source environment received_at pin mappings force replay_id requested_at", "reason"
    ),
    webhooks.WebhookClassified: _fields(
        "evaluation event_type event_type_path occurred_at", "preprocess_output warnings"
    ),
    webhooks.ClassificationFailed: _fields(
        "evaluation event_type_path reason occurred_at", "message nearest preprocess_output"
    ),
    webhooks.IdempotencyDecided: _fields(
        "evaluation outcome path original_id same_body done unfinished", "key body_digest"
    ),
    webhooks.ActionExecuted: _fields(f"{_ACTION} executed_at occurred_at", "payload origins result warnings"),
    webhooks.ActionSkipped: _fields(f"{_ACTION} error", "payload origins error.message error.nearest"),
    webhooks.ActionFailed: _fields(f"{_ACTION} error", "payload origins error.message error.nearest"),
    webhooks.EvaluationFailed: _fields("evaluation reason", "error"),
    webhooks.WebhookProcessed: _fields("evaluation source environment event_type received_at outcome actions_count"),
    bulk_operations.BulkOperationStarted: _fields("operation_id environment name started_at", "items"),
    runs.RunStarted: _fields(
        "run_id workflow_run_id environment workflow webhook_id mapping_id evaluation started_at workflow_version"
        " trigger_source",
        "recipient actor tenant cancellation_key subscribed_to",
    ),
    runs.StepSkipped: _fields("run_id environment step skipped_at"),
    runs.RunPaused: _fields("run_id environment step until paused_at"),
    runs.DeliveryPrepared: _fields(f"{_DELIVERY} type prepared_at", "content"),
    runs.DeliveryAttempted: _fields(
        f"{_DELIVERY} request_id attempt outcome status code milliseconds retry_at attempted_at", "message answer"
    ),
    runs.RunCompleted: _fields("run_id environment completed_at"),
    runs.RunFailed: _fields("run_id environment step code failed_at", "message"),
    runs.RunRetried: _fields("run_id environment refreshed target retried_at"),
    # A server that is gone is gone for everybody, so that this outlives the runs that told of it.
    disabled_targets.TargetDisabled: _fields("environment url run_id request_id disabled_at"),
    disabled_targets.TargetEnabled: _fields("environment url enabled_at"),
    restatements.EntityRestated: _fields(
        "environment because restated_at whole", "collection id described following followers memberships applied_at"
    ),
    restatements.AudienceRestated: _fields("environment key name description created_at updated_at"),
    erasures.ErasureRequested: _fields("erasure_id environment kind subject searched requested_at", "reason"),
    erasures.ErasureCompleted: _fields(
        "erasure_id environment streams digest webhooks runs restated ended completed_at"
    ),
    retention.PayloadsPruned: _fields("environment streams upto before restated pruned_at"),
    runs.RunCancelled: _fields("run_id environment webhook_id cancelled_at"),
    forwards.ForwardStarted: _fields(
        "forward_id environment webhook_id mapping_id evaluation action_type place started_at", "place.touches"
    ),
    forwards.ForwardAttempted: _fields(
        "forward_id environment call calls operation base_url idempotency_key request_id attempt outcome status code"
        " milliseconds retry_at attempted_at",
        "message answer",
    ),
    forwards.ForwardCompleted: _fields("forward_id environment completed_at"),
    forwards.ForwardFailed: _fields("forward_id environment code failed_at", "message"),
    forwards.ForwardRetried: _fields("forward_id environment place retried_at", "place.touches"),
    forwards.ForwardCancelled: _fields("forward_id environment cancelled_at"),
}

BODY = "body"
"""Raw bytes that stand behind everything else, since no codec walks them."""


class Parting:
    """Parts the data of one event class into what anybody may read and what only the stream's key opens."""

    def __init__(self, cls: type[Any]) -> None:
        private = DECLARED[cls].private if cls in DECLARED else ()
        hints = get_type_hints(cls)
        self._whole = {name: _empty(hints[name]) for name in private if "." not in name and name != BODY}
        self._members = {name: _parted(cls, *name.split(".")) for name in private if "." in name}
        self.body = BODY in private

    def take(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take what is private out of `data`. What is empty is left out: it would be put back as it was."""
        private = {}
        for name in self._whole:
            value = data.pop(name, None)
            if value:
                private[name] = value
        for name, (field, member, _) in self._members.items():
            holder = data[field]
            value = holder.pop(member, None) if holder else None
            if value:
                private[name] = value
        return private

    def put_back(self, data: dict[str, Any], private: Mapping[str, Any]) -> None:
        """Put what was taken back into `data`; in the place of what is not there, or not any more, comes nothing."""
        for name, empty in self._whole.items():
            if name in private:
                data[name] = private[name]
            else:
                data.setdefault(name, empty)
        for name, (field, member, empty) in self._members.items():
            if data.get(field):
                data[field].setdefault(member, private.get(name, empty))
        if self.body:
            data.setdefault(BODY, b"")


def _parted(cls: type[Any], field: str, member: str) -> tuple[str, str, Any]:
    held = get_type_hints(cls)[field]
    holder = next(each for each in getattr(held, "__args__", (held,)) if attrs.has(each))
    return field, member, _empty(get_type_hints(holder)[member])


def _empty(annotation: Any) -> Any:
    """The value of a type that says nothing: None where that may be, else an empty text, list or object."""
    if type(None) in getattr(annotation, "__args__", ()):
        return None
    if annotation is str:
        return ""
    return () if getattr(annotation, "__origin__", None) is tuple else {}
