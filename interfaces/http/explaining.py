"""Why a webhook came to what it came to: its whole decision trace, as JSON and in words."""

from collections.abc import Iterator
from typing import Any

from litestar import Response, get

from application.explaining import Edit, Explanation
from application.gateway import Gateway
from domain import explanation_words
from domain.explanations import Explained, ExplainedMapping, ReadValue
from domain.webhooks import ActionExecuted, ClassificationFailed, WebhookClassified, WebhookReceived, WebhookRejected
from interfaces.http import callers, rendering, shapes
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Missing


@get("/v1/event_logs/{event_log_id:str}/explain", sync_to_thread=True, summary="Explain a webhook")
def get_explanation(request: AnyRequest, gateway: Gateway, event_log_id: str) -> Response[bytes]:
    """Every decision about a webhook with what it read: verification, event type, idempotency, each mapping in turn."""
    environment = callers.log_scope(request, gateway)
    found = gateway.explaining.explain(event_log_id, environment)
    if found is None:
        raise Missing(f"log entry {event_log_id!r}")
    return rendering.answer(shown(found))


def shown(explanation: Explanation) -> dict[str, Any]:
    """An explanation in the API's shape; `words` says the same line by line."""
    receipt = explanation.receipt
    return {
        "id": explanation.id,
        "source": receipt.source,
        "environment": receipt.environment,
        "position": explanation.recorded.position,
        "received_at": receipt.received_at,
        "origin": getattr(receipt, "origin", None),
        "configuration": {"version": receipt.configuration_version, **_edit(explanation.judged_by)},
        "verification": _verification(explanation),
        "rejection": _rejection(explanation.rejected) if explanation.rejected else None,
        "unreadable": explanation.unreadable,
        "evaluations": [_evaluation(each, explanation.askers.get(each.number)) for each in explanation.evaluations],
        "words": list(_words(explanation)),
    }


def _words(explanation: Explanation) -> Iterator[str]:
    yield from explanation_words.of_receipt(explanation.receipt, explanation.rejected)
    if explanation.unreadable is not None:
        yield f"Its body cannot be read any more: {explanation.unreadable}."
    for evaluation in explanation.evaluations:
        yield from explanation_words.of_evaluation(evaluation)


def _edit(edit: Edit | None) -> dict[str, Any]:
    if edit is None:
        return {"change": None, "edited_at": None, "edited_by": None, "reason": None}
    return {"change": edit.change, "edited_at": edit.at, "edited_by": edit.actor, "reason": edit.reason}


def _verification(explanation: Explanation) -> dict[str, Any]:
    receipt, secret = explanation.receipt, explanation.secret
    verdict = receipt.verdict
    return {
        "verification_status": receipt.verification_status,
        "scheme": verdict.scheme if verdict else None,
        "status": verdict.status if verdict else None,
        "reason": verdict.reason if verdict else None,
        "message": verdict.message if verdict else None,
        "secret": shapes.secret(secret) if secret else None,
        "secret_id": verdict.secret_id if verdict else None,
        "skew_seconds": verdict.skew_seconds if verdict else None,
        "not_covered_by_signature": list(receipt.uncovered) if isinstance(receipt, WebhookReceived) else None,
    }


def _rejection(receipt: WebhookRejected) -> dict[str, Any]:
    return {"reason": receipt.reason, "message": receipt.message, "http_status": receipt.http_status}


def _evaluation(told: Explained, asker: str | None) -> dict[str, Any]:
    processed, asked = told.processed, told.requested
    return {
        "evaluation": told.number,
        "configuration": {name: getattr(told.pin, name) for name in ("environment", "version", "draft")},
        "requested": asked and {"by": asker, "reason": asked.reason, "replay_id": asked.replay_id},
        "event_type": _event_type(told),
        "idempotency": _idempotency(told),
        "mappings": [_mapping(turn, each) for turn, each in enumerate(told.mappings, start=1)],
        "mapped_event_types": list(told.mapped_types),
        "evaluation_error": told.broken.error if told.broken else None,
        "outcome": processed.outcome if processed else "pending",
        "actions_count": processed.actions_count if processed else 0,
    }


def _event_type(told: Explained) -> dict[str, Any]:
    made = told.classified
    failed = made if isinstance(made, ClassificationFailed) else None
    return {
        **_read(told.event_type),
        "event_type": made.event_type if isinstance(made, WebhookClassified) else None,
        "occurred_at": made.occurred_at if made else None,
        "warnings": list(made.warnings) if isinstance(made, WebhookClassified) else [],
        "error": failed and {"code": failed.reason, "message": failed.message, "nearest": failed.nearest},
    }


def _idempotency(told: Explained) -> dict[str, Any]:
    decided = told.idempotency
    original = decided.original_id if decided else None
    return {
        **_read(told.key),
        "outcome": decided.outcome if decided else None,
        "key": decided.key if decided else None,
        "original_id": original,
        "original": f"/v1/event_logs/{original}" if original else None,
        "same_body": decided.same_body if decided else None,
        "done_before": list(decided.done) if decided else [],
    }


def _read(found: ReadValue) -> dict[str, Any]:
    return {"path": found.path, "value": found.value, "type": found.type}


def _mapping(turn: int, told: ExplainedMapping) -> dict[str, Any]:
    action = told.action
    error = None if action is None or isinstance(action, ActionExecuted) else action.error
    return {
        "turn": turn,
        "mapping_id": told.mapping.id,
        "action_type": told.mapping.action_type,
        "active": told.mapping.active,
        "outcome": told.standing,
        "parameters": [
            {name: getattr(each, name) for name in ("name", "required", "configured", "origin", "value", "type")}
            for each in told.parameters
        ],
        "payload": action.payload if action else None,
        "result": action.result if isinstance(action, ActionExecuted) else None,
        "warnings": list(action.warnings) if isinstance(action, ActionExecuted) else [],
        "error": error and {name: getattr(error, name) for name in ("code", "message", "field", "path", "nearest")},
        "effects": [shapes.effect(each) for each in told.effects],
        "runs": list(told.runs),
    }


HANDLERS = [get_explanation]
