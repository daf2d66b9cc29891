"""What a replay remembers of the log does not grow with the log."""

import gc
from datetime import timedelta

import attrs
import pytest

from application import recollecting
from application.catalogue import DRAFTS, ConfigurationHistory
from application.recollecting import Recollection
from application.records import Change
from domain import configurations, replays, runs
from domain.idempotency import Precedent
from domain.webhooks import Pin
from infrastructure import schemas
from tests import examples
from tests.application.in_memory import InMemory


@pytest.fixture
def recollection(monkeypatch: pytest.MonkeyPatch) -> Recollection:
    """One of the examples' source, that tidies up often."""
    monkeypatch.setattr(recollecting, "MANY", 10)
    source, environment = examples.SOURCE, examples.ENVIRONMENT
    return Recollection(
        source=source, environment=environment, check_schema=schemas.violation, keeps_facts=True, window=60
    )


def living(cls: type[object]) -> int:
    """How many of a class are in memory."""
    gc.collect()
    return sum(isinstance(each, cls) for each in gc.get_objects())


def test_deliveries_on_record_that_are_too_old_to_count_are_forgotten(recollection: Recollection) -> None:
    before = living(Precedent)
    for number in range(100):
        decisions = (
            attrs.evolve(examples.IDEMPOTENCY_DECIDED, outcome="executed", key=f"key-{number}", original_id=None),
            examples.ACTION_EXECUTED,
            attrs.evolve(examples.WEBHOOK_PROCESSED, received_at=examples.AT + timedelta(minutes=number)),
        )
        recollection.note_recorded(f"webhook-{number}", decisions)
    assert 0 < living(Precedent) - before < 15


@pytest.mark.parametrize(("end", "kept"), [(examples.RUN_COMPLETED, 10), (examples.RUN_FAILED, 100)])
def test_runs_that_ended_are_forgotten_unless_somebody_may_retry_them(
    recollection: Recollection, end: runs.Event, kept: int
) -> None:
    before = living(runs.RunStarted)
    for number in range(100):
        run_id = f"run-{number}"
        recollection.note_run(attrs.evolve(examples.RUN_STARTED, run_id=run_id, cancellation_key="key"))
        recollection.note_run(attrs.evolve(end, run_id=run_id))
    assert living(runs.RunStarted) - before == kept


def test_of_drafts_only_a_few_are_remembered() -> None:
    it = InMemory()
    it.put()
    history, before = ConfigurationHistory(it.ledger), living(configurations.Configuration)
    stood = it.configuration()
    for number in range(3 * DRAFTS):
        stream = replays.draft_stream(f"replay-{number}")
        it.ledger.append(Change(stream=stream, version=0, events=(examples.IDENTIFY_ADDED,)))
        pin = Pin(environment=stood.environment, version=stood.version, draft=f"replay-{number}")
        assert history.of(stood.source, pin) is history.of(stood.source, pin)
        assert history.of(stood.source, pin).mappings[-1].id == examples.IDENTIFY_ADDED.mapping_id
    assert DRAFTS <= living(configurations.Configuration) - before <= DRAFTS + stood.version
