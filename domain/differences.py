"""What one evaluation of a webhook came to and another would: compared by what matters, field by field. Pure.

Ids that merely follow from the number of an evaluation are no difference, nor is the wording of a mapping that leads
to the same values.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, get_args

import attrs

from domain.json_values import OBJECTS, Json, same
from domain.webhooks import (
    ActionError,
    ActionExecuted,
    ActionFailed,
    ActionOutcome,
    ActionSkipped,
    ClassificationFailed,
    Decision,
    EvaluationFailed,
    IdempotencyDecided,
    Outcome,
    WebhookClassified,
    WebhookProcessed,
)

Kind = Literal[
    "verdict",
    "outcome",
    "event_type",
    "idempotency",
    "classification_error",
    "evaluation_error",
    "action_added",
    "action_removed",
    "action_changed",
    "error_added",
    "error_removed",
    "error_changed",
    "not_evaluable",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

NOTHING: Final[Mapping[str, ActionOutcome]] = {}
FOLLOWING: Final = frozenset({"id"})
"""Members of a result that follow from the number of the evaluation."""


@attrs.frozen(kw_only=True)
class Standing:
    """How a webhook stands after its evaluations: the last one's verdict, and of each mapping what counts."""

    verification_status: str | None
    outcome: Outcome
    event_type: str | None = None
    idempotency: IdempotencyDecided | None = None
    unclassified: ClassificationFailed | None = None
    broken: str | None = None
    actions: Mapping[str, ActionOutcome] = attrs.field(default=NOTHING)


@attrs.frozen(kw_only=True)
class Change:
    """One difference. `field` is a path within the action, such as `payload.email`."""

    kind: Kind
    before: Json = None
    after: Json = None
    action_type: str | None = None
    mapping_id: str | None = None
    field: str | None = None


def standing(verification_status: str | None, decisions: Sequence[Decision]) -> Standing:
    """How a webhook stands after one evaluation; without decisions it was rejected."""
    stands = Standing(verification_status=verification_status, outcome="rejected")
    return after(stands, decisions)


def after(stands: Standing, decisions: Sequence[Decision]) -> Standing:
    """How it stands after one evaluation more: what was carried out once stays so, whatever became of it later."""
    later = bool(stands.actions)
    actions = dict(stands.actions)
    changes: dict[str, object] = {}
    for each in decisions:
        match each:
            case WebhookClassified():
                changes.update(unclassified=None, event_type=each.event_type)
            case ClassificationFailed():
                changes.update(unclassified=each)
            case IdempotencyDecided() if each.evaluation == 1 or stands.idempotency is None:
                changes.update(idempotency=each)
            case ActionExecuted() | ActionSkipped() | ActionFailed():
                _put(actions, each)
            case EvaluationFailed():
                changes.update(broken=each.error)
            case WebhookProcessed():
                changes.update(outcome=each.outcome)
            case _:
                pass  # what the first evaluation said of the key counts
    stands = attrs.evolve(stands, actions=actions, **changes)  # type: ignore[arg-type]
    return attrs.evolve(stands, outcome=_outcome(stands)) if later else stands


def _put(actions: dict[str, ActionOutcome], outcome: ActionOutcome) -> None:
    before = actions.get(outcome.mapping_id)
    if isinstance(outcome, ActionExecuted) or not isinstance(before, ActionExecuted):
        actions[outcome.mapping_id] = outcome


def _outcome(stands: Standing) -> Outcome:
    """Of several evaluations together, since each of them may have been about some mappings only."""
    executed = sum(isinstance(each, ActionExecuted) for each in stands.actions.values())
    if executed == len(stands.actions):
        return "executed"
    skipped = all(isinstance(each, ActionSkipped) for each in stands.actions.values())
    return "partially_executed" if executed or skipped else "failed"


def identical(before: Sequence[Decision], now: Sequence[Decision]) -> bool:
    """Whether two evaluations came to the very same; soon told, as most do."""
    if tuple(before) != tuple(now):
        return False
    # To Python true equals 1, which it does not in JSON.
    return all(
        same(old.payload, new.payload) and same(old.result, new.result)
        for old, new in zip(before, now, strict=True)
        if isinstance(old, ActionExecuted) and isinstance(new, ActionExecuted)
    )


def compare(before: Standing, now: Standing) -> tuple[Change, ...]:
    """Every difference, the general ones first, then action by action."""
    return (*_general(before, now), *_of_actions(before.actions, now.actions))


def _general(before: Standing, now: Standing) -> Iterator[Change]:
    pairs: tuple[tuple[Kind, str | None, Json, Json], ...] = (
        ("verdict", "verification_status", before.verification_status, now.verification_status),
        ("outcome", "outcome", before.outcome, now.outcome),
        ("event_type", "event_type", before.event_type, now.event_type),
        ("classification_error", None, _unclassified(before), _unclassified(now)),
        ("evaluation_error", None, before.broken, now.broken),
    )
    for kind, field, old, new in pairs:
        if not same(old, new):
            yield Change(kind=kind, field=field, before=old, after=new)
    for name in ("outcome", "key", "original_id"):
        old, new = getattr(before.idempotency, name, None), getattr(now.idempotency, name, None)
        if old != new:
            yield Change(kind="idempotency", field=name, before=old, after=new)


def _unclassified(stands: Standing) -> Json:
    failed = stands.unclassified
    return None if failed is None else {"code": failed.reason, "message": failed.message}


def _of_actions(before: Mapping[str, ActionOutcome], now: Mapping[str, ActionOutcome]) -> Iterator[Change]:
    for old, new in _paired(before, now):
        if isinstance(old, ActionExecuted) and isinstance(new, ActionExecuted):
            yield from _altered(old, new)
        else:
            yield from _made_or_gone(old, new)


Pair = tuple[ActionOutcome | None, ActionOutcome | None]


def _paired(before: Mapping[str, ActionOutcome], now: Mapping[str, ActionOutcome]) -> list[Pair]:
    """Outcomes that belong together: of one mapping, else of the same kind, since another environment has other ids."""
    pairs: list[Pair] = []
    old, new = dict(before), dict(now)
    for mapping_id in [each for each in old if each in new and _kind(old[each]) == _kind(new[each])]:
        pairs.append((old.pop(mapping_id), new.pop(mapping_id)))
    for outcome in old.values():
        twin = next((each for each in new if _kind(new[each]) == _kind(outcome)), None)
        pairs.append((outcome, None if twin is None else new.pop(twin)))
    return [*pairs, *((None, outcome) for outcome in new.values())]


def _kind(outcome: ActionOutcome) -> tuple[str, object]:
    return outcome.action_type, outcome.parameters.get("key") if "workflows" in outcome.action_type else None


def _altered(old: ActionExecuted, new: ActionExecuted) -> Iterator[Change]:
    found = _fields("payload", old.payload, new.payload)
    if old.evaluation == new.evaluation:
        # At another time other things exist, so that the same action may have found some and made others.
        found += _fields("result", _result(old), _result(new))
        found += _fields("warnings", list(old.warnings), list(new.warnings))
    for field, left, right in found:
        yield _change("action_changed", new, field=field, before=left, after=right)


def _result(executed: ActionExecuted) -> Mapping[str, Json]:
    """The result without what follows from ids: of cancelled runs their number remains."""
    kept = {name: value for name, value in executed.result.items() if name not in FOLLOWING}
    cancelled = kept.get("cancelled")
    return kept if not isinstance(cancelled, list) else {**kept, "cancelled": len(cancelled)}


def _fields(name: str, old: Json, new: Json) -> list[tuple[str, Json, Json]]:
    if isinstance(old, OBJECTS) and isinstance(new, OBJECTS):
        names = [*old, *(each for each in new if each not in old)]
        return [found for each in names for found in _fields(f"{name}.{each}", old.get(each), new.get(each))]
    return [] if same(old, new) else [(name, old, new)]


def _made_or_gone(old: ActionOutcome | None, new: ActionOutcome | None) -> Iterator[Change]:
    if isinstance(new, ActionExecuted):
        yield _change("action_added", new, after=new.payload)
    if isinstance(old, ActionExecuted):
        yield _change("action_removed", old, before=old.payload)
    left, right = _error(old), _error(new)
    about = new or old
    if about is None or same(left, right):
        return
    kind: Kind = "error_added" if left is None else "error_removed" if right is None else "error_changed"
    yield _change(kind, about, before=left, after=right)


def _error(outcome: ActionOutcome | None) -> Json:
    if outcome is None or isinstance(outcome, ActionExecuted):
        return None
    error: ActionError = outcome.error
    status = "skipped" if isinstance(outcome, ActionSkipped) else "error"
    return {"status": status, "code": error.code, "message": error.message, "field": error.field, "path": error.path}


def _change(
    kind: Kind, about: ActionOutcome, *, field: str | None = None, before: Json = None, after: Json = None
) -> Change:
    return Change(
        kind=kind, action_type=about.action_type, mapping_id=about.mapping_id, field=field, before=before, after=after
    )


def due(changes: Sequence[Change]) -> tuple[str, ...]:
    """The mappings whose actions would have to be carried out for the difference to be made up for."""
    wanted = (each.mapping_id for each in changes if each.kind in ("action_added", "action_changed"))
    return tuple(dict.fromkeys(each for each in wanted if each is not None))


@attrs.frozen(kw_only=True)
class Totals:
    """Differences counted. `evaluated` = `unchanged` + `changed`; those that cannot be evaluated come on top."""

    evaluated: int = 0
    unchanged: int = 0
    changed: int = 0
    actions_added: int = 0
    actions_removed: int = 0
    actions_changed: int = 0
    errors_added: int = 0
    errors_removed: int = 0
    not_evaluable: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            **{name: getattr(self, name) + getattr(other, name) for name in attrs.fields_dict(Totals)},
        )

    @property
    def processed(self) -> int:
        """How many webhooks they are about."""
        return self.evaluated + self.not_evaluable


def count(changes: Sequence[Change]) -> Totals:
    """The totals of one webhook."""
    if any(each.kind == "not_evaluable" for each in changes):
        return Totals(not_evaluable=1)
    counted = {kind: sum(each.kind == kind for each in changes) for kind in KINDS}
    general = [each for each in changes if each.kind in ("classification_error", "evaluation_error")]
    altered = {each.mapping_id for each in changes if each.kind == "action_changed"}
    return Totals(
        evaluated=1,
        unchanged=int(not changes),
        changed=int(bool(changes)),
        actions_added=counted["action_added"],
        actions_removed=counted["action_removed"],
        actions_changed=len(altered),
        errors_added=counted["error_added"] + sum(each.before is None for each in general),
        errors_removed=counted["error_removed"] + sum(each.after is None for each in general),
    )
