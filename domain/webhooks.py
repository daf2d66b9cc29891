"""A webhook: one received request, with a stream of its own, and everything that was decided about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import attrs

from domain import scripts
from domain.json_values import Json
from domain.verification import Verdict

Outcome = Literal[
    "pending",
    "executed",
    "partially_executed",
    "failed",
    "duplicate",
    "unmapped",
    "unclassified",
    "rejected",
]
KeyOutcome = Literal["executed", "replayed", "no_key", "invalid_key", "disabled"]


def stream(webhook_id: str) -> str:
    """The stream of one webhook."""
    return f"webhook-{webhook_id}"  # what streams.name says, without its work: an id is one part


def id_of(stream_name: str) -> str:
    """The webhook's public id, which its stream ends in."""
    return stream_name.removeprefix("webhook-")


# Event names and fields are the storage format: add, never rename.


@attrs.frozen(kw_only=True)
class Part:
    """Which part of a request a webhook is: element `index`, from 0, of `count`; `digest` is of the whole body."""

    index: int
    count: int
    digest: str


@attrs.frozen(kw_only=True)
class WebhookReceived:
    """A request was accepted. `body` is what arrived, byte for byte; credentials in `headers` are redacted.

    `headers` are lower-cased, repeated ones joined by ", ". `origin` is None for a sender's request and
    "rehearsal" for a test of one's own. `script` is what the source's script returned. `part` says which part of a
    batch it is; `body` is that part alone then. `uncovered` are those of event_type and idempotency_key that no
    signature vouches for.
    """

    source: str
    environment: str
    configuration_version: int
    received_at: datetime
    method: str
    query: str
    remote_address: str | None
    headers: Mapping[str, str]
    body: bytes
    verdict: Verdict
    verification_status: str
    origin: str | None = None
    script: scripts.Result | None = None
    part: Part | None = None
    uncovered: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class WebhookRejected:
    """A request was refused with `http_status` because of `reason`; `body` is cut at a limit, `body_bytes` is not."""

    source: str
    environment: str
    configuration_version: int
    received_at: datetime
    method: str
    query: str
    remote_address: str | None
    headers: Mapping[str, str]
    body: bytes
    body_bytes: int | None
    verdict: Verdict | None
    verification_status: str | None
    reason: str
    message: str
    http_status: int


@attrs.frozen(kw_only=True)
class WebhookClassified:
    """The event type is known. `occurred_at` is the sender's time where a path gave one that can be read."""

    evaluation: int
    event_type: str
    event_type_path: str
    occurred_at: datetime | None
    preprocess_output: Mapping[str, Json]
    warnings: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ClassificationFailed:
    """No event type: the configured path leads to nothing, or to what cannot be a type."""

    evaluation: int
    event_type_path: str | None
    reason: str
    message: str
    nearest: str | None
    occurred_at: datetime | None
    preprocess_output: Mapping[str, Json]


@attrs.frozen(kw_only=True)
class IdempotencyDecided:
    """Whether this delivery repeats an earlier one. An invalid key is dropped: `key` is None then.

    `original_id` is the earlier webhook; with outcome "executed" it is one that succeeded in part, and
    `done` are the mappings which need not run again. `same_body` compares the bodies of the two.
    """

    evaluation: int
    outcome: KeyOutcome
    key: str | None
    path: str | None
    body_digest: str | None = None
    original_id: str | None = None
    same_body: bool | None = None
    done: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ActionError:
    """Why an action was skipped or failed: a stable `code`, words, and what to look at."""

    code: str
    message: str
    field: str | None = None
    path: str | None = None
    nearest: str | None = None


@attrs.frozen(kw_only=True)
class ActionExecuted:
    """An action was carried out. `origins` says for each parameter where its value came from."""

    evaluation: int
    mapping_id: str
    source: str
    environment: str
    event_type: str
    action_type: str
    parameters: Mapping[str, Json]
    payload: Mapping[str, Json]
    origins: Mapping[str, Json]
    result: Mapping[str, Json]
    executed_at: datetime
    warnings: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ActionSkipped:
    """An action was not carried out, because something that it requires is not in the webhook."""

    evaluation: int
    mapping_id: str
    source: str
    environment: str
    event_type: str
    action_type: str
    parameters: Mapping[str, Json]
    payload: Mapping[str, Json]
    origins: Mapping[str, Json]
    error: ActionError


@attrs.frozen(kw_only=True)
class ActionFailed:
    """An action could not be carried out, because of what is in the webhook or because of what it acts on."""

    evaluation: int
    mapping_id: str
    source: str
    environment: str
    event_type: str
    action_type: str
    parameters: Mapping[str, Json]
    payload: Mapping[str, Json]
    origins: Mapping[str, Json]
    error: ActionError


@attrs.frozen(kw_only=True)
class EvaluationFailed:
    """The evaluation itself broke: a fault of the gateway's, kept so that the rest can go on.

    With `reason` "payload_erased" it did not even begin, since there was nothing to evaluate any more.
    """

    evaluation: int
    error: str
    reason: Literal["payload_erased"] | None = None


@attrs.frozen(kw_only=True)
class WebhookProcessed:
    """An evaluation is complete, with this outcome."""

    evaluation: int
    source: str
    environment: str
    event_type: str | None
    received_at: datetime
    outcome: Outcome
    actions_count: int


ActionOutcome = ActionExecuted | ActionSkipped | ActionFailed
Receipt = WebhookReceived | WebhookRejected
Decision = (
    WebhookClassified
    | ClassificationFailed
    | IdempotencyDecided
    | ActionExecuted
    | ActionSkipped
    | ActionFailed
    | EvaluationFailed
    | WebhookProcessed
)
Event = Receipt | Decision


@attrs.frozen(kw_only=True)
class Webhook:
    """What an evaluation reads: the receipt, its JSON body parsed, and which evaluation of it this is, from 1."""

    id: str
    received: WebhookReceived
    body: Mapping[str, Json]
    evaluation: int = 1
