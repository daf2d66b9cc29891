"""Recounts beside the worker: on record, in time, and an alarm when accounting and log disagree."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from psycopg.sql import SQL, Identifier

from application.queries import AccountingFilter
from infrastructure import leases, recounts
from infrastructure.advisory_locks import AdvisoryLock
from infrastructure.database import Database
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.recounts import Recounting
from infrastructure.views.overviews import PostgresOverviews
from tests import examples, histories, stores
from tests.servers import within


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        for change in histories.everything():
            stores.ledger(database).append(change)
        stores.drain(database)
        yield database


def recount(database: Database, hours: float) -> None:
    """Recount if it is due so many hours after the first time."""
    at = examples.AT + timedelta(hours=hours)
    Recounting(database=database, hours=24, clock=lambda: at).run_once()


def found(database: Database, hours: float = 0) -> tuple[str, str]:
    """What the doctor says then."""
    at = examples.AT + timedelta(hours=hours)
    [finding] = recounts.examine(database, 24, lambda: at)
    return finding.grade, finding.words


def told(database: Database, environment: str | None = None) -> dict[str, object]:
    """What the API says beside the entries."""
    overviews = PostgresOverviews(ledger=stores.ledger(database), recorder=database.recorder(WorkerRecorder))
    return dict(overviews.recount(AccountingFilter(environment=environment)))


def test_a_recount_that_agrees_is_on_record(database: Database) -> None:
    assert found(database) == ("ok", "none yet")
    assert told(database) == {"recounted_at": None, "agrees": None}
    recount(database, 0)
    number = len(stores.rows(database, "ledger_events"))
    assert found(database, 2) == ("ok", f"{number} events 2.0 hours ago: accounting and log agree")
    assert told(database) == {"recounted_at": examples.AT, "agrees": True}
    assert found(database, 100)[0] == "warning"


def test_it_is_done_again_when_it_is_due(database: Database) -> None:
    for hours in (0, 23, 24, 25):
        recount(database, hours)
    times = [at for (at,) in stores.rows(database, "recounts", ["at"])]
    assert times == [examples.AT, examples.AT + timedelta(hours=24)]


def test_a_disagreement_is_an_alarm(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    spoil = "UPDATE {} SET webhooks = webhooks + 1 WHERE outcome = 'executed' AND environment = %s"
    with database.connect() as connection:
        table = Identifier(database.schema, "accounting")
        connection.execute(SQL(spoil).format(table), (histories.ENVIRONMENT,))
    recount(database, 0)
    assert "the accounting disagrees with the log" in capsys.readouterr().out
    grade, words = found(database)
    assert grade == "problem"
    assert f"{histories.SOURCE} in {histories.ENVIRONMENT}" in words
    assert told(database)["agrees"] is False
    assert told(database, histories.ENVIRONMENT)["agrees"] is False
    assert told(database, "another")["agrees"] is True


def test_one_process_recounts_by_itself(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounts, "POLL", 0.05)
    recounting = Recounting(database=database, hours=24, clock=lambda: examples.AT)
    thread = threading.Thread(target=recounting.run)
    with database.connect() as other:
        assert leases.held(other, AdvisoryLock.RECOUNTER)
        thread.start()
        assert not within(0.5, lambda: recounts.last(database) is not None)
    try:
        assert within(30, lambda: recounts.last(database) is not None)
    finally:
        recounting.stop()
        thread.join()
