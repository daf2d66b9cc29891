"""Whether a delivery repeats an earlier one (the rules of the providers' at-least-once delivery).

A key counts within one event type of one source in one environment. Only an execution in which no action failed
is a precedent that ends the matter; after a partial failure a redelivery runs what has not succeeded yet.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from domain import paths
from domain.json_values import Json
from domain.settings import Settings
from domain.webhooks import (
    ActionExecuted,
    ActionFailed,
    Again,
    Decision,
    EvaluationFailed,
    IdempotencyDecided,
    KeyOutcome,
    WebhookProcessed,
)

LONGEST_KEY = 255

Scope = tuple[str, str, str, str]
"""Source, environment, event type and key: what must agree for two deliveries to be the same."""


@attrs.frozen(kw_only=True)
class Precedent:
    """What an earlier delivery left: who it was, when, and which mappings it carried out; `complete` if none failed."""

    webhook_id: str
    received_at: datetime
    complete: bool
    done: tuple[str, ...]
    body_digest: str | None


@attrs.frozen(kw_only=True)
class Key:
    """The key of a delivery as far as it can be told without looking at earlier ones."""

    outcome: KeyOutcome
    value: str | None


def key_of(context: Mapping[str, Json], settings: Settings) -> Key:
    """Read the key. Integers count as their digits; other types, more than 255 characters and NUL are invalid."""
    if not settings.deduplicates or settings.idempotency_key_path is None:
        return Key(outcome="disabled", value=None)
    value = paths.resolve(paths.parse(settings.idempotency_key_path), context)
    if value is paths.UNRESOLVED or value is None or value == "":
        return Key(outcome="no_key", value=None)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > LONGEST_KEY or "\0" in value:
        return Key(outcome="invalid_key", value=None)
    return Key(outcome="executed", value=value)


def decide(
    key: Key,
    *,
    precedent: Precedent | None,
    settings: Settings,
    received_at: datetime,
    evaluation: int,
    body_digest: str | None,
) -> IdempotencyDecided:
    """Compare with the precedent of the same scope, if there is one within the window."""
    path = settings.idempotency_key_path if key.outcome != "disabled" else None
    if key.value is None or precedent is None or _expired(precedent, settings, received_at):
        return IdempotencyDecided(
            evaluation=evaluation, outcome=key.outcome, key=key.value, path=path, body_digest=body_digest
        )
    return IdempotencyDecided(
        evaluation=evaluation,
        outcome="replayed" if precedent.complete else "executed",
        key=key.value,
        path=path,
        body_digest=body_digest,
        original_id=precedent.webhook_id,
        same_body=precedent.body_digest == body_digest,
        done=() if precedent.complete else precedent.done,
    )


def decide_again(
    key: Key,
    again: Again,
    *,
    webhook_id: str,
    precedent: Precedent | None,
    settings: Settings,
    evaluation: int,
    body_digest: str | None,
) -> IdempotencyDecided:
    """Of a later evaluation: it repeats nothing, because somebody wants it, and names another delivery of the key."""
    other = precedent if precedent and key.value is not None and precedent.webhook_id != webhook_id else None
    return IdempotencyDecided(
        evaluation=evaluation,
        outcome=key.outcome,
        key=key.value,
        path=settings.idempotency_key_path if key.outcome != "disabled" else None,
        body_digest=body_digest,
        original_id=other.webhook_id if other else None,
        same_body=other.body_digest == body_digest if other else None,
        done=again.done,
        unfinished=tuple(each for each in again.failed if not again.wants(each)),
    )


def _expired(precedent: Precedent, settings: Settings, received_at: datetime) -> bool:
    # A clock that stepped back makes the difference negative: still within the window, never executed twice.
    age = (received_at - precedent.received_at).total_seconds()
    return age >= settings.idempotency_window_seconds


def precedent_of(webhook_id: str, received_at: datetime, decisions: Sequence[Decision]) -> Precedent | None:
    """What these decisions leave for later deliveries; None where there was no key or nothing was executed."""
    decided, executed, complete = None, [], True
    for each in decisions:
        if isinstance(each, ActionExecuted):
            executed.append(each.mapping_id)
        elif isinstance(each, ActionFailed | EvaluationFailed):
            complete = False
        elif isinstance(each, IdempotencyDecided):
            decided = each
    if decided is None or decided.key is None or decided.outcome != "executed":
        return None
    if decided.evaluation > 1 and decided.original_id is not None:
        return None  # another delivery of the key is what later ones repeat, and it stays so
    return Precedent(
        webhook_id=webhook_id,
        received_at=received_at,
        complete=complete and not decided.unfinished,
        done=(*decided.done, *executed),
        body_digest=decided.body_digest,
    )


def scope_of(decisions: Iterable[object]) -> Scope | None:
    """The scope that these decisions were about; None where there was no key."""
    key = next((each.key for each in decisions if isinstance(each, IdempotencyDecided)), None)
    processed = next((each for each in decisions if isinstance(each, WebhookProcessed)), None)
    if key is None or processed is None or processed.event_type is None:
        return None
    return processed.source, processed.environment, processed.event_type, key


def digest(body: bytes) -> str:
    """What tells two bodies apart: the first 128 bits of SHA-256, in hex."""
    return hashlib.sha256(body).hexdigest()[:32]
