"""The embedded destination that Hightouch syncs to, as hightouch.com/docs/destinations/custom describes it.

Its one object is the audience, which the first sync makes if it does not exist. How a refused row is to be reported no
document says: each is given with its id column, the row itself, and an `error`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from domain import json_rpc, syncs
from domain.actions import values
from domain.actions.outcomes import Unfit
from domain.json_rpc import INVALID_PARAMS, Fault
from domain.json_values import LISTS, OBJECTS, Json, a_type
from domain.syncs import Sync

OBJECT = "audiences"
INSERT, MIRROR = "insert", "mirror"
USER_ID, TENANT, AUDIENCE_KEY = "user_id", "tenant", "audience_key"
CHANGED = "a row that changed cannot be synced; remove it from the model's result and let it come again"
Params = Mapping[str, Json]

MODES: Sequence[Mapping[str, Json]] = (
    {"id": INSERT, "label": "Insert only", "description": "Adds users to the audience and removes nobody."},
    {
        "id": MIRROR,
        "label": "Mirror",
        "description": "Adds users to the audience, and removes those who are no longer in the model.",
    },
)
OPTIONS: Mapping[str, Json] = {
    "schema": {
        "type": "object",
        "required": [AUDIENCE_KEY],
        "properties": {
            AUDIENCE_KEY: {
                "type": "string",
                "title": "Audience key",
                "description": "The audience to sync to. The first sync makes it if it does not exist.",
                "minLength": 1,
                "maxLength": values.LONGEST_ID,
            }
        },
    },
    "uiSchema": {},
}


def _list_objects(_: Params) -> Json:
    return {"objects": [{"id": OBJECT, "label": "Audiences"}]}


def _list_modes(params: Params) -> Json:
    _require(params, "object", (OBJECT,))
    return {"modes": MODES}


def _list_fields(params: Params) -> Json:
    _require(params, "object", (OBJECT,))
    return {
        "fields": [
            {"id": USER_ID, "label": "User ID", "type": "STRING", "identifier": True},
            {"id": TENANT, "label": "Tenant", "type": "STRING"},
        ]
    }


def _list_options(params: Params) -> Json:
    _require(params, "object", (OBJECT,))
    return {"options": OPTIONS}


def _validate(params: Params) -> Json:
    return {"errors": list(_mistakes(json_rpc.an_object(params, "configuration")))}


def _behavior(params: Params) -> Json:
    mode = _require(params, "configuration.mode", (INSERT, MIRROR))
    return {
        "batchSize": syncs.AT_ONCE,
        "operations": {"add": True, "change": False, "remove": mode == MIRROR},
        "skipInitialRun": False,
    }


def _sync(params: Params, *, removing: bool) -> Sync:
    configuration = json_rpc.an_object(params, "configuration")
    for mistake in _mistakes(configuration):
        raise Fault(INVALID_PARAMS, mistake)
    if removing:
        _require(params, "configuration.mode", (MIRROR,))
    rows = _rows(params)
    return Sync(
        removing=removing,
        creating=True,
        entries=tuple(_entry(row, configuration) for row in rows),
        report=partial(_report, params.get("idColumn"), rows),
    )


def _change(params: Params) -> Json:
    rows = _rows(params)
    return _report(params.get("idColumn"), rows, [CHANGED] * len(rows))


def _require(params: Params, path: str, known: Sequence[str]) -> str:
    found = json_rpc.text(params, path)
    if found not in known:
        raise Fault(INVALID_PARAMS, f"{path} is {found!r}; it must be {' or '.join(known)}")
    return found


def _mistakes(configuration: Mapping[str, Json]) -> Iterator[str]:
    """What is wrong with the form that somebody filled in, in the words that they will read."""
    if configuration.get("object") != OBJECT:
        yield f"Object is {configuration.get('object')!r}; it must be {OBJECT!r}"
    if configuration.get("mode") not in (INSERT, MIRROR):
        yield f"Mode is {configuration.get('mode')!r}; it must be {INSERT!r} or {MIRROR!r}"
    if json_rpc.at(configuration, "identifierMapping.to") != USER_ID:
        yield "User ID has no column; choose the one that holds the ids of users"
    elif not isinstance(json_rpc.at(configuration, "identifierMapping.from"), str):
        yield "the column of User ID must be given by its name"
    yield from filter(None, map(_mistake, _mappings(configuration)))
    try:
        values.identifier(configuration.get(AUDIENCE_KEY), "Audience key")
    except Unfit as unfit:
        yield unfit.problem.message


def _mistake(mapping: Json) -> str | None:
    to, column = (mapping.get("to"), mapping.get("from")) if isinstance(mapping, OBJECTS) else (None, None)
    if to not in (USER_ID, TENANT):
        return f"{to!r} is no field of an audience; beside User ID only Tenant can be mapped"
    return None if isinstance(column, str) else f"the column of {to!r} must be given by its name"


def _mappings(configuration: Mapping[str, Json]) -> Sequence[Json]:
    found = configuration.get("mappings")
    return found if isinstance(found, LISTS) else ()


def _rows(params: Params) -> Sequence[Json]:
    rows = params.get("rows")
    if not isinstance(rows, LISTS):
        raise Fault(INVALID_PARAMS, f"rows is {a_type(rows)}; it must be a list")
    if len(rows) > syncs.LARGEST:
        raise Fault(INVALID_PARAMS, f"rows has {len(rows)} entries; at most {syncs.LARGEST} are taken at once")
    return rows


def _entry(row: Json, configuration: Mapping[str, Json]) -> syncs.Entry:
    if not isinstance(row, OBJECTS):
        return f"the row is {a_type(row)}; it must be an object"
    columns = _columns(configuration)
    for field, column in columns.items():
        if column not in row:  # without its tenant a row would mean another membership
            return f"the row has no column {column!r}, which {field} is mapped to"
    tenant = row[columns[TENANT]] if TENANT in columns else None
    return syncs.membership(audience=configuration[AUDIENCE_KEY], user_id=row[columns[USER_ID]], tenant=tenant)


def _columns(configuration: Mapping[str, Json]) -> Mapping[str, str]:
    """The column of each field that has one; the configuration has no mistakes."""
    mapped = (*_mappings(configuration), configuration["identifierMapping"])
    return {str(json_rpc.at({"it": each}, "it.to")): str(json_rpc.at({"it": each}, "it.from")) for each in mapped}


def _report(id_column: Json, rows: Sequence[Json], refusals: Sequence[str | None]) -> Json:
    return {
        "rejectedRows": [
            {**_id(id_column, row), "row": row, "error": refusal}
            for row, refusal in zip(rows, refusals, strict=True)
            if refusal is not None
        ]
    }


def _id(id_column: Json, row: Json) -> Mapping[str, Json]:
    if isinstance(id_column, str) and isinstance(row, OBJECTS) and id_column in row:
        return {id_column: row[id_column]}
    return {}


METHODS: Mapping[str, Callable[[Params], Json | Sync]] = {
    "list_objects": _list_objects,
    "list_modes": _list_modes,
    "list_fields": _list_fields,
    "list_options": _list_options,
    "validate": _validate,
    "behavior": _behavior,
    "add": partial(_sync, removing=False),
    "change": _change,
    "remove": partial(_sync, removing=True),
}
