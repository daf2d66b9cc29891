"""Rebuilding: the log alone makes the read models anew, to the byte, while the worker goes on."""

import threading
from collections.abc import Iterator

import pytest

from application.errors import Busy
from domain.slices import Slice
from infrastructure import recounting
from infrastructure.database import Database
from infrastructure.projections import rebuilding, registry
from tests import databases, examples, histories, replaying, stores

ALL = list(registry.PROJECTIONS)
ROUNDS = 12
PAUSE = 0.05
"""Seconds between two deliveries, so that the rebuilding, on however slow a machine, comes to an end."""


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    """The whole history, settled in pages of three: edits lie among webhooks whose decisions come behind them.

    Then a replay for real evaluates some of it once more, and releases what was rejected.
    """
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        _append_everything(database)
        stores.drain(database, page=3)
        _replay(database)
        yield database


def _replay(database: Database) -> None:
    pin = histories.remap(stores.ledger(database))
    stores.drain(database)
    for number, outcomes in enumerate(((), ("rejected",))):
        replay = replaying.request(
            database,
            f"replay-{number}",
            source=histories.SOURCE,
            environment=histories.ENVIRONMENT,
            pin=pin,
            of=Slice(outcomes=outcomes),
            mode="apply",
            reason="for the record",
        )
        assert replaying.run(database, replay)["apply"]["applied"] > 0


@pytest.fixture
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a rebuild of a short log take as many steps as one of a long log."""
    monkeypatch.setattr(rebuilding, "PAGE", 40)
    monkeypatch.setattr(rebuilding, "NEAR", 60)


def quietly(done: int, total: int) -> None:
    """Whatever the progress, say nothing."""


def _append_everything(database: Database) -> None:
    ledger = stores.ledger(database)
    for change in histories.everything():
        ledger.append(change)


@pytest.mark.parametrize("page", [1, 2, 5, 500])
def test_read_models_do_not_depend_on_how_the_log_was_cut_into_pages(database_url: str, page: int) -> None:
    with stores.migrated(database_url) as database, stores.migrated(database_url, schema="whole") as other:
        for each, size in ((database, page), (other, 7)):
            _append_everything(each)
            stores.drain(each, page=size, clock=lambda: examples.LATER)
        assert stores.read_models(database) == stores.read_models(other)


@pytest.mark.parametrize("names", [*([name] for name in ALL), ALL[:3], []], ids=lambda names: "+".join(names) or "all")
def test_a_rebuild_gives_the_same_to_the_byte(database: Database, names: list[str]) -> None:
    before = stores.read_models(database)
    _spoil(database, names or ALL)
    assert stores.read_models(database) != before
    rebuilding.rebuild(database, names, quietly)
    assert stores.read_models(database) == before


def test_the_accounting_agrees_with_the_log_after_releases_and_later_evaluations(database: Database) -> None:
    lines = recounting.recount(database, quietly).lines
    assert lines
    assert [line for line in lines if not line.agrees] == []


def test_a_rebuild_in_many_steps_gives_the_same(database: Database, in_small_steps: None) -> None:
    before = stores.read_models(database)
    rebuilding.rebuild(database, [], quietly)
    assert stores.read_models(database) == before


def test_a_rebuilt_table_is_made_like_a_new_one(database: Database) -> None:
    """With the same columns, constraints and indexes, under the same names."""
    before = _made(database)
    rebuilding.rebuild(database, [], quietly)
    assert _made(database) == before
    assert len(before) > 30


def test_a_rebuild_says_how_far_it_is(database: Database, in_small_steps: None) -> None:
    said: list[tuple[int, int]] = []
    rebuilding.rebuild(database, ["accounting"], lambda done, total: said.append((done, total)))
    head = stores.ledger(database).head()
    assert said == sorted(said)
    assert said[-1] == (head, head)


def test_a_rebuild_while_the_worker_goes_on_misses_and_doubles_nothing(database_url: str, in_small_steps: None) -> None:
    """New webhooks are received and settled all the while, and settled in the new tables once these took over."""
    with stores.migrated(database_url) as database:
        _append_everything(database)
        stop = threading.Event()
        threads = [threading.Thread(target=use, args=(database, stop)) for use in (_receive, _work)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            rebuilding.rebuild(database, [], quietly)
        stop.set()
        for thread in threads:
            thread.join()
        stores.drain(database)
        live = stores.read_models(database)
        assert stores.rows(database, "parked") == []
        rebuilding.rebuild(database, [], quietly)
        assert stores.read_models(database) == live
        assert len(live["event_logs"]) > 100


def _receive(database: Database, stop: threading.Event) -> None:
    ledger, number = stores.ledger(database), 0
    while not stop.wait(PAUSE) or number < ROUNDS:
        number += 1
        for change in histories.deliveries(number):
            ledger.append(change)


def _work(database: Database, stop: threading.Event) -> None:
    working = stores.pipeline(database, page=20)
    while not stop.is_set():
        working.run_once()


def test_an_interrupted_rebuild_leaves_the_old_tables(database: Database, in_small_steps: None) -> None:
    before = stores.read_models(database)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilding.rebuild(database, [], interrupt)
    assert stores.read_models(database) == before


def test_a_rebuild_whose_connection_breaks_leaves_the_old_tables(database: Database, in_small_steps: None) -> None:
    """The next one finds the remains of it in its way, and clears them."""
    before = stores.read_models(database)

    def terminate(done: int, total: int) -> None:
        with database.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (rebuilding.LOCK & 0xFFFFFFFF,),
            )

    with pytest.raises(Exception, match=r"terminat|clos"):
        rebuilding.rebuild(database, [], terminate)
    assert stores.read_models(database) == before
    rebuilding.rebuild(database, [], quietly)
    assert stores.read_models(database) == before


def test_a_second_rebuild_at_the_same_time_is_refused(database: Database) -> None:
    def again(done: int, total: int) -> None:
        with pytest.raises(Busy):
            rebuilding.rebuild(database, [], quietly)

    rebuilding.rebuild(database, ["accounting"], again)


def test_an_unknown_name_is_refused_with_the_known_ones(database: Database) -> None:
    before = stores.read_models(database)
    with pytest.raises(rebuilding.ProjectionUnknown, match=r"'acounting' does not exist; there are .*accounting"):
        rebuilding.rebuild(database, ["accounting", "acounting"], quietly)
    assert stores.read_models(database) == before


def _spoil(database: Database, names: list[str]) -> None:
    with database.connect() as connection:
        for name in names:
            for table in registry.PROJECTIONS[name](database.schema).tables:
                connection.execute(f"DELETE FROM {database.schema}.{table}".encode())


def _made(database: Database) -> list[tuple[object, ...]]:
    query = """
        SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attcollation
        FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r' AND attnum > 0
        UNION ALL SELECT 'index', tablename, indexname, indexdef, false, 0 FROM pg_indexes
        WHERE schemaname = %(schema)s::text
        ORDER BY 1, 2, 3
    """
    with database.connect() as connection:
        return connection.execute(query, {"schema": database.schema}).fetchall()
