"""The rights of a database role that may run the gateway and may not change what is on record."""

from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from domain import errors
from infrastructure.database import Database

GRANTS = """
REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
REVOKE ALL ON {schema}.ledger_events, {schema}.checkpoints FROM {role};
REVOKE ALL ON SEQUENCE {schema}.ledger_events_notification_id_seq FROM {role};
GRANT SELECT ON {schema}.ledger_events, {schema}.ledger_events_notification_id_seq TO {role};
GRANT SELECT, INSERT ON {schema}.checkpoints TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
"""
ROLE = """
SELECT rolsuper, pg_has_role(rolname, c.relowner, 'MEMBER') FROM pg_roles, pg_class c
WHERE rolname = %s AND c.oid = %s::regclass
"""


class RoleUnfit(errors.Refused):
    """The role does not exist, or nothing could be kept from it."""


def restrict(database: Database, role: str) -> None:
    """Give a role what `api` and `worker` need, and no way to change events or checkpoints. Raises RoleUnfit."""
    with database.connect() as connection, connection.transaction():
        _require_fit(connection, database.schema, role)
        names = {"schema": Identifier(database.schema), "role": Identifier(role)}
        connection.execute(SQL(GRANTS).format(**names))


def _require_fit(connection: psycopg.Connection[Any], schema: str, role: str) -> None:
    table = Identifier(schema, "ledger_events").as_string()
    row = connection.execute(ROLE, (role, table)).fetchone()
    if row is None:
        raise RoleUnfit(f"role {role!r} does not exist; make one with CREATE ROLE … LOGIN PASSWORD …", field="role")
    if row[0] or row[1]:
        raise RoleUnfit(
            f"role {role!r} is a superuser or owns the tables, so that nothing can be kept from it; make its own",
            field="role",
        )
