"""An erasure that is killed with `kill -9` at any of its steps has either happened wholly or not at all."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from infrastructure.database import Database
from infrastructure.erasing.destroying import Destroyer
from infrastructure.erasing.read_models import ReadModels
from infrastructure.event_store.recorder import WorkerRecorder
from tests import examples, histories, stores
from tests.infrastructure.test_erasing import SUBJECTS, erase

STEPS = {
    "keys": (ReadModels, "destroy_keys"),
    "read models": (ReadModels, "forget"),
    "the subject": (ReadModels, "forget_entity"),
    "restatements": (Destroyer, "_write"),
    "events": (WorkerRecorder, "append"),
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        for change in histories.everything():
            stores.ledger(database).append(change)
        stores.drain(database, clock=lambda: examples.LATER)
        yield database


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that an erasure could have changed."""
    return {
        table: stores.rows(database, table) for table in (*stores.read_models(database), "data_keys", "ledger_events")
    }


def killed(url: str, step: str) -> None:
    """Erase Ann, and kill this process as soon as a step is done."""
    cls, name = STEPS[step]
    done = getattr(cls, name)

    def and_die(*args: Any, **kwargs: Any) -> None:
        done(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(cls, name, and_die)
    with stores.migrated(url) as database:
        erase(database, SUBJECTS["ann"])


@pytest.mark.parametrize("step", STEPS)
def test_killed_before_the_commit_nothing_has_happened(database: Database, database_url: str, step: str) -> None:
    before = everything(database)
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(database_url, step))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert everything(database) == before
    completed = erase(database, SUBJECTS["ann"])
    assert completed.webhooks > 5
    assert everything(database) != before
