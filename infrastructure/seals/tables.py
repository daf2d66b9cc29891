"""What tamper evidence needs in the database: its tables, and triggers that refuse to change what is on record."""

from importlib import resources
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

# An existing trigger is left as it is, so that replacing it never waits for whoever reads or appends.
TRIGGERS = """
SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgname = 'refuse_change' AND n.nspname = %s
"""

# Whoever may append needs no right to lock, to read or to insert: the function has its owner's.
AS_OWNER = """
DO $$ DECLARE each regprocedure; BEGIN
    FOR each IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = {name} AND p.proname = 'ledger_events_append'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, pg_temp', each);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each);
    END LOOP;
END $$
"""


def create(connection: psycopg.Connection[Any], schema: str) -> None:
    """Create what is missing."""
    text = resources.files(__package__).joinpath("tables.sql").read_text()
    row = connection.execute(TRIGGERS, (schema,)).fetchone()
    statements, _, triggers = text.partition("CREATE OR REPLACE TRIGGER")
    connection.execute(SQL(statements).format(schema=Identifier(schema)))
    if row is None or row[0] < 2:
        connection.execute(SQL(f"CREATE OR REPLACE TRIGGER{triggers}").format(schema=Identifier(schema)))
    connection.execute(SQL(AS_OWNER).format(name=schema))
