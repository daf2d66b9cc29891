"""The first line of defence: triggers for whoever forgets himself, and a role that has no such rights at all."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal

from application.records import Change
from domain import webhooks
from infrastructure import migrations
from infrastructure.database import Database
from infrastructure.seals import restricting
from infrastructure.seals.restricting import RoleUnfit
from tests import examples, histories, sealed_logs, stores

CHANGES = (
    "UPDATE hookledger.ledger_events SET topic = 'x'",
    "DELETE FROM hookledger.ledger_events",
    "TRUNCATE hookledger.ledger_events",
    "UPDATE hookledger.checkpoints SET number = 7",
    "DELETE FROM hookledger.checkpoints",
    "TRUNCATE hookledger.checkpoints",
)
RECEIVED = Change(stream=webhooks.stream("1"), version=0, events=(examples.WEBHOOK_RECEIVED,))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with stores.migrated(database_url) as database:
        yield database


@pytest.fixture
def restricted(database: Database, database_url: str) -> Iterator[Database]:
    """The same database as a restricted role sees it."""
    role, password = f"app_{secrets.token_hex(4)}", secrets.token_hex(8)
    with database.connect() as connection:
        connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(role), Literal(password)))
    restricting.restrict(database, role)
    conninfo = psycopg.conninfo.make_conninfo(database_url, user=role, password=password)
    theirs = Database(conninfo, master=stores.MASTER)
    try:
        yield theirs
    finally:
        theirs.close()
        with database.connect() as connection:
            connection.execute(SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(Identifier(role)))


@pytest.mark.parametrize("change", CHANGES)
def test_triggers_refuse_even_a_superuser_who_forgets_himself(database: Database, change: str) -> None:
    stores.ledger(database).append(RECEIVED)
    with database.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match="is refused"):
        connection.execute(change.encode())
    assert stores.ledger(database).head() == 1


@pytest.mark.parametrize(
    "change",
    [
        *CHANGES,
        "ALTER TABLE hookledger.ledger_events DISABLE TRIGGER USER",
        "DROP TRIGGER refuse_change ON hookledger.ledger_events",
        "INSERT INTO hookledger.ledger_events VALUES ('webhook-1', 1, 'x', 'x', 7)",
        "SELECT setval('hookledger.ledger_events_notification_id_seq', 1)",
        "SELECT nextval('hookledger.ledger_events_notification_id_seq')",
        "DROP TABLE hookledger.ledger_events",
        "ALTER FUNCTION hookledger.refuse_change() RENAME TO gone",
    ],
)
def test_the_role_may_change_nothing_that_is_on_record(restricted: Database, change: str) -> None:
    with (
        restricted.connect() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"permission|must be owner"),
    ):
        connection.execute(change.encode())


def test_the_role_can_do_all_that_the_gateway_does(restricted: Database, tmp_path: Path) -> None:
    """Receive in groups, edit, process into every read model, seal and verify."""

    async def receive() -> int:
        async with stores.group_commit(restricted) as committing:
            return (await committing.append(RECEIVED, epoch=0)).position

    assert asyncio.run(receive()) == 1
    stores.ledger(restricted).append(histories.configured())
    log = sealed_logs.empty(restricted, tmp_path)
    log.receive(0)
    stores.drain(restricted)
    log.seal()
    assert log.prove().sound
    assert log.prove().events > 60


def test_a_function_that_runs_as_its_owner_cannot_be_led_astray(restricted: Database) -> None:
    """Names that it uses are looked up where the owner's are, whatever the caller's search path says."""
    with restricted.connect() as connection:
        connection.execute("CREATE TEMPORARY TABLE unnest (x int)")
        connection.execute("SET search_path = pg_temp, hookledger")
        connection.execute(
            "SELECT hookledger.ledger_events_append(ARRAY['webhook-1'], ARRAY[1::bigint], ARRAY['WebhookReceived'],"
            " ARRAY['x'::bytea], ARRAY[NULL::bytea], NULL, false)"
        )
        row = connection.execute("SELECT proconfig FROM pg_proc WHERE proname = 'ledger_events_append'").fetchone()
    assert row == (["search_path=pg_catalog, pg_temp"],)


def test_migrating_again_leaves_the_role_its_rights(database: Database, restricted: Database) -> None:
    migrations.migrate(database)
    assert stores.ledger(restricted).append(attrs.evolve(RECEIVED, stream="webhook-2")) == 1


def test_a_role_from_which_nothing_can_be_kept_is_refused(database: Database, database_url: str) -> None:
    owner = urlsplit(database_url).username or psycopg.conninfo.conninfo_to_dict(database_url)["user"]
    with pytest.raises(RoleUnfit, match="superuser or owns"):
        restricting.restrict(database, str(owner))
    with pytest.raises(RoleUnfit, match="does not exist"):
        restricting.restrict(database, "nobody_of_this_name")
