"""A webhook: one received request, with a stream of its own, and everything that was decided about it."""

from collections.abc import Iterable, Mapping, Sequence
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
    signature vouches for. `searched` says that its payload can be found by the words in it.
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
    searched: bool = False


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
class Pin:
    """A configuration as it stood: that of the source in `environment` at `version`; with a `draft`, as it changes it.

    A draft is named by its replay.
    """

    environment: str
    version: int
    draft: str | None = None


@attrs.frozen(kw_only=True)
class WebhookReleased:
    """A rejected request is accepted after all: `verdict` is that of `pin`, reached as of the time of receipt.

    From here on it is a webhook like any other. `script` is what the script of that configuration returned.
    """

    source: str
    environment: str
    received_at: datetime
    pin: Pin
    verdict: Verdict
    verification_status: str
    script: scripts.Result | None
    reason: str
    replay_id: str
    released_at: datetime


@attrs.frozen(kw_only=True)
class EvaluationRequested:
    """The webhook is to be evaluated once more, by `pin`: these `mappings` of it, or all that are not done yet.

    With `force`, those that are done too. `replay_id` is None where the webhook was asked for alone.
    """

    evaluation: int
    source: str
    environment: str
    received_at: datetime
    pin: Pin
    mappings: tuple[str, ...] | None
    force: bool
    reason: str
    replay_id: str | None
    requested_at: datetime


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
    `done` are the mappings which need not run again. `same_body` compares the bodies of the two. `unfinished` are
    those that failed in an earlier evaluation of this webhook and were not tried in this one.
    """

    evaluation: int
    outcome: KeyOutcome
    key: str | None
    path: str | None
    body_digest: str | None = None
    original_id: str | None = None
    same_body: bool | None = None
    done: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()


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
    """An action was carried out. `origins` says for each parameter where its value came from.

    `occurred_at` is the sender's time where the mapping is for newer events only, so that later ones can be compared.
    """

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
    occurred_at: datetime | None = None


@attrs.frozen(kw_only=True)
class ActionSkipped:
    """An action was not carried out: what it requires is not in the webhook, or the webhook is an old one."""

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
Occasion = WebhookReceived | WebhookReleased | EvaluationRequested
"""What makes the worker evaluate a webhook, once each."""
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
Event = Receipt | WebhookReleased | EvaluationRequested | Decision


@attrs.frozen(kw_only=True)
class Again:
    """A later evaluation: which mappings are to run, None for all but those `done`; what is done, and what failed."""

    mappings: tuple[str, ...] | None
    done: tuple[str, ...]
    failed: tuple[str, ...]
    at: datetime

    def wants(self, mapping_id: str) -> bool:
        """Whether the mapping is to run."""
        return mapping_id not in self.done if self.mappings is None else mapping_id in self.mappings


@attrs.frozen(kw_only=True)
class Webhook:
    """What an evaluation reads: the receipt, its JSON body parsed, and which evaluation of it this is, from 1.

    `again` says what a later evaluation is about; `released_at` when one that was rejected came in after all.
    """

    id: str
    received: WebhookReceived
    body: Mapping[str, Json]
    evaluation: int = 1
    again: Again | None = None
    released_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """When its actions are carried out, as far as anybody can tell without a clock."""
        return self.again.at if self.again else self.released_at or self.received.received_at


def admitted(rejected: WebhookRejected, released: WebhookReleased) -> WebhookReceived:
    """The receipt that a rejected request has since it was released."""
    return WebhookReceived(
        source=rejected.source,
        environment=rejected.environment,
        configuration_version=released.pin.version,
        received_at=rejected.received_at,
        method=rejected.method,
        query=rejected.query,
        remote_address=rejected.remote_address,
        headers=rejected.headers,
        body=rejected.body,
        verdict=released.verdict,
        verification_status=released.verification_status,
        script=released.script,
    )


def receipt_of(events: Sequence[object]) -> Receipt:
    """The receipt that counts, out of all the events of a webhook: of a released one, that since its release."""
    receipt = events[0]
    assert isinstance(receipt, Receipt)
    released = next((each for each in events if isinstance(each, WebhookReleased)), None)
    return admitted(receipt, released) if released and isinstance(receipt, WebhookRejected) else receipt


def pin_of(events: Sequence[object]) -> Pin:
    """The configuration that the webhook came in by: of a released one, that of its release."""
    receipt = events[0]
    assert isinstance(receipt, Receipt)
    released = next((each.pin for each in events if isinstance(each, WebhookReleased)), None)
    return released or Pin(environment=receipt.environment, version=receipt.configuration_version)


def again(events: Iterable[object], requested: EvaluationRequested) -> Again:
    """What a requested evaluation is about, given all that was decided about the webhook before."""
    executed: dict[str, None] = {}
    failed: dict[str, None] = {}
    for each in events:
        if isinstance(each, ActionExecuted):
            executed[each.mapping_id] = failed.pop(each.mapping_id, None)
        elif isinstance(each, ActionFailed) and each.mapping_id not in executed:
            failed[each.mapping_id] = None
    done = () if requested.force else tuple(executed)
    return Again(mappings=requested.mappings, done=done, failed=tuple(failed), at=requested.requested_at)
