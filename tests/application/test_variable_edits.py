"""Putting variables: the body says how they are to be, secrets are sealed on the way, and scripts read the outcome."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from application import variable_edits
from application.catalogue import Catalogue
from application.managing import EnvironmentUnknown
from application.records import Change
from application.variable_edits import TooManyVariables, context
from domain import errors, variables
from domain.json_values import Json
from domain.variables import Variable, VariableUnknown
from infrastructure.variables import opener
from infrastructure.vault import MasterKeyVault
from tests import examples
from tests.application.in_memory import ACTOR, OPENED, VAULT, InMemory

SECRET = "planted-7f3a-not-to-be-seen"
SCRIPT: dict[str, Json] = {"preprocess_script": {"source": "function main(ctx) { return {} }"}}


def put(it: InMemory, key: str = "API_URL", **variable: Json) -> Variable:
    return it.managing.put_variable(key=key, body={"variable": variable}, actor=ACTOR)


def read(it: InMemory, environment: str = "development") -> dict[str, Json]:
    """What scripts would read."""
    return dict(it.catalogue.variables(environment))


def test_a_variable_is_the_same_everywhere_but_where_it_has_a_value_of_its_own() -> None:
    it = InMemory()
    put(it, value="https://example.com", environment_values={"production": "https://live.example.com"})
    assert read(it) == {"API_URL": "https://example.com"}
    assert read(it, "production") == {"API_URL": "https://live.example.com"}


@pytest.mark.parametrize(
    ("value", "text", "meaning"),
    [
        (True, "true", True),
        ("true", "true", True),
        (123, "123", 123),
        ({"a": [1, None]}, '{"a":[1,null]}', {"a": [1, None]}),
        ("007", "007", "007"),
        ("null", "null", None),
        (10**20, "1" + "0" * 20, "1" + "0" * 20),
    ],
)
def test_a_value_is_kept_as_a_text_and_read_as_json(value: Json, text: str, meaning: Json) -> None:
    it = InMemory()
    assert put(it, value=value).value == variables.Value(text=text)
    assert read(it) == {"API_URL": meaning}


def test_a_variable_without_a_value_somewhere_is_not_there() -> None:
    it = InMemory()
    put(it, environment_values={"production": "x"})
    assert (read(it), read(it, "production")) == ({}, {"API_URL": "x"})


def test_what_is_not_named_stays() -> None:
    it = InMemory()
    put(it, value="a", description="Where it is", environment_values={"production": "b"})
    changed = put(it, environment_values={"development": "c"})
    assert changed.description == "Where it is"
    assert {place: value.text for place, value in changed.places().items()} == {
        None: "a",
        "production": "b",
        "development": "c",
    }
    assert put(it, description=None).description is None


def test_a_null_removes_a_value() -> None:
    it = InMemory()
    put(it, value="a", environment_values={"production": "b"})
    assert put(it, environment_values={"production": None}).places().keys() == {None}
    assert put(it, value=None).places() == {}


def test_a_secret_is_sealed_and_a_text_whatever_it_looks_like() -> None:
    it = InMemory()
    variable = put(it, type="secret", value=123456, environment_values={"production": SECRET})
    assert (read(it), read(it, "production")) == ({"API_URL": "123456"}, {"API_URL": SECRET})
    assert all(value.text is None for value in variable.places().values())
    assert SECRET.encode() not in b"".join(each.state for each in it.ledger.recorder.select_notifications(1, 1000))


def test_a_null_leaves_a_secret_as_it_is_since_reading_shows_null() -> None:
    it = InMemory()
    put(it, type="secret", value=SECRET, environment_values={"production": "other"})
    before = it.ledger.head()
    put(it, type="secret", value=None, environment_values={"production": None})
    assert it.ledger.head() == before


@pytest.mark.parametrize("kind", ["public", "secret"])
def test_the_same_body_twice_is_one_edit(kind: str) -> None:
    it = InMemory()
    put(it, type=kind, value=SECRET, environment_values={"production": "b"})
    before = it.ledger.head()
    put(it, type=kind, value=SECRET, environment_values={"production": "b"})
    assert it.ledger.head() == before


def test_a_sealed_value_counts_in_its_own_place_alone() -> None:
    sealed = VAULT.seal(SECRET, context=context("KEY", "production"))
    for place in (("KEY", None), ("KEY", "development"), ("key", "production")):
        with pytest.raises(errors.Refused):
            VAULT.open(sealed, context=context(*place))


def test_a_secret_does_not_turn_public_without_a_new_value() -> None:
    it = InMemory()
    put(it, type="secret", value=SECRET)
    for body in ({"type": "public"}, {"type": "public", "value": None}):
        with pytest.raises(variables.TypeFixed) as refusal:
            it.managing.put_variable(key="API_URL", body=body, actor=ACTOR)
        assert refusal.value.field == "variable.value"
    assert put(it, type="public", value="shown").value == variables.Value(text="shown")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"variable": 5}, "variable"),
        ({"variable": {"values": "x"}}, "variable.values"),
        ({"variable": {"type": "hidden"}}, "variable.type"),
        ({"variable": {"type": None}}, "variable.type"),
        ({"variable": {"description": 7}}, "variable.description"),
        ({"variable": {"description": "d" * 1_025}}, "variable.description"),
        ({"variable": {"value": SECRET * 400}}, "variable.value"),
        ({"variable": {"value": f"{SECRET}\0"}}, "variable.value"),
        ({"variable": {"environment_values": ["x"]}}, "variable.environment_values"),
        ({"variable": {"environment_values": {"stagin": SECRET}}}, "variable.environment_values.stagin"),
        (
            {"variable": {"environment_values": {"production": [SECRET] * 400}}},
            "variable.environment_values.production",
        ),
    ],
)
def test_what_is_wrong_in_a_body_is_named_by_its_field_and_no_value_is_shown(body: Any, field: str) -> None:
    it = InMemory()
    before = it.ledger.head()
    with pytest.raises(errors.Refused) as refusal:
        it.managing.put_variable(key="API_URL", body=body, actor=ACTOR)
    assert refusal.value.field == field
    assert SECRET not in str(refusal.value)
    assert it.ledger.head() == before


def test_a_body_may_be_the_variable_itself_and_hold_what_reading_shows() -> None:
    it = InMemory()
    body: dict[str, Json] = {"key": "API_URL", "inserted_at": "x", "updated_at": "x", "type": "public", "value": "a"}
    assert it.managing.put_variable(key="API_URL", body=body, actor=ACTOR).value == variables.Value(text="a")


def test_there_are_at_most_a_hundred_variables() -> None:
    it = InMemory()
    for number in range(variable_edits.MOST_VARIABLES):
        put(it, f"V{number}", value=number)
    put(it, "V0", value="changed")
    with pytest.raises(TooManyVariables):
        put(it, "ONE_MORE", value=1)
    it.managing.remove_variable(key="V1", environment=None, actor=ACTOR)
    put(it, "ONE_MORE", value=1)


def test_all_values_together_are_bounded() -> None:
    it, text = InMemory(), "x" * 8_192
    for number in range(variable_edits.LARGEST_TOTAL // 8_192):
        put(it, f"V{number}", value=text)
    with pytest.raises(TooManyVariables, match="together"):
        put(it, "ONE_MORE", value="y")
    with pytest.raises(TooManyVariables):
        put(it, "V0", environment_values={"production": "y"})
    put(it, "V0", value="shorter")


def test_a_variable_is_removed_whole_or_in_one_environment() -> None:
    it = InMemory()
    put(it, value="a", environment_values={"production": "b"})
    for _ in range(2):
        it.managing.remove_variable(key="API_URL", environment="production", actor=ACTOR)
        assert read(it, "production") == {"API_URL": "a"}
    for _ in range(2):
        it.managing.remove_variable(key="API_URL", environment=None, actor=ACTOR)
        assert read(it, "production") == {}


def test_what_nobody_set_or_made_cannot_be_removed() -> None:
    it = InMemory()
    with pytest.raises(VariableUnknown):
        it.managing.remove_variable(key="API_URL", environment=None, actor=ACTOR)
    put(it, value="a")
    with pytest.raises(EnvironmentUnknown):
        it.managing.remove_variable(key="API_URL", environment="stagin", actor=ACTOR)


def test_a_secret_that_cannot_be_opened_is_left_out_and_reported_without_its_value() -> None:
    it = InMemory()
    put(it, "OPEN", value="a")
    put(it, "SHUT", type="secret", value=SECRET)
    elsewhere = Catalogue(store=it.ledger, **{**OPENED, "open_variables": opener(MasterKeyVault(b"2" * 32))})
    with capture_logs() as logs:
        assert elsewhere.variables("development") == {"OPEN": "a"}
    assert [(each["log_level"], each["variable"], each["environment"]) for each in logs] == [
        ("error", "SHUT", "development")
    ]
    assert SECRET not in str(logs)


def test_a_secret_that_cannot_be_opened_can_be_set_anew() -> None:
    it = InMemory()
    sealed = MasterKeyVault(b"2" * 32).seal(SECRET, context=context("SHUT", None))
    put(it, "SHUT", type="secret", value="x")
    event = variables.VariableSet(
        key="SHUT", environment=None, type="secret", text=None, sealed=sealed, description=None, set_at=examples.AT
    )
    it.ledger.append(_change(it, event))
    assert read(it) == {}
    put(it, "SHUT", value=SECRET)
    assert read(it) == {"SHUT": SECRET}


def _change(it: InMemory, event: variables.Event) -> Change:
    stream = variables.stream(event.key)
    return Change(stream=stream, version=it.catalogue.current().version(stream), events=(event,))


def test_an_edit_of_somebody_else_s_is_known_to_scripts_at_once() -> None:
    it = InMemory()
    token = it.put(settings=SCRIPT).token
    other = it.beside()
    other.catalogue.current()
    put(it, value="a")
    assert other.catalogue.current().endpoints[token].variables == {"API_URL": "a"}


def test_an_endpoint_has_the_variables_of_its_environment_if_it_has_a_script() -> None:
    it = InMemory()
    put(it, value="a", environment_values={"production": "b"})
    scripted, plain = it.put(settings=SCRIPT).token, it.put(key="plain").token
    live = it.put(environment="production", settings=SCRIPT).token
    endpoints = it.catalogue.current().endpoints
    assert endpoints[scripted].variables == {"API_URL": "a"}
    assert endpoints[live].variables == {"API_URL": "b"}
    assert endpoints[plain].variables == {}


@pytest.mark.parametrize(("before", "after"), [("true", "1"), ("1", "1.0"), ("a", "b"), ("a", None)])
def test_endpoints_with_scripts_are_made_anew_when_variables_change(before: str, after: str | None) -> None:
    it = InMemory()
    put(it, value=before)
    scripted, plain = it.put(settings=SCRIPT).token, it.put(key="plain").token
    there = it.catalogue.current().endpoints
    put(it, value=after)
    now = it.catalogue.current().endpoints
    assert now[plain] is there[plain]
    assert repr(dict(now[scripted].variables)) != repr(dict(there[scripted].variables))


def test_secrets_are_opened_once_for_all_endpoints_and_not_again_before_something_changes() -> None:
    it, opened = InMemory(), []

    def counted(known: Any, environment: str) -> Any:
        opened.append(environment)
        return OPENED["open_variables"](known, environment)

    catalogue = Catalogue(store=it.ledger, **{**OPENED, "open_variables": counted})
    put(it, type="secret", value=SECRET)
    for key in ("one", "two"):
        it.put(key=key, settings=SCRIPT)
    catalogue.current()
    assert opened == ["development"]
    it.workflow("welcome")
    catalogue.current()
    catalogue.current()
    assert opened == ["development"]


def test_no_value_is_shown_when_an_endpoint_is_printed() -> None:
    it = InMemory()
    put(it, type="secret", value=SECRET)
    it.put(settings=SCRIPT)
    assert SECRET not in repr(it.catalogue.current())
