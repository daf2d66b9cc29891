"""Checks answers against the schemas beside this file: as much of OpenAPI 3.0 as they use, and nothing that is unsure.

`oneOf` is read as `anyOf`: the schema of a user also fits every object, as it allows any further field.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
FORMATS: Mapping[str, Callable[[str], object]] = {"date-time": datetime.fromisoformat, "uuid": UUID}
KNOWN = {
    *("$ref", "additionalProperties", "allOf", "anyOf", "discriminator", "enum", "format", "items"),
    *("nullable", "oneOf", "properties", "required", "type"),
}


@attrs.frozen
class Schemas:
    """Schemas by name."""

    by_name: Mapping[str, Any]

    def check(self, name: str, value: object) -> None:
        """Fail with everything in which `value` differs from the schema called `name`."""
        found = list(self.differences(self.by_name[name], value, name))
        assert not found, "\n".join(found)

    def differences(self, schema: Mapping[str, Any], value: object, place: str) -> Iterator[str]:
        """What is wrong with a value, and where."""
        assert schema.keys() <= KNOWN, f"{place}: the checker does not know {schema.keys() - KNOWN}"
        if value is None and schema.get("nullable"):
            return
        if "$ref" in schema:
            yield from self.differences(self.by_name[schema["$ref"].rpartition("/")[2]], value, place)
        for part in schema.get("allOf", ()):
            yield from self.differences(part, value, place)
        yield from self._alternatives(schema, value, place)
        yield from self._own(schema, value, place)

    def _alternatives(self, schema: Mapping[str, Any], value: object, place: str) -> Iterator[str]:
        alternatives = schema.get("oneOf") or schema.get("anyOf") or ()
        tried = [list(self.differences(each, value, place)) for each in alternatives]
        if tried and all(tried):
            yield from min(tried, key=len)

    def _own(self, schema: Mapping[str, Any], value: object, place: str) -> Iterator[str]:
        expected = schema.get("type")
        if expected and not _is(value, expected):
            yield f"{place} is {value!r}, not of type {expected}"
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{place} is {value!r}, not one of {schema['enum']}"
        elif isinstance(value, str) and not _has_format(value, schema.get("format")):
            yield f"{place} is {value!r}, not a {schema['format']}"
        elif isinstance(value, dict):
            yield from self._fields(schema, value, place)
        elif isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                yield from self.differences(schema["items"], item, f"{place}[{index}]")

    def _fields(self, schema: Mapping[str, Any], value: Mapping[str, Any], place: str) -> Iterator[str]:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        yield from (f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, inner in value.items():
            if name in properties:
                yield from self.differences(properties[name], inner, f"{place}.{name}")
            elif isinstance(others, Mapping):
                yield from self.differences(others, inner, f"{place}.{name}")
            elif not others:
                yield f"{place}.{name} should not be there"


def _is(value: object, expected: str) -> bool:
    if isinstance(value, bool):
        return expected == "boolean"
    return isinstance(value, TYPES[expected])


def _has_format(value: str, name: str | None) -> bool:
    try:
        FORMATS.get(name or "", str)(value)
    except ValueError:
        return False
    return True


def _load(name: str) -> Schemas:
    return Schemas(json.loads(Path(__file__).with_name(name).read_text()))


MANAGEMENT = _load("mapi.json")
DIRECTORY = _load("api.json")
