"""Supabase: which operation on which table."""

from collections.abc import Mapping

from domain.json_values import Json
from domain.preprocessors import readings

OUTPUTS: Mapping[str, str] = {
    "normalized_event": "schema, table and operation in one, such as auth.users:INSERT",
}


def derive(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `OUTPUTS`; nothing unless all three are there (https://supabase.com/docs/guides/database/webhooks)."""
    schema, table, operation = (readings.text(body.get(name)) for name in ("schema", "table", "type"))
    return {"normalized_event": f"{schema}.{table}:{operation}"} if schema and table and operation else {}
