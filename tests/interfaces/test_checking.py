"""The checker itself: one that never complains would prove nothing."""

from typing import Any

import pytest

from tests.interfaces.knock.checking import DIRECTORY, MANAGEMENT, Schemas

USER = {"__typename": "User", "id": "zoe", "updated_at": "2026-01-15T12:00:00.000000Z"}


@pytest.mark.parametrize(
    ("schema", "value", "complaint"),
    [
        ({"type": "integer"}, True, "it is True, not of type integer"),
        ({"type": "boolean"}, 1, "it is 1, not of type boolean"),
        ({"type": "string"}, None, "it is None, not of type string"),
        ({"type": "string", "nullable": True}, None, None),
        ({"type": "string", "format": "date-time"}, "yesterday", "it is 'yesterday', not a date-time"),
        ({"type": "string", "format": "uuid"}, "x", "it is 'x', not a uuid"),
        ({"type": "string", "enum": ["a"]}, "b", "it is 'b', not one of ['a']"),
        ({"type": "object", "required": ["a"]}, {}, "it.a is missing"),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "it.a is 1, not of type string"),
        ({"type": "object", "additionalProperties": False}, {"a": 1}, "it.a should not be there"),
        ({"additionalProperties": {"type": "string"}}, {"a": 1}, "it.a is 1, not of type string"),
        ({"type": "array", "items": {"type": "string"}}, ["a", 2], "it[1] is 2, not of type string"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 1.5, "it is 1.5, not of type string"),
        ({"anyOf": [{"type": "string"}, {"nullable": True}]}, None, None),
        ({"allOf": [{"type": "object"}, {"required": ["a"]}]}, {}, "it.a is missing"),
    ],
)
def test_the_checker_says_what_differs_and_where(schema: dict[str, Any], value: object, complaint: str | None) -> None:
    assert list(Schemas({}).differences(schema, value, "it")) == ([complaint] if complaint else [])


def test_the_checker_refuses_a_schema_that_it_does_not_understand() -> None:
    with pytest.raises(AssertionError, match="does not know"):
        list(Schemas({}).differences({"minimum": 1}, 0, "it"))


def test_references_are_followed() -> None:
    DIRECTORY.check("ListUsersResponse", {"entries": [USER]})
    with pytest.raises(AssertionError, match=r"ListUsersResponse.entries\[0\].id is missing"):
        DIRECTORY.check("ListUsersResponse", {"entries": [{k: v for k, v in USER.items() if k != "id"}]})


@pytest.mark.parametrize("schemas", [DIRECTORY, MANAGEMENT])
def test_every_schema_that_is_referred_to_is_there(schemas: Schemas) -> None:
    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    assert references(schemas.by_name) <= schemas.by_name.keys()
