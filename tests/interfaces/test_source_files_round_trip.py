"""Whatever a server has, its files say it so that reading them back finds nothing to change."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.json_values import Json
from domain.verification import Verification
from interfaces.cli.source_files import comparing, planning, reading, writing
from interfaces.cli.source_files.planning import Plan
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.server_state import ServerState
from interfaces.cli.source_files.source_planning import SourcePlanning
from interfaces.cli.yaml_files import yaml_text
from tests.interfaces import server_shapes
from tests.interfaces.server_shapes import ENVIRONMENTS, TEMPLATES

SECRET = "whsec_of-nobody-at-all-wxyz"

texts = st.text() | st.sampled_from(
    [
        "on",
        "no",
        "null",
        "~",
        "1",
        "1.0",
        "0x1f",
        "1_000",
        "1e5",
        "12:30",
        "2024-01-15",
        "a: b",
        "- a",
        "#",
        "<<",
        "= ",
        " a ",
    ]
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
filled = texts.filter(lambda text: bool(text.strip()) and "\0" not in text)
constants = json_values.map(lambda value: {"value": value})
paths = st.sampled_from(["body.id", 'headers["x-id"]', "preprocess.name", "items[0].a b", {"paths": ["body.a", "b"]}])
mappings = st.builds(
    lambda event_type, active, identifier, name, properties: server_shapes.mapping(
        event_type, "users_identify", active=active, id=identifier, name=name, properties=properties
    ),
    filled.filter(lambda text: len(text) <= 255),
    st.booleans(),
    paths | constants,
    constants,
    st.dictionaries(filled, constants, min_size=2, max_size=3),
)
scripts = filled.map(lambda text: {"language": "javascript", "source": text})
settings = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "event_type_path": st.sampled_from(["body.kind", None]),
        "timestamp_path": st.sampled_from(["body.at[0]", None]),
        "idempotency_key_path": st.just("body.id"),
        "idempotency_window_seconds": st.integers(1, 86_400),
        "enforce_verification": st.booleans(),
        "verification": st.sampled_from([{"scheme": "none"}, {"scheme": "hmac", "header": "x", "encoding": "hex"}]),
        "preprocess_script": scripts,
        "handle_identifies": st.sampled_from([False, None]),
    },
)


@st.composite
def sources(draw: st.DrawFn) -> dict[str, Any]:
    template = draw(st.sampled_from(sorted(TEMPLATES)))
    environments = {
        slug: server_shapes.environment(
            {**TEMPLATES[template], **draw(settings)},
            draw(st.lists(mappings, max_size=3)),
            hint=draw(st.sampled_from([None, SECRET[-4:]])),
        )
        for slug in ENVIRONMENTS
    }
    key = draw(st.sampled_from(["crm", "variables", "a-b", "a_b"]))
    about = {"description": draw(st.none() | texts), "name": draw(filled)}
    return {**server_shapes.source(key, template, **environments), **about}


values = texts.filter(lambda text: "\0" not in text)
variables = st.builds(server_shapes.variable, st.just("PLAN"), st.none() | values, production=values)


def takes_all(verification: Verification, secret: str = "") -> None:
    """A server's check that refuses nothing."""


def planned(files: Mapping[str, str], state: ServerState) -> Plan:
    """The plan of a push of `files`, each reference leading to the same secret."""
    wanted = reading.read(files, takes_all)
    maker = SourcePlanning(state=state, secrets=_all_lead_to_one(wanted), check_secret=takes_all)
    return planning.plan(wanted, state, maker, prune=False)


def _all_lead_to_one(wanted: Any) -> dict[Reference, str]:
    return {
        reference: SECRET
        for source in wanted.sources.values()
        for environment in source.environments.values()
        for reference in environment.secrets.values()
    }


@given(json_values)
def test_yaml_reads_back_as_what_was_written(value: Json) -> None:
    read = yaml_text.read("a.yaml", yaml_text.dump(value)).value
    assert comparing.same(read, value)


@given(sources(), st.lists(variables, max_size=1))
def test_a_push_of_what_was_pulled_changes_nothing(source: Any, variables: list[Any]) -> None:
    state = server_shapes.state(source, variables=variables)
    plan = planned(writing.files(state, {}), state)
    assert plan.is_empty, plan


@given(sources())
def test_pulling_again_writes_the_same_files(source: Any) -> None:
    state = server_shapes.state(source)
    files = writing.files(state, {})
    assert writing.files(state, files) == files


@given(sources())
def test_what_is_pushed_to_an_empty_server_is_pulled_from_it_as_the_same_files(source: Any) -> None:
    files = writing.files(server_shapes.state(source), {})
    [change] = planned(files, server_shapes.state()).sources
    made = after_put(source["key"], change.body(dict.fromkeys(_secrets_of(change), SECRET)))
    assert writing.files(server_shapes.state(made), {}) == files


def _secrets_of(change: Any) -> list[Reference]:
    return [reference for each in change.environments for reference in each.secrets.values()]


def after_put(key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a server that had nothing shows after a PUT with `body`."""
    told = body["source"]
    template = told["preconfigured_provider"]
    environments = {}
    for slug, edit in told["environment_settings"].items():
        given = dict(edit["settings"])
        secrets = given.pop("secrets", {})
        hint = secrets["signing_secret"][-4:] if secrets else None
        environments[slug] = server_shapes.environment({**TEMPLATES[template], **given}, edit["mappings"], hint=hint)
    about = {name: told[name] for name in ("name", "description", "custom_image_url")}
    return {**server_shapes.source(key, template, **environments), **about}
