"""Templates: text with holes, all of which are filled or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import templating
from domain.json_values import Json
from domain.paths import UNRESOLVED

CONTEXT: dict[str, Json] = {
    "body": {
        "id": "c-1",
        "count": 17,
        "big": 12345678901234567890,
        "negative": -3,
        "ratio": 0.5,
        "whole": 2.0,
        "yes": True,
        "no": False,
        "empty": "",
        "nothing": None,
        "list": ["a"],
        "object": {"a": 1},
        "{id}": "braces",
        "a}}b": "closing",
        "it's": "apostrophe",
        "long": "x" * 65_537,
    },
    "headers": {"x-shop": "s-1"},
}


def render(text: str) -> object:
    return templating.render(templating.parse(text), CONTEXT)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("amplitude-{{ body.id }}", "amplitude-c-1"),
        ("{{body.id}}", "c-1"),
        ("{{ id }}:{{ headers.X-Shop }}", "c-1:s-1"),
        ("{{ body.id }}{{ body.count }}", "c-117"),
        ("{{ body.count }}", "17"),
        ("{{ body.big }}", "12345678901234567890"),
        ("{{ body.negative }}", "-3"),
        ("{{ body.ratio }}", "0.5"),
        ("{{ body.whole }}", "2.0"),
        ("{{ body.yes }}/{{ body.no }}", "true/false"),
        ("[{{ body.empty }}]", "[]"),
        ('{"id": "{{ body.id }}"}', '{"id": "c-1"}'),
        ("{{ body.id }}}", "c-1}"),
        ('{{ body["{id}"] }}', "braces"),
        ("{{ body['a}}b'] }}", "closing"),
        ("{{ body.it's }}", "apostrophe"),
        ("{{ list[0] }}", "a"),
    ],
)
def test_a_template_renders_scalars_as_json_writes_them(text: str, rendered: str) -> None:
    assert render(text) == rendered


@pytest.mark.parametrize("name", ["missing", "nothing", "list", "object", "long"])
def test_one_hole_without_a_scalar_leaves_the_whole_unresolved(name: str) -> None:
    assert render(f"{{{{ body.id }}}}-{{{{ body.{name} }}}}") is UNRESOLVED


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("a-{{ body.id", 3, "needs a path and }}"),
        ("a-{{ body.id }", 3, "needs a path and }}"),
        ("{{{ body.id }}}", 1, "braces in the path stand in quotes"),
        ("{{ body.{id} }}", 1, "braces in the path stand in quotes"),
        ("{{ a {{ b }}", 1, "needs a path and }}"),
        ("a }} b", 3, "never opened"),
        ("{{ body.id }} }}", 15, "never opened"),
        ("{{ }}", 4, "empty"),
        ("{{ body..id }}", 8, "name is missing"),
        ("a {{ body.id }} {{ body[-1] }}", 24, "number from 0"),
        ("", 1, "no hole"),
        ("{ body.id }", 1, "no hole"),
        ("{{ a }}" * 33, 231, "32 holes"),
        ("x" * 2_049, 2_049, "2048 characters"),
    ],
)
def test_a_malformed_template_is_refused_with_the_place_and_the_remedy(text: str, position: int, problem: str) -> None:
    with pytest.raises(templating.TemplateInvalid) as refusal:
        templating.parse(text)
    assert refusal.value.position == position
    assert problem in str(refusal.value)


def test_a_template_knows_the_paths_it_uses() -> None:
    template = templating.parse("{{ id }}-x-{{ headers.x-shop }}")
    assert [path.text for path in template.paths] == ["id", "headers.x-shop"]


def test_quotes_that_never_close_are_refused_at_once() -> None:
    with pytest.raises(templating.TemplateInvalid):
        templating.parse("{{ " + '["x"]' * 400)


@given(st.text("{}[]\"'\\.a *", max_size=30))
def test_any_text_is_a_template_that_renders_or_is_refused(text: str) -> None:
    try:
        template = templating.parse(text)
    except templating.TemplateInvalid:
        return
    assert template.text == text
    templating.render(template, CONTEXT)


@given(st.text().filter(lambda text: "{{" not in text and "}}" not in text and not text.endswith("{")), st.text())
def test_what_surrounds_a_hole_stays_as_it_is(before: str, value: str) -> None:
    template = templating.parse(before + "{{ v }}" + before)
    assert templating.render(template, {"body": {"v": value}}) == before + value + before
