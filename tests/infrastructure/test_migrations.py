"""Migrating: a database that an earlier release made gets the tables of this one, with what the log says they hold."""

from collections.abc import Iterator, Mapping

import pytest

from infrastructure import migrations
from infrastructure.database import Database
from infrastructure.projections import registry
from tests import databases, examples, histories, servers, stores

# How a table may have been before: each with the projections that have to be made anew.
OLDER: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "a column fewer": ("ALTER TABLE {schema}.runs DROP COLUMN error, DROP COLUMN trigger_source", ("workflows",)),
    "a column more": ("ALTER TABLE {schema}.entities ADD COLUMN legacy text DEFAULT 'x'", ("directory",)),
    "another type": ("ALTER TABLE {schema}.action_logs ALTER evaluation TYPE bigint", ("action_log",)),
    "a looser column": ("ALTER TABLE {schema}.event_types ALTER last_webhook_id DROP NOT NULL", ("event_types",)),
    "another default": ("ALTER TABLE {schema}.runs ALTER error_count SET DEFAULT 7", ("workflows",)),
    "another order": (
        "ALTER TABLE {schema}.precedents DROP COLUMN complete, ADD COLUMN complete boolean NOT NULL DEFAULT false",
        ("precedents",),
    ),
    "another collation": ("ALTER TABLE {schema}.run_schedule ALTER target TYPE text", ("run_schedule",)),
    "another key": (
        "ALTER TABLE {schema}.accounting DROP CONSTRAINT accounting_pkey, ADD PRIMARY KEY (day, outcome, source)",
        ("accounting",),
    ),
    "no table": ("DROP TABLE {schema}.entity_changes", ("entity_changes",)),
    "two projections": (
        "DROP TABLE {schema}.event_logs; ALTER TABLE {schema}.disabled_targets RENAME COLUMN run_id TO run",
        ("event_log", "disabled_targets"),
    ),
    "no index": ("DROP INDEX {schema}.runs_in_order", ()),
    "all as it is": ("SELECT 1", ()),
}


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    """A log with everything in it, all of it settled."""
    with databases.fresh_database(postgres_url) as url, stores.migrated(url) as database:
        for change in histories.everything():
            stores.ledger(database).append(change)
        stores.drain(database)
        yield database


def altered(database: Database, statement: str) -> None:
    with database.connect() as connection:
        connection.execute(statement.format(schema=database.schema).encode())


def made(database: Database) -> dict[str, set[object]]:
    """The tables of each projection as PostgreSQL numbers them: another number is another table."""
    query = "SELECT relname, oid FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
    with database.connect() as connection:
        numbers: dict[object, object] = dict(connection.execute(query, (database.schema,)).fetchall())  # type: ignore[arg-type]
    return {
        name: {numbers.get(table) for table in make(database.schema).tables}
        for name, make in registry.PROJECTIONS.items()
    }


def columns(database: Database) -> list[object]:
    query = """
        SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2
    """
    with database.connect() as connection:
        return list(connection.execute(query, (database.schema,)))


@pytest.mark.parametrize("name", OLDER)
def test_what_has_another_shape_is_made_anew_from_the_log_and_nothing_else(database: Database, name: str) -> None:
    statement, stale = OLDER[name]
    content, shape, before = stores.read_models(database), columns(database), made(database)
    altered(database, statement)
    migrations.migrate(database)
    assert (stores.read_models(database), columns(database)) == (content, shape)
    assert {each for each, numbers in made(database).items() if numbers != before[each]} == set(stale)
    assert servers.answer(database.conninfo, "SELECT count(*) FROM pg_indexes WHERE indexname = 'runs_in_order'") == 1


def test_what_is_settled_later_lands_in_the_new_tables(database_url: str) -> None:
    with stores.migrated(database_url) as database, stores.migrated(database_url, schema="whole") as other:
        changes = histories.everything()
        for each in (database, other):
            for change in changes[:20]:
                stores.ledger(each).append(change)
            stores.drain(each, clock=lambda: examples.LATER)
        altered(database, OLDER["a column fewer"][0])
        migrations.migrate(database)
        for each in (database, other):
            for change in changes[20:]:
                stores.ledger(each).append(change)
            stores.drain(each, clock=lambda: examples.LATER)
        assert stores.read_models(database) == stores.read_models(other)


def test_an_empty_log_gets_its_tables_whatever_it_had(database_url: str) -> None:
    with stores.migrated(database_url) as database:
        shape = columns(database)
        altered(database, OLDER["a column fewer"][0])
        migrations.migrate(database)
        assert columns(database) == shape


def test_migrating_twice_changes_nothing(database: Database) -> None:
    before = made(database)
    migrations.migrate(database)
    assert made(database) == before
