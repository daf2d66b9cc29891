"""A webhook as the event log shows it, told from its own events: what the rows say, and what only the events know."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson

from application.records import Recorded
from domain import errors, webhooks
from infrastructure import bodies
from infrastructure.event_store import codec
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.projections.action_log import STATUS
from infrastructure.projections.entries import Entry
from infrastructure.projections.event_log import row_of

COLUMNS = (
    "position",
    "id",
    "source",
    "environment",
    "received_at",
    "configuration_version",
    "verification_status",
    "origin",
    "event_type",
    "occurred_at",
    "idempotency_outcome",
    "idempotency_key",
    "original_id",
    "outcome",
    "error",
    "actions_count",
    "evaluations",
)


def summary(row: dict[str, Any]) -> dict[str, Any]:
    """A row in the shape of the API."""
    return {
        "id": row["id"],
        "source": row["source"],
        "environment": row["environment"],
        "event_type": row["event_type"],
        "received_at": row["received_at"],
        "occurred_at": row["occurred_at"],
        "configuration_version": row["configuration_version"],
        "verification_status": row["verification_status"],
        "idempotency": {
            "outcome": row["idempotency_outcome"],
            "key": row["idempotency_key"],
            "original_id": row["original_id"],
        },
        "outcome": row["outcome"],
        "error": row["error"],
        "actions_count": row["actions_count"],
        "evaluations": row["evaluations"],
        "origin": row["origin"],
    }


def row_from(history: Sequence[Recorded]) -> dict[str, Any]:
    """The row that the event log has, or will have, for a webhook."""
    decided = [each for each in history if isinstance(each.event, webhooks.Decision)]
    last = max((getattr(each.event, "evaluation", 0) for each in decided), default=0)
    decisions = [each for each in decided if getattr(each.event, "evaluation", None) == last]
    entry = Entry(recorded=history[0], stream=history[0].stream, decisions=decisions)
    receipt = webhooks.receipt_of([each.event for each in history])
    row = dict(zip(COLUMNS, row_of(entry, receipt), strict=True))
    return {**row, "error": orjson.loads(row["error"]) if row["error"] else None}


def detail(history: Sequence[Recorded]) -> dict[str, Any]:
    """A webhook with all that it brought and led to."""
    receipt = webhooks.receipt_of([each.event for each in history])
    classified = next(
        (
            each.event
            for each in reversed(history)
            if isinstance(each.event, webhooks.WebhookClassified | webhooks.ClassificationFailed)
        ),
        None,
    )
    key = next((each.event for each in reversed(history) if isinstance(each.event, webhooks.IdempotencyDecided)), None)
    shown = summary(row_from(history))
    return {
        **shown,
        "idempotency": {**shown["idempotency"], "same_body": key.same_body if key else None},
        "erased": history[0].erased,
        "payload": payload(receipt.body, receipt.headers.get("content-type", "")),
        "headers": receipt.headers,
        "method": receipt.method,
        "query": receipt.query,
        "remote_address": receipt.remote_address,
        "body_bytes": _body_bytes(receipt, erased=history[0].erased),
        "verification": receipt.verdict and _verdict(receipt.verdict),
        **_of_accepted(receipt),
        "preprocess_output": classified.preprocess_output if classified else None,
        "warnings": list(getattr(classified, "warnings", ())),
        "actions": [action(each) for each in history if isinstance(each.event, webhooks.ActionOutcome)],
    }


def _of_accepted(receipt: webhooks.Receipt) -> dict[str, Any]:
    """What only an accepted request has: what no signature covers, its place in a batch, its script's error."""
    if isinstance(receipt, webhooks.WebhookRejected):
        return {"not_covered_by_signature": None, "part": None, "script_error": None}
    return {
        "not_covered_by_signature": list(receipt.uncovered),
        "part": receipt.part and attrs.asdict(receipt.part),
        "script_error": receipt.script.error if receipt.script else None,
    }


def _body_bytes(receipt: webhooks.Receipt, *, erased: bool) -> int | None:
    if isinstance(receipt, webhooks.WebhookRejected):
        return receipt.body_bytes
    return None if erased else len(receipt.body)


def _verdict(verdict: Any) -> dict[str, Any]:
    names = ("scheme", "status", "reason", "message", "secret_id", "skew_seconds")
    return {name: getattr(verdict, name) for name in names}


def payload(body: bytes, content_type: str) -> Any:
    """The body as JSON, or None where it is neither JSON nor a form; the raw bytes are kept in any case."""
    try:
        return bodies.read(body, content_type)
    except errors.Refused:
        return None


def action_id(recorded: Recorded) -> str:
    """An action's id: its webhook's, a dot, and the place of its event in the webhook's stream."""
    return f"{webhooks.id_of(recorded.stream)}.{recorded.version}"


def action(recorded: Recorded) -> dict[str, Any]:
    """An action as the action log shows it."""
    event = recorded.event
    assert isinstance(event, webhooks.ActionOutcome)
    done = event if isinstance(event, webhooks.ActionExecuted) else None
    error = None if isinstance(event, webhooks.ActionExecuted) else event.error
    return {
        "id": action_id(recorded),
        "event_log_id": webhooks.id_of(recorded.stream),
        "source": event.source,
        "environment": event.environment,
        "event_type": event.event_type,
        "mapping_id": event.mapping_id,
        "evaluation": event.evaluation,
        "action_type": event.action_type,
        "action_parameters": event.parameters,
        "action_payload": event.payload,
        "action_result": done.result if done else None,
        "action_status": STATUS[type(event)],
        "origins": event.origins,
        "warnings": list(done.warnings) if done else [],
        "error": error and {name: getattr(error, name) for name in ("code", "message", "field", "path", "nearest")},
        "inserted_at": recorded.recorded_at,
        "erased": recorded.erased,
    }


def actions(ledger: PostgresLedger, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The actions that rows of the action log point to, in their order."""
    places = [(str(row["stream"]), int(row["version"])) for row in rows]
    events = {(each.stream, each.version): each for each in ledger.events(places)}
    return [action(events[place]) for place in places]


def history_entry(recorded: Recorded) -> dict[str, Any]:
    """A domain event as `history` shows it: the stored data, a body as text where it is UTF-8, else in base64."""
    return {
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "name": type(recorded.event).__name__,
        "recorded_at": recorded.recorded_at,
        "actor": recorded.actor,
        "correlation_id": recorded.correlation_id,
        "reason": recorded.reason,
        "digest": recorded.digest,
        "erased": recorded.erased,
        "data": codec.data_of(recorded.event),
    }
