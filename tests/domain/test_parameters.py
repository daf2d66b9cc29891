"""Parameters: what a mapping may say about a value, what it comes to, and where it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import parameters, paths
from domain.json_values import Json
from domain.parameters import Constant, Fields, FirstOf, FromPath, FromTemplate, Parameter
from domain.paths import UNRESOLVED

CONTEXT: dict[str, Json] = {
    "body": {"id": "u-1", "device_id": "d-1", "nothing": None, "plan": {"name": "pro"}, "cohort_id": 7, "path": "p"},
    "headers": {"x-id": "h-1"},
}


def parse(raw: Json, *, literal: bool = False, nested: bool = False) -> Parameter:
    return parameters.parse(raw, field="action_parameters.data", literal=literal, nested=nested)


def resolve(raw: Json) -> tuple[object, Json]:
    resolution = parameters.resolve(parse(raw, nested=True), CONTEXT)
    return resolution.value, resolution.origin


RESOLVED = [
    ("body.id", "u-1", {"path": "body.id"}),
    ({"path": "body.id"}, "u-1", {"path": "body.id"}),
    ({"path": "plan"}, {"name": "pro"}, {"path": "plan"}),
    ({"path": "body.nothing"}, None, {"path": "body.nothing"}),
    ({"path": "body.missing"}, UNRESOLVED, {"path": "body.missing"}),
    ({"value": "workspaces"}, "workspaces", {"constant": True}),
    ({"value": None}, None, {"constant": True}),
    ({"value": {"path": "body.id"}}, {"path": "body.id"}, {"constant": True}),
    (
        {"template": "amplitude-{{ cohort_id }}"},
        "amplitude-7",
        {"template": "amplitude-{{ cohort_id }}", "paths": ["cohort_id"]},
    ),
    (
        {"template": "{{ body.id }}-{{ body.nothing }}"},
        UNRESOLVED,
        {"template": "{{ body.id }}-{{ body.nothing }}", "paths": ["body.id", "body.nothing"]},
    ),
    ({"paths": ["body.id", "body.device_id"]}, "u-1", {"path": "body.id"}),
    ({"paths": ["body.missing", "body.nothing", "body.device_id"]}, "d-1", {"path": "body.device_id"}),
    ({"paths": ["body.missing", "body.nothing"]}, UNRESOLVED, {"paths": ["body.missing", "body.nothing"]}),
    (
        {"user": "body.id", "plan": {"tier": "body.plan.name", "seats": {"value": 3}}},
        {"user": "u-1", "plan": {"tier": "pro", "seats": 3}},
        {"user": {"path": "body.id"}, "plan": {"tier": {"path": "body.plan.name"}, "seats": {"constant": True}}},
    ),
    ({"id": "body.id", "gone": "body.missing"}, {"id": "u-1"}, {"id": {"path": "body.id"}}),
    ({"none": "body.nothing"}, {"none": None}, {"none": {"path": "body.nothing"}}),
    ({}, {}, {}),
]


@pytest.mark.parametrize(("raw", "value", "origin"), RESOLVED)
def test_a_parameter_resolves_and_says_where_the_value_came_from(raw: Json, value: object, origin: Json) -> None:
    assert resolve(raw) == (value, origin)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("body.id", FromPath),
        ({"path": "body.id"}, FromPath),
        ({"value": 1}, Constant),
        ({"template": "{{ id }}"}, FromTemplate),
        ({"paths": ["id"]}, FirstOf),
        ({"path": {"path": "id"}}, Fields),
        ({"path": "id", "other": "id"}, Fields),
        ({"value": "id", "other": "id"}, Fields),
        ({"paths": "id"}, Fields),
        ({"template": {"value": 1}}, Fields),
    ],
)
def test_a_single_tag_of_the_right_type_is_no_map(raw: Json, kind: type[Parameter]) -> None:
    assert isinstance(parse(raw, nested=True), kind)


def test_a_plain_string_is_a_constant_where_literals_stand() -> None:
    assert parse("order-shipped", literal=True) == Constant("order-shipped")
    assert parse({"path": "body.key"}, literal=True) == FromPath(paths.parse("body.key"))


def too_deep(levels: int) -> Json:
    value: Json = "body.id"
    for _ in range(levels):
        value = {"member": value}
    return value


REFUSED = [
    (1, False, "", "integer found"),
    (True, False, "", "boolean found"),
    (None, False, "", "null found"),
    (["body.id"], False, "", "list found"),
    ("body..id", False, "", "character 5"),
    ("", False, "", "empty"),
    ({}, False, "", "exactly one of"),
    ({"path": "id", "value": 1}, False, "", "'path', 'value' found"),
    ({"jsonpath": "id"}, False, "", "'jsonpath' found"),
    ({"path": 1}, False, ".path", "string expected, integer found"),
    ({"path": "body..id"}, False, ".path", "character 5"),
    ({"path": "body..id"}, True, ".path", "character 5"),
    ({"template": "{{ id"}, False, ".template", "character 1"),
    ({"template": None}, False, ".template", "string expected, null found"),
    ({"paths": "id"}, False, ".paths", "list of 1 to 8"),
    ({"paths": []}, False, ".paths", "list of 1 to 8"),
    ({"paths": ["id"] * 9}, True, ".paths", "list of 1 to 8"),
    ({"paths": ["id", "a..b"]}, False, ".paths[1]", "character 2"),
    ({"paths": ["id", None]}, True, ".paths[1]", "null found"),
    ({"path": 1}, True, ".path", '{"value": …}'),
    ({"a": {"b": "x..y"}}, True, ".a.b", "character 2"),
    ({"a": {"b": 1}}, True, ".a.b", '{"value": …}'),
    (too_deep(9), True, ".member" * 8, "exactly one of"),
]


@pytest.mark.parametrize(("raw", "nested", "place", "problem"), REFUSED)
def test_what_is_no_parameter_is_refused_with_its_place(raw: Json, nested: bool, place: str, problem: str) -> None:
    with pytest.raises(parameters.ParameterInvalid) as refusal:
        parse(raw, nested=nested)
    assert refusal.value.field == "action_parameters.data" + place
    assert problem in str(refusal.value)


def test_maps_of_parameters_nest_eight_deep() -> None:
    assert isinstance(parse(too_deep(8), nested=True), Fields)


@pytest.mark.parametrize(
    ("raw", "tried"),
    [
        ("body.id", ["body.id"]),
        ({"value": 1}, []),
        ({"template": "{{ a }}-{{ b }}"}, ["a", "b"]),
        ({"paths": ["a", "b"]}, ["a", "b"]),
        ({"x": "a", "y": {"z": {"paths": ["b", "c"]}}}, ["a", "b", "c"]),
    ],
)
def test_a_parameter_names_every_path_it_tries(raw: Json, tried: list[str]) -> None:
    assert [path.text for path in parameters.paths_of(parse(raw, nested=True))] == tried


NAMES = st.sampled_from(["path", "value", "template", "paths", "id", "a.b", ""])
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["body.id", "a..b", "{{ id }}", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)
TAGGED: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(["body.id", 'body["x.y"]', "items[*].id"]),
    st.fixed_dictionaries({"path": st.just("body.id")}),
    st.fixed_dictionaries({"value": JSON}),
    st.fixed_dictionaries({"template": st.just("a-{{ id }}")}),
    st.fixed_dictionaries({"paths": st.just(["body.id", "id"])}),
)
MAPS: st.SearchStrategy[Json] = st.recursive(
    TAGGED, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


@given(MAPS | JSON)
def test_the_stored_form_reads_back_as_the_same_parameter(raw: Json) -> None:
    try:
        parameter = parse(raw, nested=True)
    except parameters.ParameterInvalid:
        return
    stored = parameters.as_json(parameter)
    assert parse(stored, nested=True) == parameter
    assert parameters.as_json(parse(stored, nested=True)) == stored


@given(MAPS, JSON)
def test_resolving_never_raises_and_omits_what_is_missing(raw: Json, body: Json) -> None:
    try:
        parameter = parse(raw, nested=True)
    except parameters.ParameterInvalid:
        return  # nested too deep
    resolution = parameters.resolve(parameter, {"body": body})
    if isinstance(parameter, Fields):
        assert isinstance(resolution.value, dict)
        assert isinstance(resolution.origin, dict)
        assert resolution.value.keys() == resolution.origin.keys()
        assert UNRESOLVED not in resolution.value.values()
