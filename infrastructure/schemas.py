"""JSON Schemas of triggers' data, by the library `jsonschema`. No reference is ever fetched from elsewhere."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema
import referencing
import referencing.exceptions
from jsonschema.validators import validator_for

from domain import errors
from domain.actions.outcomes import Violation
from domain.json_values import Json
from infrastructure.event_store.codec import dumps

FIELD = "workflow.trigger_data_schema"
LONGEST = 64 * 1024


class SchemaInvalid(errors.Refused):
    """A trigger data schema that is none."""


def require(schema: Mapping[str, Json]) -> None:
    """Raise SchemaInvalid, with the place, unless `schema` is a JSON Schema of at most 64 KiB."""
    text = dumps(schema)
    if len(text) > LONGEST:
        raise SchemaInvalid(f"{FIELD} has {len(text)} bytes; at most {LONGEST} are allowed", field=FIELD)
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        place = ".".join([FIELD, *map(str, error.absolute_path)])
        raise SchemaInvalid(f"{place} is no JSON Schema: {error.message}", field=place) from error
    broken = violation(schema, {})
    if broken is not None and broken[1].startswith(UNUSABLE):
        raise SchemaInvalid(f"{FIELD} {broken[1]}", field=FIELD)


UNUSABLE = "cannot be compared"


def violation(schema: Mapping[str, Json], data: Mapping[str, Json]) -> Violation | None:
    """The first place in `data`, by path, that is not as `schema` wants it, and what is wrong there."""
    try:
        errors_found = _validator(dumps(schema)).iter_errors(json.loads(dumps(data)))
        found = min(errors_found, key=lambda error: (list(map(str, error.absolute_path)), error.message), default=None)
    except (referencing.exceptions.Unresolvable, RecursionError) as error:
        return "", f"{UNUSABLE} with the schema: {type(error).__name__} {str(error)[:200]}".rstrip()
    return found and (".".join(map(str, found.absolute_path)), found.message[:500])


@lru_cache(maxsize=256)
def _validator(text: bytes) -> Any:
    schema = json.loads(text)
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    # An empty registry of one's own: the library's fetches what a reference names.
    return kind(schema, registry=referencing.Registry())
