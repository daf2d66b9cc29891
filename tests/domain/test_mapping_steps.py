"""Mapping steps: the values that a mapping finds in a webhook, and what is said where it finds none."""

import pytest

from domain import configurations, contexts, mapping_steps
from domain.json_values import Json
from domain.mapping_steps import Step
from domain.webhooks import ActionError
from tests import scenario

IDENTIFY: dict[str, Json] = {
    "id": "body.user.id",
    "name": "body.user.name",
    "email": {"paths": ["body.user.email", "body.user.login"]},
    "properties": {"plan": "body.plan", "origin": {"value": "web"}},
}
TRIGGER: dict[str, Json] = {"key": "welcome", "recipients": "body.user.id"}


def prepare(action_type: str, parameters: dict[str, Json], body: dict[str, Json]) -> Step:
    (mapping,) = scenario.configuration(scenario.mapping(action_type, parameters)).mappings
    return mapping_steps.prepare(mapping, contexts.build(body, {"x-user": "u-7"}, scenario.SETTINGS))


def test_each_value_says_where_it_came_from() -> None:
    step = prepare("users_identify", IDENTIFY, {"user": {"id": 1, "name": "Noor", "login": "noor"}, "plan": "pro"})
    assert step.payload == {
        "id": "1",
        "name": "Noor",
        "email": "noor",
        "properties": {"plan": "pro", "origin": "web"},
    }
    assert step.origins == {
        "id": {"path": "body.user.id"},
        "name": {"path": "body.user.name"},
        "email": {"path": "body.user.login"},
        "properties": {"plan": {"path": "body.plan"}, "origin": {"constant": True}},
    }


def test_an_optional_value_that_is_not_there_is_left_out_and_one_that_is_null_stays() -> None:
    missing = prepare("users_identify", IDENTIFY, {"user": {"id": "u-1"}})
    assert missing.payload == {"id": "u-1", "properties": {"origin": "web"}}
    assert set(missing.origins) == {"id", "properties"}
    null = prepare("users_identify", IDENTIFY, {"user": {"id": "u-1", "name": None}, "plan": None})
    assert null.payload == {"id": "u-1", "name": None, "properties": {"plan": None, "origin": "web"}}


def test_a_path_may_lead_to_a_header() -> None:
    assert prepare("users_identify", {"id": "headers.X-User"}, {}).payload["id"] == "u-7"


def test_data_may_be_the_whole_body() -> None:
    step = prepare("workflows_trigger", {**TRIGGER, "data": "body"}, {"user": {"id": "u-1"}})
    assert step.payload["data"] == {"user": {"id": "u-1"}}


def error_of(step: Step) -> ActionError:
    assert step.error is not None
    return step.error


@pytest.mark.parametrize(
    ("id_", "body", "path", "nearest", "words"),
    [
        (
            "body.user.id",
            {"user": {"uid": 1}},
            "body.user.id",
            "body.user.uid",
            "the nearest that exists is body.user.uid",
        ),
        ("body.user.id", {}, "body.user.id", "body", "body.user.id leads to nothing in this webhook"),
        ("body.user.id", {"user": {"id": None}}, "body.user.id", None, "body.user.id is null"),
        ({"paths": ["a", "b"]}, {"a": None}, "a", None, "a or b is null"),
        ({"template": "{{ a }}/{{ b }}"}, {"a": 1, "c": 2}, "b", "body", "b leads to nothing"),
        ({"template": "{{ a }}/{{ b }}"}, {"a": 1, "b": None}, "b", None, "b is null"),
        (
            {"template": "{{ a }}/{{ b }}"},
            {"a": 1, "b": [2]},
            "b",
            None,
            "b is of type list, which no template can hold",
        ),
        ({"value": None}, {}, None, None, "a constant is null"),
    ],
)
def test_a_required_value_that_is_not_there_skips_the_action_and_says_where_it_was_looked_for(
    id_: Json, body: dict[str, Json], path: str | None, nearest: str | None, words: str
) -> None:
    step = prepare("users_identify", {"id": id_}, body)
    error = error_of(step)
    assert step.skipped
    assert (error.code, error.field) == ("required_field_missing", "id")
    assert (error.path, error.nearest) == (path, nearest)
    assert error.message.startswith("id is required, but ")
    assert words in error.message


def test_a_value_that_does_not_fit_fails_the_action_and_names_its_path() -> None:
    step = prepare("workflows_trigger", {**TRIGGER, "recipients": "body.people"}, {"people": ["u-1", True]})
    error = error_of(step)
    assert not step.skipped
    assert (error.code, error.field, error.path) == ("invalid_params", "recipients[1]", "body.people")
    assert step.payload == {"key": "welcome", "recipients": ["u-1", True]}


def test_a_constant_that_does_not_fit_has_no_path() -> None:
    step = prepare("users_identify", {"id": {"value": True}}, {})
    assert (error_of(step).field, error_of(step).path) == ("id", None)


def test_a_step_says_what_must_be_known_before_it_can_be_taken() -> None:
    step = prepare("workflows_trigger", TRIGGER, {"user": {"id": "u-1"}})
    assert step.references == (("workflow", "welcome"), ("user", "u-1"))
    assert prepare("workflows_trigger", TRIGGER, {}).references == ()


def test_a_mapping_that_was_changed_reads_other_values() -> None:
    changed = configurations.MappingChanged(
        mapping_id="users_identify",
        event_type=scenario.TYPE,
        action_type="users_delete",
        parameters={"id": "body.gone"},
        changed_at=scenario.mapping("users_identify", IDENTIFY).added_at,
    )
    (mapping,) = scenario.configuration(scenario.mapping("users_identify", IDENTIFY), changed).mappings
    step = mapping_steps.prepare(mapping, contexts.build({"gone": "u-1"}, {}, scenario.SETTINGS))
    assert step.payload == {"id": "u-1"}
