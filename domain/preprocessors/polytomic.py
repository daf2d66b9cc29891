"""Polytomic: one record of a sync, once the batch is taken apart so that `object.records` is a single record.

Facts from https://docs.polytomic.com/docs/webhooks: a record is `{hash, fields}`, and the sync's name is the object's.
"""

from collections.abc import Mapping

from domain.json_values import Json
from domain.preprocessors import readings

OUTPUTS: Mapping[str, str] = {
    "event_type": "the sync's name and /record, such as Users/record",
    "idempotency_key": "the record's field id, in any case of letters, together with the record's hash",
}


def derive(body: Mapping[str, Json]) -> dict[str, Json]:
    """See `OUTPUTS`. A record without `hash` has no key."""
    synced = readings.mapping(body.get("object"))
    name, record = readings.text(synced.get("name")), readings.mapping(synced.get("records"))
    hashed = readings.text(record.get("hash"))
    return readings.present(
        {
            "event_type": f"{name}/record" if name else None,
            "idempotency_key": readings.composite(_id(record), hashed) if hashed else None,
        }
    )


def _id(record: Mapping[str, Json]) -> str | None:
    fields = readings.mapping(record.get("fields"))
    return readings.first_text(*(value for name, value in fields.items() if name.casefold() == "id"))
