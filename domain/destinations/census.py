"""The custom destination that Census syncs to, as developers.getcensus.com/custom-destinations specifies it.

Its one object is the audience. Audiences have to exist before they are synced to, and know no tenants here.
"""

from collections.abc import Callable, Mapping, Sequence

from domain import json_rpc, syncs
from domain.json_rpc import INVALID_PARAMS, Fault
from domain.json_values import LISTS, OBJECTS, Json, a_type
from domain.syncs import Sync

OBJECT = "audience"
USER_ID, AUDIENCE_KEY = "user_id", "audience_key"
ADDING, REMOVING = frozenset({"insert", "upsert", "mirror"}), frozenset({"delete"})
"""A mirror sends what is new or changed as upserts, and what is gone as deletes."""

SPEED: Mapping[str, Json] = {
    "maximum_batch_size": syncs.AT_ONCE,
    "maximum_parallel_batches": 4,
    "maximum_records_per_second": 5_000,
}
Params = Mapping[str, Json]


def _test_connection(_: Params) -> Json:
    return {"success": True}


def _list_objects(_: Params) -> Json:
    return {"objects": [{"object_api_name": OBJECT, "label": "Audiences"}]}


def _list_fields(params: Params) -> Json:
    _require_object(params, "object.object_api_name")
    return {
        "fields": [
            _field(USER_ID, "User ID", identifier=True),
            _field(AUDIENCE_KEY, "Audience key", identifier=False),
        ]
    }


def _field(name: str, label: str, *, identifier: bool) -> dict[str, Json]:
    return {
        "field_api_name": name,
        "label": label,
        "identifier": identifier,
        "required": True,
        "createable": True,
        "updateable": True,
        "type": "string",
        "array": False,
    }


def _supported_operations(params: Params) -> Json:
    _require_object(params, "object.object_api_name")
    return {"operations": ["insert", "mirror"]}


def _get_sync_speed(_: Params) -> Json:
    return SPEED


def _sync_batch(params: Params) -> Sync:
    _require_object(params, "sync_plan.object.object_api_name")
    records = _records(params)

    def report(refusals: Sequence[str | None]) -> Json:
        return {"record_results": [_result(*each) for each in zip(records, refusals, strict=True)]}

    return Sync(
        removing=_removing(params), creating=False, entries=tuple(_entry(each) for each in records), report=report
    )


def _require_object(params: Params, path: str) -> None:
    name = json_rpc.text(params, path)
    if name != OBJECT:
        raise Fault(INVALID_PARAMS, f"{path} is {name!r}; the only object is {OBJECT!r}")


def _removing(params: Params) -> bool:
    operation = json_rpc.text(params, "sync_plan.operation")
    if operation not in ADDING | REMOVING:
        known = ", ".join(sorted(ADDING | REMOVING))
        raise Fault(INVALID_PARAMS, f"sync_plan.operation is {operation!r}; it must be one of {known}")
    return operation in REMOVING


def _records(params: Params) -> Sequence[Json]:
    found = params.get("records")
    if not isinstance(found, LISTS):
        raise Fault(INVALID_PARAMS, f"records is {a_type(found)}; it must be a list")
    if len(found) > syncs.LARGEST:
        raise Fault(INVALID_PARAMS, f"records has {len(found)} entries; at most {syncs.LARGEST} are taken at once")
    return found


def _entry(record: Json) -> syncs.Entry:
    if not isinstance(record, OBJECTS):
        return f"the record is {a_type(record)}; it must be an object"
    for name in (USER_ID, AUDIENCE_KEY):
        if record.get(name) in (None, ""):
            return f"{name} is missing; map a column or a constant value to it (names of columns are case-sensitive)"
    return syncs.membership(audience=record[AUDIENCE_KEY], user_id=record[USER_ID])


def _result(record: Json, refusal: str | None) -> dict[str, Json]:
    """A record's result. Census knows the record again by its identifier, so that is as it was sent."""
    identifier = record.get(USER_ID) if isinstance(record, OBJECTS) else None
    if refusal is None:
        return {"identifier": identifier, "success": True}
    return {"identifier": identifier, "success": False, "error_message": refusal}


METHODS: Mapping[str, Callable[[Params], Json | Sync]] = {
    "test_connection": _test_connection,
    "list_objects": _list_objects,
    "list_fields": _list_fields,
    "supported_operations": _supported_operations,
    "get_sync_speed": _get_sync_speed,
    "sync_batch": _sync_batch,
}
