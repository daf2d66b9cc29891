"""What the log alone proves: read models compared with it, made as of a position, and accounting counted again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from psycopg.sql import SQL, Identifier

from application import moments
from infrastructure import recounting
from infrastructure.database import Database
from infrastructure.projections import as_of, checksums, rebuilding, registry
from infrastructure.projections.as_of import PositionUnknown
from infrastructure.projections.rebuilding import ProjectionUnknown
from tests import databases, histories, stores

TABLES = [table for make in registry.PROJECTIONS.values() for table in make("any").tables]


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """The whole history, settled."""
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        for change in histories.everything():
            stores.ledger(database).append(change)
        stores.drain(database, page=3)
        yield database


def quietly(done: int, total: int) -> None:
    """Whatever the progress, say nothing."""


def execute(database: Database, statement: str, *names: str) -> None:
    with database.connect() as connection:
        connection.execute(SQL(statement).format(*(Identifier(database.schema, name) for name in names)))


def test_every_table_is_as_the_log_makes_it(database: Database) -> None:
    compared = rebuilding.compare(database, [], quietly)
    assert sorted(each.table for each in compared) == sorted(TABLES)
    assert [each.table for each in compared if not each.equal] == []
    assert max(each.live.rows for each in compared) > 5


def test_comparing_changes_nothing_and_finds_what_was_altered(database: Database) -> None:
    execute(database, "UPDATE {} SET properties = '{{}}'", "entities")
    spoilt = stores.read_models(database)
    differing = [each.table for each in rebuilding.compare(database, [], quietly) if not each.equal]
    assert differing == ["entities"]
    assert stores.read_models(database) == spoilt


def test_a_checksum_knows_no_order_and_every_value(database: Database) -> None:
    with database.connect() as connection:
        before = checksums.of_table(connection, database.schema, "event_logs")
        moved = SQL("UPDATE {} SET id = id").format(Identifier(database.schema, "event_logs"))
        connection.execute(moved)  # each row lies elsewhere now
        assert checksums.of_table(connection, database.schema, "event_logs") == before
        connection.execute(
            SQL("UPDATE {} SET evaluations = evaluations + 1").format(Identifier(database.schema, "event_logs"))
        )
        assert checksums.of_table(connection, database.schema, "event_logs") != before


def test_the_read_models_as_of_the_end_are_those_in_force(database: Database) -> None:
    head = stores.ledger(database).head()
    schema = as_of.build(database, head, head, [], quietly)
    with database.connect() as connection:
        for table in TABLES:
            live, then = (checksums.of_table(connection, each, table) for each in (database.schema, schema))
            assert then == live, table


def test_the_read_models_as_of_a_position_know_nothing_later(database: Database) -> None:
    head = stores.ledger(database).head()
    positions = [row[0] for row in stores.rows(database, "event_logs", ["position"])]
    middle = sorted(positions)[len(positions) // 2]
    schema = as_of.build(database, middle, head, ["event_log"], quietly)
    with database.connect() as connection:
        found = [
            row[0]
            for row in connection.execute(SQL("SELECT position FROM {}").format(Identifier(schema, "event_logs")))
        ]
    assert sorted(found) == [each for each in sorted(positions) if each <= middle]  # type: ignore[type-var]
    assert as_of.build(database, middle, head, ["event_log"], quietly) == schema  # again, in its place


def test_a_position_beyond_the_log_and_an_unknown_name_are_refused(database: Database) -> None:
    head = stores.ledger(database).head()
    with pytest.raises(PositionUnknown, match=f"the log goes from 1 to {head}"):
        as_of.build(database, head + 1, head, [], quietly)
    for attempt in (
        lambda: as_of.build(database, 1, head, ["nope"], quietly),
        lambda: rebuilding.compare(database, ["nope"], quietly),
    ):
        with pytest.raises(ProjectionUnknown):
            attempt()


def test_a_time_leads_to_the_last_position_recorded_by_then(database: Database) -> None:
    ledger = stores.ledger(database)
    log = list(stores.log(database))
    for recorded in (log[0], log[len(log) // 2], log[-1]):
        expected = max(each.position or 0 for each in log if each.recorded_at <= recorded.recorded_at)
        assert moments.position_at(ledger, recorded.recorded_at) == expected
    assert moments.position_at(ledger, log[0].recorded_at - timedelta(days=1)) == 0


def test_counting_again_agrees(database: Database) -> None:
    lines = recounting.recount(database, quietly).lines
    assert lines
    assert all(line.agrees for line in lines)
    assert sum(line.received for line in lines) == len(stores.rows(database, "event_logs"))


def test_what_waits_is_counted_as_pending_on_neither_side(database: Database) -> None:
    """The accounting knows of nothing behind the worker's position, and the recount looks no further."""
    stores.ledger(database).append(*histories.deliveries(1))
    assert all(line.agrees for line in recounting.recount(database, quietly).lines)


def test_a_wrong_count_is_found(database: Database) -> None:
    execute(database, "UPDATE {} SET webhooks = webhooks + 1 WHERE outcome = 'executed'", "accounting")
    wrong = [line for line in recounting.recount(database, quietly).lines if not line.agrees]
    assert wrong
    assert all(line.counted["executed"] > line.recounted["executed"] for line in wrong)


def test_a_webhook_without_a_decision_is_found(database: Database) -> None:
    """As if the worker's position had gone past it."""
    stores.ledger(database).append(*histories.deliveries(1))
    execute(database, "UPDATE {} SET notification_id = notification_id + 1000", "ledger_tracking")
    wrong = [line for line in recounting.recount(database, quietly).lines if not line.agrees]
    assert [line.recounted.get("pending") for line in wrong] == [len(histories.deliveries(1))]
