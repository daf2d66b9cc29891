"""Checksums of tables: equal when two tables hold the same rows, in whatever order they lie on disk."""

from collections.abc import Mapping
from typing import Any, LiteralString

import attrs
import psycopg
from psycopg.sql import SQL, Identifier

# The rows' digests are summed, which no order changes; two sums of 60 bits each leave chance nothing to do.
SUMS: LiteralString = """
SELECT count(*), coalesce(sum(('x' || substr(digest, 1, 15))::bit(60)::bigint), 0),
    coalesce(sum(('x' || substr(digest, 16, 15))::bit(60)::bigint), 0)
FROM (SELECT md5(ROW({columns})::text) AS digest FROM {table}) AS rows
"""
COLUMNS: LiteralString = """
SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
NOT_OF_THE_LOG: Mapping[str, frozenset[str]] = {"run_schedule": frozenset({"leased_until", "leased_by"})}
"""Columns that say what a process does at the moment, of which the log tells nothing."""


@attrs.frozen
class Checksum:
    """How many rows a table has, and a digest of them all."""

    rows: int
    digest: str


def of_table(connection: psycopg.Connection[Any], schema: str, table: str) -> Checksum:
    """The checksum of what a table has from the log."""
    names = [str(name) for (name,) in connection.execute(COLUMNS, (schema, table))]
    columns = [Identifier(name) for name in names if name not in NOT_OF_THE_LOG.get(table, ())]
    wanted = SQL(SUMS).format(columns=SQL(", ").join(columns), table=Identifier(schema, table))
    row = connection.execute(wanted).fetchone()
    assert row is not None
    return Checksum(int(row[0]), f"{int(row[1]) % 2**60:015x}{int(row[2]) % 2**60:015x}")
