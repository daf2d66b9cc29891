"""Trigger data schemas: what is one, what data violates, and that no reference is ever fetched."""

import pytest

from domain.json_values import Json
from infrastructure import schemas
from infrastructure.schemas import SchemaInvalid
from tests import sinks

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"type": "object", "required": ["id"]}}},
}


def test_the_place_of_a_violation_is_a_path() -> None:
    found = schemas.violation(SCHEMA, {"items": [{"id": 1}, {}]})
    assert found is not None
    assert found[0] == "items.1"
    assert "'id' is a required property" in found[1]
    assert schemas.violation(SCHEMA, {"items": []}) is None


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"required": "id"}, {"properties": {"a": 1}}, {"description": "x" * 70_000}]
)
def test_what_is_no_schema_is_refused(schema: dict[str, Json]) -> None:
    with pytest.raises(SchemaInvalid):
        schemas.require(schema)


def test_a_schema_that_only_refers_to_itself_is_refused() -> None:
    with pytest.raises(SchemaInvalid):
        schemas.require({"$ref": "#"})


def test_no_reference_is_fetched() -> None:
    with sinks.listening() as sink:
        schema: dict[str, Json] = {"properties": {"a": {"$ref": f"{sink.url}/schema.json"}}}
        schemas.require(schema)
        found = schemas.violation(schema, {"a": 1})
        assert found is not None
        assert "cannot be compared" in found[1]
        assert sink.arrivals == []
