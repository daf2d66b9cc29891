"""Paths: what may be written, what it finds, and what is suggested when it finds nothing."""

from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain import path_syntax, paths
from domain.json_values import Json
from domain.path_syntax import EACH, Segment
from domain.paths import UNRESOLVED

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
ODD_NAMES = ["id", "a", "b", "0", "x.y", "[*]", "*", " a", "it's", 'q"', "__class__", ""]
NAMES = st.sampled_from(ODD_NAMES) | st.text(max_size=4)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
)
SEGMENTS = st.lists(NAMES | st.just(EACH), min_size=1, max_size=6).map(tuple)
CONTEXTS = st.fixed_dictionaries({"body": VALUES, "headers": st.dictionaries(NAMES, SCALARS, max_size=3)})

CONTEXT: dict[str, Json] = {
    "body": {
        "id": "evt_1",
        "type": "customer.created",
        "livemode": False,
        "nothing": None,
        "user.name": "Ada",
        "first name": "Ada Lovelace",
        "$schema": "public",
        "x-id": "x1",
        "naïve 🐍": "snake",
        "it's": "apostrophe",
        'say "hi"': "quotes",
        "back\\slash": "backslash",
        "__class__": "a key like any other",
        "0": "zero",
        "": "empty",
        "body": "a comment",
        "data": {"object": {"id": "cus_1", "customer": "cus_2", "email": "ada@example.com"}},
        "items": [{"id": "i1", "tags": [{"n": 1}, {"n": 2}]}, {"id": "i2", "tags": [{"n": 3}]}, {"tags": []}],
        "grid": [[1, 2], [3]],
        "empty": [],
    },
    "headers": {"svix-id": "msg_1", "content-type": "application/json"},
    "preprocess": {"key": "k1"},
}


def resolve(text: str, context: dict[str, Json] = CONTEXT) -> object:
    return paths.resolve(paths.parse(text), context)


def nearest(text: str, context: dict[str, Json] = CONTEXT) -> str | None:
    return paths.nearest(paths.parse(text), context)


def quoted(name: str, quote: str) -> str:
    return "[" + quote + name.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote + "]"


FOUND = [
    ("body.id", "evt_1"),
    ("id", "evt_1"),
    ("body", CONTEXT["body"]),
    ("body.body", "a comment"),
    ("body.livemode", False),
    ("body.nothing", None),
    ("data.object.email", "ada@example.com"),
    ("headers.svix-id", "msg_1"),
    ("headers.Svix-ID", "msg_1"),
    ('headers["Content-Type"]', "application/json"),
    ("preprocess.key", "k1"),
    ('body["user.name"]', "Ada"),
    ("body['user.name']", "Ada"),
    ('["user.name"]', "Ada"),
    ("body.first name", "Ada Lovelace"),
    ("$schema", "public"),
    ("body.x-id", "x1"),
    ("body.naïve 🐍", "snake"),
    ("body.it's", "apostrophe"),
    (r"body['it\'s']", "apostrophe"),
    (r'body["say \"hi\""]', "quotes"),
    ("body['say \"hi\"']", "quotes"),
    (r'body["back\\slash"]', "backslash"),
    ("body.__class__", "a key like any other"),
    ("body.0", "zero"),
    ("body[0]", "zero"),
    ('body[""]', "empty"),
    ("items.0.id", "i1"),
    ("items[1].id", "i2"),
    ("items[*].id", ["i1", "i2"]),
    ("items[*].tags[*].n", [1, 2, 3]),
    ("items[*].tags", [[{"n": 1}, {"n": 2}], [{"n": 3}], []]),
    ("grid[*]", [[1, 2], [3]]),
    ("grid[*][*]", [1, 2, 3]),
    ("grid[*][0]", [1, 3]),
    ("grid[*][1]", [2]),
    ("empty[*].id", []),
    ("  body.id ", "evt_1"),
]

MISSING = [
    "body.nope",
    "body.ID",
    "Body.id",
    "body.id.id",
    "body.nothing.at.all",
    "items[3]",
    "items.-1",
    "items.id",
    "items.1e0",
    "items.\u0660",
    "items[*].nope",
    "data[*].id",
    "headers.nope",
    "preprocess.nope",
    "vars.secret",
    "__init__",
    "body.__len__",
    "body.items.__class__",
    "body.id.upper",
]

REFUSED = [
    ("", 1, "empty"),
    ("   ", 1, "empty"),
    (".id", 1, "name is missing"),
    ("body.", 5, "name is missing"),
    ("body..id", 5, "name is missing"),
    ("body.[0]", 5, "leave out the dot"),
    ("body]", 5, "never opened"),
    ("body[0", 5, "number from 0"),
    ("body[-1]", 5, "number from 0"),
    ("body[id]", 5, "number from 0"),
    ("body[]", 5, "number from 0"),
    ("body[\u0660]", 5, "number from 0"),
    ('body["id', 5, "must end in"),
    ("body['id\"]", 5, "must end in"),
    (r'body["a\n"]', 5, "must end in"),
    ("body[0]id", 8, "must follow"),
    ("body.*.id", 6, "[*]"),
    ("x" * 513, 513, "512 characters"),
    (".".join("x" * 33), 64, "32 segments"),
]


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_a_path_finds_its_value(text: str, value: Json) -> None:
    assert resolve(text) == value


@pytest.mark.parametrize("text", MISSING)
def test_what_is_not_there_is_unresolved(text: str) -> None:
    assert resolve(text) is UNRESOLVED


@pytest.mark.parametrize(("text", "position", "problem"), REFUSED)
def test_a_malformed_path_is_refused_with_the_place_and_the_remedy(text: str, position: int, problem: str) -> None:
    with pytest.raises(paths.PathInvalid) as refusal:
        paths.parse(text)
    assert refusal.value.position == position
    assert problem in str(refusal.value)


def test_the_longest_path_and_the_deepest_path_are_allowed() -> None:
    assert len(paths.parse("x" * 512).segments) == 1
    assert len(paths.parse(".".join("x" * 32)).segments) == 32


def test_a_namespace_of_the_context_comes_before_the_body() -> None:
    legacy: dict[str, Json] = {"data": {"id": 1}, "user_id": "u1", "body": {"data": {"id": 2}, "user_id": "u2"}}
    assert [resolve(text, legacy) for text in ("data.id", "user_id", "body.data.id")] == [1, "u1", 2]


@pytest.mark.parametrize("namespace", ["headers", "preprocess", "vars", "body"])
def test_a_reserved_namespace_is_never_looked_for_in_the_body(namespace: str) -> None:
    assert resolve(f"{namespace}.verified", {"body": {namespace: {"verified": True}}}) is UNRESOLVED


def test_a_body_that_is_a_list_is_addressed_by_brackets_alone() -> None:
    batch: dict[str, Json] = {"body": [{"id": 1}, {"id": 2}]}
    assert resolve("[*].id", batch) == [1, 2]
    assert resolve("[1].id", batch) == 2
    assert resolve("body[0].id", batch) == 1


def test_the_same_body_below_its_own_namespace_keeps_the_case_of_headers() -> None:
    assert resolve("body.headers.X-Id", {"body": {"headers": {"X-Id": 1}}, "headers": {}}) == 1


@given(st.text(max_size=200), VALUES, st.sampled_from(["'", '"']))
def test_any_key_is_addressed_by_its_quoted_form(key: str, value: Json, quote: str) -> None:
    assert resolve("body" + quoted(key, quote), {"body": {key: value}}) is value


@given(SEGMENTS)
def test_joining_and_splitting_segments_gives_them_back(segments: tuple[Segment, ...]) -> None:
    assert path_syntax.split(path_syntax.join(segments)) == segments


@given(st.text(max_size=20) | st.text('.[]*"\\abc0 ', max_size=20))
def test_any_text_is_a_path_that_reads_back_or_is_refused(text: str) -> None:
    try:
        path = paths.parse(text)
    except paths.PathInvalid:
        return
    assert path.text == str(path) == text.strip()
    assert paths.parse(path_syntax.join(path.segments)).segments == path.segments


@given(SEGMENTS, CONTEXTS | st.dictionaries(NAMES, VALUES, max_size=3))
def test_resolving_never_raises(segments: tuple[Segment, ...], context: dict[str, Json]) -> None:
    resolve(path_syntax.join(segments), context)


SUGGESTED = [
    ("body.data.object.custmer", "body.data.object.customer"),
    ("data.object.custmer", "body.data.object.customer"),
    ("body.data.objct.custmer", "body.data.object.customer"),
    ("body.DATA.object.email", "body.data.object.email"),
    ("Body.data.object.email", "body.data.object.email"),
    ("$.data.object.email", "body.data.object.email"),
    ("object.email", "body.data.object.email"),
    ("body.user_name", 'body["user.name"]'),
    ("body.firstname", "body.first name"),
    ("items.id", "body.items[*].id"),
    ("items[*].idd", "body.items[*].id"),
    ("items[*].tag[*].n", "body.items[*].tags[*].n"),
    ("items.tags.n", "body.items[*].tags[*].n"),
    ("items[9].id", "body.items[0].id"),
    ("data[*].object.id", "body.data.object.id"),
    ("tags[*].n", "body.items[*].tags[*].n"),
    ("tags.n", "body.items[0].tags[0].n"),
    ("headers.svixid", "headers.svix-id"),
    ("header.content-type", "headers.content-type"),
    ("body.svix-id", "headers.svix-id"),
    ("preproces.key", "preprocess.key"),
    ("body.data.object.telephone", "body.data.object"),
    ("body.id.value", "body.id"),
    ("body.unheard.of", "body"),
    ("unheard.of", "body"),
]


@pytest.mark.parametrize(("text", "suggestion"), SUGGESTED)
def test_the_nearest_path_is_what_was_probably_meant(text: str, suggestion: str) -> None:
    assert resolve(text) is UNRESOLVED
    assert nearest(text) == suggestion


def test_the_same_name_elsewhere_is_found_at_the_end_that_agrees_longest() -> None:
    body: Json = {"id": 1, "object": {"id": 2}, "other": {"nested": {"object": {"id": 3}}}}
    assert nearest("data.object.id", {"body": body}) == "body.object.id"


def test_where_there_is_nothing_nothing_is_suggested() -> None:
    assert nearest("id", {}) is None
    assert nearest("headers.x", {"preprocess": {}}) is None


def test_a_key_too_long_to_be_a_path_is_not_suggested() -> None:
    assert nearest("body.a.b", {"body": {"x" * 600: {"b": 1}}}) == "body"


@given(SEGMENTS, CONTEXTS)
def test_the_nearest_path_always_exists(segments: tuple[Segment, ...], context: dict[str, Json]) -> None:
    text = path_syntax.join(segments)
    assume(resolve(text, context) is UNRESOLVED)
    suggestion = nearest(text, context)
    assert suggestion is not None
    assert resolve(suggestion, context) is not UNRESOLVED


def test_a_huge_body_is_searched_in_part_only() -> None:
    looked_up = 0

    class Counted(dict[str, Json]):
        def items(self):  # type: ignore[no-untyped-def]
            nonlocal looked_up
            looked_up += 1
            return super().items()

    leaf = Counted({f"key{number}": number for number in range(1_000)})
    body = Counted({f"a{one}": Counted({f"b{two}": leaf for two in range(300)}) for one in range(300)})
    assert nearest("body.a7.b7.missing", {"body": body}) == "body.a7.b7"
    assert looked_up <= 100


def test_spelling_mistakes_at_every_level_cost_a_bounded_number_of_attempts() -> None:
    names = ["".join(letters) for letters in product("ab", repeat=6)]
    body: Json = "leaf"
    for _ in range(20):
        body = dict.fromkeys(names, body)
    wrong = ".".join(["aabbac"] * 20)
    assert nearest(wrong, {"body": body}) == "body"
