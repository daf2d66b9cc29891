"""What is wanted of workflows, what a plan says of each difference, and that nothing differs after a pull."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import workflow_steps
from domain.json_values import Json
from infrastructure import composition
from interfaces.cli.workflow_files import planning, pushing, reading, rendering, writing
from interfaces.cli.workflow_files.planning import Plan
from interfaces.cli.workflow_files.server_state import ServerState
from interfaces.cli.yaml_files.marks import EditedMeanwhile
from tests.interfaces.test_source_files_round_trip import filled, json_values

CHECKS = composition.workflow_checks()
MAIL: Mapping[str, Any] = {
    "ref": "mail",
    "type": "email",
    "settings": {"to": "{{ recipient.email }}", "subject": "Welcome", "text": "Dear you,\nhello.\n"},
    "conditions": [],
}
A_DAY: Mapping[str, Any] = {"ref": "a-day", "type": "delay", "settings": {"seconds": 86400}, "conditions": []}


def shown(key: str, *steps: Mapping[str, Any], version: int = 1, **other: Any) -> dict[str, Any]:
    """A workflow as the API shows it."""
    about = {"name": "Welcome", "active": True, "trigger_data_schema": None, "conditions": []}
    return {"key": key, "environment": "production", "version": version, "steps": list(steps), **about, **other}


def state(*workflows: Mapping[str, Any]) -> ServerState:
    """A server that has these in production."""
    return ServerState(
        environments=("development", "production"),
        workflows={each["key"]: {"production": each} for each in workflows},
    )


def plan(files: Mapping[str, str], server: ServerState) -> Plan:
    return planning.plan(reading.read(files, CHECKS), server)


def welcome(production: str) -> dict[str, str]:
    """The file of a workflow with this in production."""
    inside = textwrap.indent(textwrap.dedent(production), " " * 4)
    return {"welcome.yaml": f"name: Welcome\nenvironments:\n  production:\n{inside}"}


def told(plan: Plan) -> list[str]:
    return [line.plain for line in rendering.plan(plan)]


STEPS = """
    steps:
      - ref: mail
        type: email
        settings: {subject: Hello, text: "Dear you,\\nhello again.\\n", html: "<p>"}
        conditions: [{path: recipient.email, operator: not_empty}]
      - {ref: billing, type: webhook, settings: {url: "https://a.example/{{ data.id }}"}}
    """


def test_a_new_workflow_is_told_with_all_that_it_does() -> None:
    assert told(plan(welcome(STEPS), state())) == [
        "+ welcome (created)",
        "    production",
        '      ~ name: null → "Welcome"',
        "      ~ active: null → true",
        '      + step mail: email {"to": "{{ recipient.email }}", "subject": "Hello", "text": "Dear you,\\nhello '
        'again.\\n", "html": "<p>"} if [{"path": "recipient.email", "operator": "not_empty"}]',
        '      + step billing: webhook {"url": "https://a.example/{{ data.id }}", "body": {}}',
        "1 created.",
    ]


def test_each_difference_has_a_line_and_texts_are_told_by_theirs() -> None:
    files = welcome(f"active: false\nname: Hi\ntrigger_data_schema: {{type: object}}\n{textwrap.dedent(STEPS)}")
    assert told(plan(files, state(shown("welcome", A_DAY, MAIL), shown("other")))) == [
        "~ welcome (changed)",
        "    production",
        '      ~ name: "Welcome" → "Hi"',
        "      ~ active: true → false",
        '      ~ trigger_data_schema: null → {"type": "object"}',
        "      - step a-day",
        '      ~ step mail: conditions: [] → [{"path": "recipient.email", "operator": "not_empty"}]',
        '      ~ step mail: subject: "Welcome" → "Hello"',
        "      ~ step mail: text:",
        "            Dear you,",
        "      -     hello.",
        "      +     hello again.",
        '      ~ step mail: html: null → "<p>"',
        '      + step billing: webhook {"url": "https://a.example/{{ data.id }}", "body": {}}',
        "      ~ order of steps: a-day, mail → mail, billing",
        "  other (only on the server, left alone)",
        "1 changed.",
    ]


def test_what_a_file_does_not_say_is_not() -> None:
    before = shown("welcome", A_DAY, conditions=[{"path": "data.a", "operator": "empty"}], active=False)
    [change] = plan(welcome("{}"), state(before)).changes[0].environments
    assert change.wanted == {
        "name": "Welcome",
        "active": True,
        "trigger_data_schema": None,
        "conditions": [],
        "steps": [],
    }


def test_an_environment_that_no_file_names_is_left_alone() -> None:
    assert plan({"welcome.yaml": "name: Another\nenvironments: {}\n"}, state(shown("welcome", MAIL))).is_empty


@pytest.mark.parametrize(("value", "differs"), [("1", False), ("1.0", True), ("true", True), ("'1'", True)])
def test_constants_of_different_types_differ(value: str, differs: bool) -> None:
    asked = {"path": "data.a", "operator": "equal_to", "value": 1}
    files = welcome(f"conditions: [{{path: data.a, operator: equal_to, value: {value}}}]")
    assert plan(files, state(shown("welcome", conditions=[asked]))).is_empty is not differs


def test_what_moved_while_the_plan_was_looked_at_is_not_touched() -> None:
    made = plan(welcome("active: false"), state(shown("welcome", version=3)))
    pushing.require_unmoved(made, state(shown("welcome", version=3)))
    with pytest.raises(EditedMeanwhile, match="welcome in production was edited"):
        pushing.require_unmoved(made, state(shown("welcome", version=4)))
    with pytest.raises(EditedMeanwhile, match="welcome in production was made"):
        pushing.require_unmoved(plan(welcome("{}"), state()), state(shown("welcome")))


# Whatever a server has, its files say it so that reading them back finds nothing to change.

literals = filled.filter(lambda text: "{" not in text)
conditions = st.lists(
    st.builds(lambda value: {"path": "data.a[0]", "operator": "equal_to", "value": value}, json_values)
    | st.just({"path": "vars.A", "operator": "empty"}),
    max_size=2,
)
bodies = json_values.filter(lambda value: "{" not in repr(value).replace("{'", "").replace("{}", ""))
webhooks = st.fixed_dictionaries(
    {"url": st.just("https://a.example/{{ data.id }}"), "body": bodies},
    optional={"headers": st.dictionaries(filled, literals, min_size=1, max_size=2), "secret": st.just("SIGNING")},
)
emails = st.fixed_dictionaries({"to": literals, "subject": literals, "text": literals}, optional={"html": literals})
delays = st.sampled_from([{"seconds": 0}, {"seconds": 1.5}, {"until_path": "data.at"}])
kinds = (
    st.tuples(st.just("webhook"), webhooks) | st.tuples(st.just("email"), emails) | st.tuples(st.just("delay"), delays)
)


def as_a_server_shows(drawn: Sequence[Any]) -> list[Any]:
    """Steps with their members in the one order that a server gives them."""
    told = [
        {"ref": f"step-{index}", "type": kind, "settings": settings, "conditions": asked}
        for index, ((kind, settings), asked) in enumerate(drawn)
    ]
    return [workflow_steps.as_json(each) for each in workflow_steps.parse(told, "steps")]


steps = st.lists(st.tuples(kinds, conditions), max_size=3).map(as_a_server_shows)
workflows = st.builds(
    lambda name, active, schema, asked, steps: shown(
        "welcome", *steps, name=name, active=active, trigger_data_schema=schema, conditions=asked
    ),
    filled,
    st.booleans(),
    st.sampled_from([None, {}, {"type": "object", "required": ["on", "no"]}]),
    conditions,
    steps,
)


@given(workflows, workflows)
def test_a_push_of_what_was_pulled_changes_nothing(development: Json, production: Json) -> None:
    server = ServerState(
        environments=("development", "production"),
        workflows={"welcome": {"development": development, "production": production}},  # type: ignore[dict-item]
    )
    assert plan(writing.files(server), server).is_empty


@given(workflows)
def test_what_is_pushed_to_an_empty_server_is_pulled_from_it_as_the_same_files(workflow: Any) -> None:
    files = writing.files(state(workflow))
    [change] = plan(files, state()).changes[0].environments
    assert writing.files(state({**shown("welcome"), **change.wanted})) == files
