"""Mappings as people write them: checked when they are saved, so that no webhook meets a wrong one."""

from collections.abc import Mapping

import pytest

from domain import errors, mappings
from domain.actions import catalogue
from domain.json_values import Json
from domain.parameters import Constant, FromPath
from tests import scenario

IDENTIFY: dict[str, Json] = {
    "event_type": "user.created",
    "action_type": "users_identify",
    "action_parameters": {"id": "body.id"},
}


def parse(**changes: Json) -> mappings.Wanted:
    return mappings.parse({**IDENTIFY, **changes}, field="mappings[0]")


def test_a_mapping_is_active_unless_it_says_otherwise() -> None:
    assert parse() == mappings.Wanted(
        id=None, event_type="user.created", action_type="users_identify", configured={"id": "body.id"}, active=True
    )
    assert not parse(active=False).active


def test_a_mapping_keeps_its_id() -> None:
    assert parse(id="m-1").id == "m-1"


def test_a_parameter_that_is_null_is_not_given() -> None:
    assert parse(action_parameters={"id": "body.id", "name": None}).configured == {"id": "body.id"}


def test_what_the_api_shows_beside_is_passed_over() -> None:
    shown = parse(is_deleted=False, created_at="2026-01-08T12:00:00Z", updated_at="2026-01-08T12:00:00Z")
    assert shown == parse()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event_type": None}, "event_type"),
        ({"event_type": " "}, "event_type"),
        ({"event_type": 5}, "event_type"),
        ({"event_type": "a" * 256}, "event_type"),
        ({"event_type": "a\0b"}, "event_type"),
        ({"action_type": "users_invite"}, "action_type"),
        ({"action_type": ["users_identify"]}, "action_type"),
        ({"active": "true"}, "active"),
        ({"active": None}, "active"),
        ({"action_parameters": "body"}, "action_parameters"),
        ({"action_parameters": None}, "action_parameters.id"),
        ({"action_parameters": {}}, "action_parameters.id"),
        ({"action_parameters": {"id": None}}, "action_parameters.id"),
        ({"action_parameters": {"id": "body.id", "phone": "body.phone"}}, "action_parameters.phone"),
        ({"action_parameters": {"id": "body..id"}}, "action_parameters.id"),
        ({"action_parameters": {"id": {"template": "no hole"}}}, "action_parameters.id.template"),
        ({"action_parameters": {"id": {"first": "body.id", "last": "body.id"}}}, "action_parameters.id"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_by_the_name_of_its_field(changes: dict[str, Json], field: str) -> None:
    with pytest.raises(errors.Refused, match=r"mappings\[0\]") as refusal:
        parse(**changes)
    assert refusal.value.field == f"mappings[0].{field}"


@pytest.mark.parametrize("raw", [None, "user.created", ["user.created"], 1])
def test_a_mapping_is_an_object(raw: Json) -> None:
    with pytest.raises(mappings.MappingInvalid, match="must be an object"):
        mappings.parse(raw, field="mappings[0]")


def test_an_event_type_of_255_characters_is_taken() -> None:
    assert parse(event_type="é" * 255).event_type == "é" * 255


@pytest.mark.parametrize("action_type", catalogue.ACTIONS)
def test_every_action_insists_on_what_it_requires(action_type: str) -> None:
    rules = catalogue.ACTIONS[action_type].parameters
    required: Mapping[str, Json] = {name: "body.value" for name, rule in rules.items() if rule.required}
    assert set(mappings.compile_parameters(action_type, required)) == set(required)
    for missing in required:
        given = {name: raw for name, raw in required.items() if name != missing}
        with pytest.raises(mappings.MappingInvalid, match=rf"{missing} is missing; {action_type} requires it"):
            mappings.compile_parameters(action_type, given)


@pytest.mark.parametrize(
    ("action_type", "order"),
    [
        ("users_identify", 1),
        ("users_delete", 2),
        ("objects_set", 3),
        ("objects_delete", 4),
        ("tenants_set", 5),
        ("tenants_delete", 6),
        ("objects_subscribe", 7),
        ("objects_unsubscribe", 8),
        ("audiences_add_member", 9),
        ("audiences_remove_member", 10),
        ("workflows_cancel", 11),
        ("workflows_trigger", 12),
    ],
)
def test_an_action_s_turn_follows_from_its_type(action_type: str, order: int) -> None:
    assert catalogue.ACTIONS[action_type].order == order
    assert len(catalogue.ACTIONS) == 12


@pytest.mark.parametrize("action_type", ["workflows_trigger", "workflows_cancel"])
def test_a_workflow_s_key_is_a_literal_and_may_be_a_path_when_it_says_so(action_type: str) -> None:
    other: dict[str, Json] = {"recipients": "body.id", "cancellation_key": "body.id"}
    literal = mappings.compile_parameters(action_type, {"key": "welcome", **other})
    tagged = mappings.compile_parameters(action_type, {"key": {"path": "body.workflow"}, **other})
    assert literal["key"] == Constant("welcome")
    assert isinstance(tagged["key"], FromPath)


def test_a_list_leaves_out_what_is_marked_as_deleted() -> None:
    listed: list[Json] = [{**IDENTIFY, "is_deleted": True}, IDENTIFY, {"is_deleted": True}]
    assert mappings.wanted_list(listed, field="mappings") == (parse(),)


def test_a_list_says_which_of_its_mappings_is_wrong() -> None:
    with pytest.raises(mappings.MappingInvalid) as refusal:
        mappings.wanted_list([IDENTIFY, {**IDENTIFY, "active": 1}], field="mappings")
    assert refusal.value.field == "mappings[1].active"


@pytest.mark.parametrize("raw", [None, {}, "mappings", 3])
def test_mappings_are_a_list(raw: Json) -> None:
    with pytest.raises(mappings.MappingInvalid, match="must be a list"):
        mappings.wanted_list(raw, field="mappings")


@pytest.mark.parametrize(
    ("action_type", "one", "other", "same"),
    [
        ("users_identify", {"id": "body.id"}, {"id": "body.user"}, True),
        ("workflows_trigger", {"key": "a", "recipients": "body.id"}, {"key": "a", "recipients": "body.user"}, True),
        ("workflows_trigger", {"key": "a", "recipients": "body.id"}, {"key": "b", "recipients": "body.id"}, False),
        ("audiences_add_member", {"key": "body.a", "members": "id"}, {"key": "body.b", "members": "id"}, True),
    ],
)
def test_mappings_without_ids_are_told_apart_by_type_action_and_workflow(
    action_type: str, one: Mapping[str, Json], other: Mapping[str, Json], same: bool
) -> None:
    identities = {mappings.identity("user.created", action_type, each) for each in (one, other)}
    assert len(identities) == (1 if same else 2)


@pytest.mark.parametrize(
    ("action_type", "key", "workflow"),
    [
        ("workflows_trigger", "welcome", "welcome"),
        ("workflows_trigger", {"value": "welcome"}, "welcome"),
        ("workflows_trigger", {"path": "body.key"}, None),
        ("workflows_cancel", "welcome", None),
    ],
)
def test_a_mapping_says_which_workflow_it_triggers(action_type: str, key: Json, workflow: str | None) -> None:
    given: dict[str, Json] = {"key": key, "recipients": "body.id", "cancellation_key": "body.id"}
    (mapping,) = scenario.configuration(scenario.mapping(action_type, given)).mappings
    assert mapping.triggers == workflow
