"""Templates: what they can say, what they see, and what is told of those that are wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from domain.errors import Refused
from domain.json_values import Json
from infrastructure.outgoing.liquid import LiquidRenderer

RENDERER = LiquidRenderer(lambda: datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
CONTEXT: Mapping[str, Json] = {
    "recipient": {"name": "Zoë", "html": "<b>&"},
    "data": {
        "count": 3,
        "paid": True,
        "nothing": None,
        "at": "2026-02-01T10:00:00+02:00",
        "items": [{"name": "a", "price": 1.5}, {"name": "b", "price": 2}],
    },
    "vars": {},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{ recipient.name }}!", "Hi Zoë!"),
        ("{{ data.count }} {{ data.paid }} {{ data.items[1].name }} {{ data.items.size }}", "3 true b 2"),
        ("{% for item in data.items %}{{ item.name }}={{ item.price }};{% endfor %}", "a=1.5;b=2;"),
        ("{% if data.count > 2 %}many{% else %}few{% endif %}", "many"),
        ("{{ data.items | map: 'name' | join: ', ' }}", "a, b"),
        ("{{ data.items }}", '{"name":"a","price":1.5}{"name":"b","price":2}'),
        ("{{ recipient }}", '{"name":"Zoë","html":"<b>&"}'),
        ("{{ data.items | json }}", '[{"name":"a","price":1.5},{"name":"b","price":2}]'),
        ("{{ data.at | date: '%d.%m.%Y %H:%M' }}", "01.02.2026 08:00"),
        ("{{ 'now' | date: '%Y-%m-%d %H:%M' }}", "2026-03-01 12:30"),
        ("{{ 'tomorrow' | date: '%Y' }}", "tomorrow"),
        ("{{ 'a-b-a' | replace: 'a', 'c' }}", "c-b-c"),
        ("{{ '<p>1 < 2</p><script>x<b></SCRIPT><!-- c --><style>d</style>!' | strip_html }}", "1 < 2!"),
        ("{{ data.items | map: 'name' | uniq | size }}", "2"),
        ("{% assign x = 'a' %}{% capture y %}{{ x }}b{% endcapture %}{{ y | upcase }}", "AB"),
        ("{% raw %}{{ no }}{% endraw %}", "{{ no }}"),
        ("{{ (1..3) | join: '-' }}", "1-2-3"),
    ],
)
def test_templates_say(template: str, text: str) -> None:
    RENDERER.check(template)
    assert RENDERER.render(template, CONTEXT) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ missing }}",
        "{{ missing.deep[3].er }}",
        "{{ data.nothing }}",
        "{{ data.nothing.more }}",
        "{% for each in missing %}x{% endfor %}",
        "{% if missing > 1 %}x{% endif %}",
        "{{ missing | upcase | append: data.nothing | prepend: data.nothing | replace: 'a', data.nothing }}",
        "{{ missing | date: '%Y' }}",
        "{{ data.count.more }}",
    ],
)
def test_what_is_not_there_is_empty(template: str) -> None:
    assert RENDERER.render(template, CONTEXT) == ""


@pytest.mark.parametrize(
    "path",
    [
        *("recipient.__class__", "recipient.items", "recipient.keys", "recipient['__class__']", "data.items.append"),
        *("recipient.name.upper", "recipient.name.__class__.__mro__", "self", "env", "globals", "template", "request"),
    ],
)
def test_templates_see_values_and_nothing_of_the_program(path: str) -> None:
    assert RENDERER.render("{{ " + path + " }}", CONTEXT) == ""


def test_for_html_values_are_escaped_unless_the_template_says_otherwise() -> None:
    template = "<i>{{ recipient.html }}</i>{{ recipient.html | safe }}{{ recipient | json }}"
    assert RENDERER.render(template, CONTEXT, html=True) == (
        "<i>&lt;b&gt;&amp;</i><b>&{&#34;name&#34;:&#34;Zoë&#34;,&#34;html&#34;:&#34;&lt;b&gt;&amp;&#34;}"
    )
    assert RENDERER.render("{{ recipient.html }}", CONTEXT) == "<b>&"


@pytest.mark.parametrize(
    "template",
    [
        "{{ evil | upcase }}",
        "{{ evil | append: '!' }}",
        "{{ evil | prepend: '!' }}",
        "{{ evil | replace: 'a', '<b>' }}",
        "{{ evil | split: 'a' | join: '-' }}",
        "{{ evil | split: '' | reverse | join }}",
        "{{ evil | split: 'a' }}",
        "{{ evil | url_encode | url_decode }}",
        "{{ evil | base64_encode | base64_decode }}",
        "{{ evil | strip_html | append: evil }}",
        "{{ evil | newline_to_br }}",
        "{{ evil | strip_newlines }}",
        "{{ evil | escape_once }}",
        "{{ evil | truncate: 5 }}",
        "{{ evil | slice: 0, 4 }}",
        "{{ evil | date: '%Y' }}",
        "{{ 0 | date: evil }}",
        "{{ evil | json }}",
        "{{ list }}",
        "{{ list | first }}",
        "{{ list | join }}",
        "{{ list | join: evil }}",
        "{{ list | concat: list | json }}",
        "{{ object }}",
        "{{ missing | default: evil }}",
        "{% assign x = evil %}{{ x }}",
        "{% cycle evil, 'a' %}",
        "{% echo evil %}",
        "{% for x in object %}{{ x }}{% endfor %}",
        "{% capture x %}{{ evil }}{% endcapture %}{{ x | replace: 'a', evil }}{{ x | remove: '&' }}",
    ],
)
def test_for_html_no_filter_lets_a_value_become_markup(template: str) -> None:
    evil = "<a onx='\"&"
    context: Mapping[str, Json] = {"evil": evil, "list": [evil, evil], "object": {"k": evil}}
    text = RENDERER.render(template, context, html=True)
    assert not {"<", "'", '"'}.intersection(text.replace("<br />", "")), text


@pytest.mark.parametrize(
    ("template", "place", "problem"),
    [
        ("Hi {{ name", "line 1, column 4", "expected '}}'"),
        ("Hi\n  {{ name | shout }}", "line 2, column 13", "there is no filter 'shout'"),
        ("Hi {{ name | }}", "line 1, column 4", "expected word"),
        ("{% if a %}\n{% for x of y %}{% endfor %}{% endif %}", "line 2, column 10", "expected in"),
        ("{% if a %}\n\nx", "line 3, column 2", "expected tag endif"),
        ("{% endif %}", "line 1, column 4", "unexpected tag 'endif'"),
        ("{% include 'a' %}", "line 1, column 4", "unexpected tag 'include'"),
        ("{% render 'a' %}", "line 1, column 4", "unexpected tag 'render'"),
        ("{% liquid\nassign a = 1\nfoo\n%}", "line 3, column 1", "unexpected tag 'foo'"),
        ("{{ a" + "[a" * 5_000 + "]" * 5_000 + " }}", "line 1, column 1", "nested too deeply"),
        ("{% if a %}" * 31, "line 1, column", "nesting limit"),
    ],
)
def test_what_is_no_template_is_refused_with_its_place(template: str, place: str, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        RENDERER.check(template)
    assert place in str(refused.value)
    assert problem in str(refused.value)


def test_a_template_has_at_most_65536_characters() -> None:
    RENDERER.check("x" * 65_536)
    with pytest.raises(Refused, match="65537 characters"):
        RENDERER.check("x" * 65_537)


@pytest.mark.parametrize(
    "template", ["{{ 1 | divided_by: 0 }}", "{% if recipient.name > 1 %}{% endif %}", "{{ 'a' | base64_decode }}"]
)
def test_what_cannot_be_filled_in_is_refused_with_its_place(template: str) -> None:
    with pytest.raises(Refused, match="line 1, column"):
        RENDERER.render(template, CONTEXT)


@pytest.mark.parametrize(
    ("body", "filled"),
    [
        ("{{ data.count }}", 3),
        ("{{ data.items }}", CONTEXT["data"]["items"]),  # type: ignore[call-overload,index]
        ("{{ data.items | json }}", CONTEXT["data"]["items"]),  # type: ignore[call-overload,index]
        ("{{ data.paid }}", True),
        ("{{ missing }}", None),
        ("{{ data.nothing }}", None),
        ("{{ data.count | plus: 1 }}", 4),
        ("{{ data.items | map: 'colour' }}", [None, None]),
        ("{{ (1..3) }}", [1, 2, 3]),
        ("id-{{ data.count }}", "id-3"),
        ("{{ missing }}!", "!"),
        ("", ""),
        ('{"count": {{ data.count | json }}, "name": {{ recipient.name | json }}}', '{"count": 3, "name": "Zoë"}'),
        (17, 17),
        (None, None),
        (
            {
                "user": "{{ recipient }}",
                "tags": ["{{ data.count }}", "n{{ data.count }}", 1],
                "{{ x }}": {"y": "{{ 1 }}"},
            },
            {"user": {"name": "Zoë", "html": "<b>&"}, "tags": [3, "n3", 1], "{{ x }}": {"y": 1}},
        ),
    ],
)
def test_in_a_body_a_whole_value_stays_a_value(body: Json, filled: Json) -> None:
    RENDERER.check_body(body)
    assert RENDERER.render_body(body, CONTEXT) == filled


def test_a_wrong_template_in_a_body_is_found_by_its_path() -> None:
    with pytest.raises(Refused) as refused:
        RENDERER.check_body({"a": ["x", {"b": "{{ oops"}]})
    assert (refused.value.field, "line 1" in str(refused.value)) == ("a[1].b", True)


def test_a_body_that_cannot_be_filled_in_is_found_by_its_path() -> None:
    with pytest.raises(Refused) as refused:
        RENDERER.render_body({"a": ["x", {"b": "{{ 1 | divided_by: 0 }}"}]}, CONTEXT)
    assert refused.value.field == "a[1].b"


def test_a_number_that_json_does_not_know_is_refused() -> None:
    for template in ("{{ big | plus: big }}", "{{ big | plus: big | json }}"):
        with pytest.raises(Refused):
            RENDERER.render_body(template, {"big": 1.7e308})


def test_rendering_twice_is_the_same_and_leaves_the_values_alone() -> None:
    template = "{% assign data = 1 %}{% increment n %}{{ data }}{% cycle 'a', 'b' %}"
    assert [RENDERER.render(template, CONTEXT) for _ in range(2)] == ["01a", "01a"]
    assert RENDERER.render("{{ data.count }}", CONTEXT) == "3"
