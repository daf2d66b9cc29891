"""Counting again from the log: what the read models must hold, by other means than the projections themselves."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from application.records import Recorded
from domain import directory, merging, recipients, webhooks
from domain.actions.outcomes import Reference
from infrastructure.database import Database
from tests import stores

STATUS = {"ActionExecuted": "success", "ActionSkipped": "skipped", "ActionFailed": "error"}


def require_agreement(database: Database) -> Counter[str]:
    """Assert that every webhook was decided once, and that the read models say so. Returns how many met which fate."""
    log = list(stores.log(database))
    assert [each for each in log if isinstance(each.event, webhooks.EvaluationFailed)] == []
    received = [each for each in log if isinstance(each.event, webhooks.WebhookReceived)]
    decisions = _decisions(log)
    assert set(decisions) == {each.stream for each in received}
    for stream, decided in decisions.items():
        _require_one_evaluation(stream, decided)
    fates = Counter(_processed(decided).outcome for decided in decisions.values())
    lines = stores.rows(database, "event_logs", ["id", "outcome", "actions_count", "evaluations"])
    assert {line[0]: line[1:] for line in lines} == {
        webhooks.id_of(stream): (_processed(decided).outcome, _processed(decided).actions_count, 1)
        for stream, decided in decisions.items()
    }
    assert _counted(database) == fates
    actions = stores.rows(database, "action_logs", ["stream", "version", "action_type", "action_status"])
    assert sorted(actions) == sorted(_actions(log))
    entities = stores.rows(database, "entities", ["environment", "collection", "id", "properties"])
    assert {line[:3]: line[3] for line in entities} == _entities(log)
    assert stores.rows(database, "parked") == []
    return Counter({str(outcome): number for outcome, number in fates.items()})


def _decisions(log: Sequence[Recorded]) -> dict[str, list[Recorded]]:
    decisions: dict[str, list[Recorded]] = defaultdict(list)
    for recorded in log:
        if isinstance(recorded.event, webhooks.Decision):
            decisions[recorded.stream].append(recorded)
    return decisions


def _require_one_evaluation(stream: str, decided: Sequence[Recorded]) -> None:
    """One of each decision, the last of them that it is complete, right behind the receipt."""
    names = [type(each.event).__name__ for each in decided]
    once = [name for name in names if name not in STATUS]
    assert len(once) == len(set(once)), f"{stream} was decided more than once: {names}"
    assert names[-1] == "WebhookProcessed"
    assert [each.version for each in decided] == list(range(2, len(decided) + 2))


def _processed(decided: Sequence[Recorded]) -> webhooks.WebhookProcessed:
    processed = decided[-1].event
    assert isinstance(processed, webhooks.WebhookProcessed)
    return processed


def _counted(database: Database) -> Mapping[str, int]:
    counted: Counter[str] = Counter()
    for outcome, number in stores.rows(database, "accounting", ["outcome", "webhooks"]):
        counted[outcome] += number
    return counted


def _actions(log: Sequence[Recorded]) -> Iterator[tuple[str, int, str, str]]:
    for recorded in log:
        if isinstance(recorded.event, webhooks.ActionOutcome):
            name = type(recorded.event).__name__
            yield recorded.stream, recorded.version, recorded.event.action_type, STATUS[name]


def _entities(log: Sequence[Recorded]) -> dict[tuple[str, str, str], Any]:
    entities: dict[tuple[str, str, str], Any] = {}
    for recorded in log:
        if isinstance(recorded.event, webhooks.ActionExecuted):
            event = recorded.event
            for effect in directory.effects(event.action_type, event.payload, event.result):
                _take(entities, event.environment, effect)
    return entities


def _take(entities: dict[tuple[str, str, str], Any], environment: str, effect: directory.Effect) -> None:
    if isinstance(effect, directory.EntityMerged):
        key = (environment, *_place(effect.reference))
        entities[key] = merging.merge(entities.get(key, {}), effect.properties)
    elif isinstance(effect, directory.EntityRemoved):
        entities.pop((environment, *_place(effect.reference)), None)


def _place(reference: Reference) -> tuple[str, str]:
    collection = {"user": recipients.USERS, "tenant": recipients.TENANTS}.get(reference[0])
    return collection or reference[1], reference[-1]
