"""The shape of read models: which of them have tables other than this program makes, as an earlier release made them.

What a table should be is found out by making it, in a schema of its own and in a transaction that is taken back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from infrastructure.projections import registry

MODEL = "hookledger_model"

# Indexes are left out: a missing one is made in place, without reading the log again.
SHAPES = """
SELECT class.relname, attribute.attnum::text, attribute.attname, format_type(atttypid, atttypmod), attnotnull::text,
    attcollation::text, coalesce(pg_get_expr(adbin, adrelid), '')
FROM pg_attribute AS attribute JOIN pg_class AS class ON attrelid = class.oid
LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attribute.attnum)
WHERE relnamespace = to_regnamespace(%(schema)s) AND relkind = 'r' AND attribute.attnum > 0 AND NOT attisdropped
UNION ALL
SELECT class.relname, 'constraint', '', pg_get_constraintdef(constrained.oid), '', '', ''
FROM pg_constraint AS constrained JOIN pg_class AS class ON conrelid = class.oid
WHERE relnamespace = to_regnamespace(%(schema)s) AND contype <> 'n'
"""

Shape = frozenset[tuple[object, ...]]


def outdated(connection: psycopg.Connection[Any], schema: str) -> Sequence[str]:
    """The projections of which a table is missing or has another shape than this program gives it."""
    wanted, present = _wanted(connection), _shapes(connection, schema)
    return [
        name
        for name, make in registry.PROJECTIONS.items()
        if any(wanted[table] != present.get(table) for table in make(schema).tables)
    ]


def _wanted(connection: psycopg.Connection[Any]) -> Mapping[str, Shape]:
    with connection.transaction(force_rollback=True):
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(MODEL)))
        for name in registry.PROJECTIONS:
            connection.execute(registry.create_tables(name, MODEL))
        return _shapes(connection, MODEL)


def _shapes(connection: psycopg.Connection[Any], schema: str) -> Mapping[str, Shape]:
    shapes: dict[str, set[tuple[object, ...]]] = {}
    for table, *rest in connection.execute(SHAPES, {"schema": f'"{schema}"'}):
        shapes.setdefault(table, set()).add(tuple(rest))
    return {table: frozenset(shape) for table, shape in shapes.items()}
