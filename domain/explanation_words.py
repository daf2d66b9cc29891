"""An explanation in words: a sentence for each thing that an engineer asks at night, in the order of what happened."""

import json
from collections.abc import Iterator

from domain.explanations import Explained, ExplainedMapping, ExplainedParameter
from domain.json_values import Json
from domain.verification import Verdict
from domain.webhooks import (
    ActionExecuted,
    ClassificationFailed,
    Pin,
    Receipt,
    WebhookReceived,
    WebhookRejected,
    WebhookReleased,
)

LONGEST_VALUE = 120

KEYS = {
    "executed": "it is the first with this key within the window",
    "no_key": "there is no value at the path, so that it is compared with nothing",
    "invalid_key": "the value there cannot be a key, so that it is compared with nothing",
    "disabled": "repetitions are not looked for",
}
STANDINGS = {
    "inactive": "was passed over, because it is not active",
    "not_meant": "was passed over, because it is meant for identify calls alone",
    "done_before": "was passed over, because an earlier evaluation or delivery of the same key had carried it out",
    "duplicate": "did not run, because the webhook repeats another",
    "not_reached": "has not run",
}
RAN = {"success": "succeeded", "skipped": "was skipped", "error": "failed"}


def of_receipt(receipt: Receipt, rejected: WebhookRejected | None = None) -> Iterator[str]:
    """What arrived, and whether it was let in: at first, if it was `rejected`, and as it counts now."""
    yield (
        f"{receipt.method} for {receipt.source} in {receipt.environment} at {receipt.received_at.isoformat()}, "
        f"judged under version {receipt.configuration_version} of the configuration."
    )
    rejected = receipt if isinstance(receipt, WebhookRejected) else rejected
    if rejected is not None:
        under = f" under version {rejected.configuration_version}" if rejected is not receipt else ""
        yield f"It was rejected with {rejected.http_status}{under} ({rejected.reason}): {rejected.message}."
    if receipt.verdict is not None and rejected is not receipt:
        yield of_verdict(receipt.verdict)
    if isinstance(receipt, WebhookReceived) and receipt.uncovered:
        yield f"No signature vouches for its {' and '.join(receipt.uncovered)}."


def of_verdict(verdict: Verdict) -> str:
    """What became of verifying it."""
    age = "" if verdict.skew_seconds is None else f"; it was signed {_age(verdict.skew_seconds)}"
    if verdict.status == "verified":
        return f"The signature ({verdict.scheme}) is genuine, by secret {verdict.secret_id}{age}."
    found = f" Secret {verdict.secret_id} matches." if verdict.secret_id else ""
    return f"Verification ({verdict.scheme}) says {verdict.status}: {verdict.message or verdict.reason}{age}.{found}"


def _age(seconds: float) -> str:
    return f"{abs(seconds):g} s {'before' if seconds >= 0 else 'after'} it was received"


def of_evaluation(explained: Explained) -> Iterator[str]:
    """What one evaluation decided, and from what."""
    yield f"Evaluation {explained.number}, under {_configuration(explained.pin)}{_because(explained)}:"
    if explained.broken is not None:
        yield f"It broke: {explained.broken.error}."
    if explained.classified is not None:
        yield _classified(explained)
    if explained.idempotency is not None:
        yield _idempotency(explained)
    for turn, mapping in enumerate(explained.mappings, start=1):
        yield from _mapping(turn, mapping)
    if explained.processed is None:
        yield "The worker has not come to it yet."
        return
    if explained.mapped_types and explained.processed.outcome == "unmapped":
        yield f"No mapping is for this event type; there are mappings for {', '.join(explained.mapped_types)}."
    yield f"It came to: {explained.processed.outcome}."


def _configuration(pin: Pin) -> str:
    """A configuration by its version; with the draft of a replay on top, if there was one."""
    drafted = f" with the draft of replay {pin.draft}" if pin.draft else ""
    return f"version {pin.version} of {pin.environment}{drafted}"


def _because(explained: Explained) -> str:
    asked = explained.requested
    if asked is None:
        return ""
    replay = f" by replay {asked.replay_id}" if asked.replay_id else ""
    what = "released" if isinstance(asked, WebhookReleased) else "asked for"
    return f", {what}{replay} because {asked.reason!r}"


def _classified(explained: Explained) -> str:
    classified = explained.classified
    if isinstance(classified, ClassificationFailed):
        return f"It has no event type: {classified.message}."
    assert classified is not None
    occurred = f", of {classified.occurred_at.isoformat()}" if classified.occurred_at else ""
    warnings = "".join(f" Warning: {warning}." for warning in classified.warnings)
    return f"Its event type is {classified.event_type}, as {classified.event_type_path} says{occurred}.{warnings}"


def _idempotency(explained: Explained) -> str:
    decided = explained.idempotency
    assert decided is not None
    if decided.key is None:
        where = f" ({decided.path})" if decided.path else ""
        return f"Of repetitions: {KEYS[decided.outcome]}{where}."
    key = f"Its key is {_shown(decided.key)}, from {decided.path}; "
    if explained.number > 1:
        return f"{key}a later evaluation is no repetition."
    if decided.original_id is None:
        return f"{key}{KEYS['executed']}."
    body = "the same body" if decided.same_body else "another body"
    if decided.outcome == "replayed":
        return f"{key}it repeats webhook {decided.original_id} ({body}), so nothing is carried out."
    return f"{key}webhook {decided.original_id} ({body}) succeeded in part, so what is left is carried out."


def _mapping(turn: int, told: ExplainedMapping) -> Iterator[str]:
    name = f"{turn}. {told.mapping.action_type} (mapping {told.mapping.id})"
    if told.action is None:
        yield f"{name} {STANDINGS[told.standing]}."
    elif isinstance(told.action, ActionExecuted):
        warnings = "".join(f" Warning: {warning}." for warning in told.action.warnings)
        yield f"{name} succeeded: {_shown(told.action.result)}.{warnings}"
    else:
        yield f"{name} {RAN[told.standing]}: {told.action.error.message}."
    for parameter in told.parameters:
        yield f"   {_parameter(parameter)}"
    if told.runs:
        yield f"   It started {len(told.runs)} run{'s' if len(told.runs) > 1 else ''}: {', '.join(told.runs[:5])}."


def _parameter(parameter: ExplainedParameter) -> str:
    where = _origin(parameter.origin)
    if parameter.type == "missing":
        needed = "required" if parameter.required else "optional"
        return f"{parameter.name} ({needed}): nothing {where}"
    return f"{parameter.name} = {_shown(parameter.value)} ({parameter.type}) {where}"


def _origin(origin: Json) -> str:
    match origin:
        case {"constant": True}:
            return "as a constant"
        case {"path": str(path)}:
            return f"from {path}"
        case {"template": str(template)}:
            return f"from the template {template}"
        case {"paths": [*candidates]}:
            return f"from {' or '.join(map(str, candidates))}"
        case _:
            return "from a map of parameters"


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, default=dict)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
