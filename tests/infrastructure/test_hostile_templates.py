"""Templates that would run for ever or fill the memory: each is refused within a second and some megabytes."""

import resource
import time
from datetime import UTC, datetime

import pytest

from domain.errors import Refused
from domain.json_values import Json
from infrastructure.outgoing.liquid import LiquidRenderer

RENDERER = LiquidRenderer(lambda: datetime(2026, 3, 1, tzinfo=UTC))
BIG = "a" * 65_000
CONTEXT = {"big": BIG, "list": [BIG] * 3, "names": ["a"] * 5_000}
DOUBLED = "{% assign l = l | concat: l %}"

REFUSED = {
    "a long range": "{% for i in (1..1000000000) %}x{% endfor %}",
    "a long range backwards": "{% for i in (1..1000000000) reversed %}x{% endfor %}",
    "a long range by name": "{% assign n = 1000000000 %}{% for i in (1..n) reversed %}{% endfor %}",
    "a longer range": "{{ (1..99999999999999999999999) | size }}",
    "a range joined": "{{ (1..1000000000) | join }}",
    "a range assigned": "{% assign r = (1..1000000000) %}{{ r | reverse }}",
    "a range compared": "{% if (1..1000000000) contains 5 %}{% endif %}",
    "a range as an argument": "{{ names | concat: (1..1000000000) }}",
    "a range in a case": "{% case x %}{% when (1..1000000000) %}{% endcase %}{% assign r = (1..1000000000) %}",
    "a range in a table": "{% tablerow i in (1..1000000000) reversed %}{% endtablerow %}",
    "a range in liquid": "{% liquid\nfor i in (1..1000000000) reversed\necho i\nendfor\n%}",
    "nested loops": "{% for i in (1..100) %}" * 3 + "x" + "{% endfor %}" * 3,
    "one loop after the other": "{% for i in (1..5000) %}{% endfor %}" * 1_500,
    "a loop in the turns of another": "{% for i in names %}{% for j in names %}{% endfor %}{% endfor %}",
    "much in a loop": "{% for i in (1..9999) %}" + "{% if true %}{% endif %}" * 2_500 + "{% endfor %}",
    "many filters in a loop": "{% for i in (1..9999) %}" + "{{ i | plus: 1 | minus: 1 }}" * 2_000 + "{% endfor %}",
    "a text that doubles": "{% assign a = big %}" + "{% assign a = a | append: a %}" * 40,
    "a list that doubles": "{% assign l = names %}" + DOUBLED * 40,
    "a long join of a short list": "{% assign l = big | split: '~' %}" + DOUBLED * 4 + "{{ l | join: big }}",
    "a long separator": "{{ names | join: big | size }}",
    "a list that is one text many times": "{% assign l = big | split: '~' %}" + DOUBLED * 12,
    "a list that becomes a text": "{{ list | concat: list | concat: list | concat: list | concat: list | concat: list "
    "| concat: list | upcase }}",
    "a list that grows within one output": "{{ names" + " | concat: names" * 3_000 + " | size }}",
    "a text that grows within one output": "{{ big" + " | append: big" * 4_000 + " | size }}",
    "a replacement": "{{ big | replace: 'a', big }}",
    "a replacement between the letters": "{{ big | replace: '', big }}",
    "a number that doubles its digits": "{% assign x = 9 %}" + "{% assign x = x | times: x %}" * 60,
    "an output in a loop": "{% for i in (1..9999) %}{{ big }}{% endfor %}",
    "a capture in a loop": "{% capture a %}{% for i in (1..9999) %}{{ big }}{% endfor %}{% endcapture %}",
    "many captures": "".join(f"{{% capture a{i} %}}{{{{ big }}}}{{% endcapture %}}" for i in range(500)),
    "many variables": "".join(f"{{% assign a{i} = big | append: {i} %}}" for i in range(500)),
    "a comparison of all with all": "{{ names | uniq }}",
    "a large format": "{{ 0 | date: big }}",
    "encodings of encodings": "{{ big" + " | base64_encode" * 100 + " }}",
    "a condition without end": "{% if " + " and ".join(["big contains big"] * 2_000) + " %}x{% endif %}",
    "a number of many digits": "{{ '" + "9" * 5_000 + "' | plus: 1 }}",
}
ALLOWED = {
    "strip_html of openings": "{{ text | strip_html | size }}",
    "escape_once": "{{ text | escape_once | size }}",
    "squish": "{{ text | squish | strip_newlines | newline_to_br | size }}",
    "truncatewords": "{{ text | truncatewords: 99999999999999999999 | size }}",
    "a wide format": "{{ 0 | date: '%999999999d' | size }}",
    "round": "{{ 1.5 | round: 99999999999999 }}",
}


@pytest.mark.parametrize("template", REFUSED.values(), ids=REFUSED)
def test_a_template_without_end_is_refused(template: str) -> None:
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(Refused):
        RENDERER.render(template, CONTEXT)
    assert time.thread_time() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 65_536


@pytest.mark.parametrize("template", ALLOWED.values(), ids=ALLOWED)
@pytest.mark.parametrize(
    "piece", ["<!", "<a ", "</", "<![", "<!--", "<?", "&", "&#", "<script>", "<a b='", " ", "\n", "<x y=>"]
)
def test_filters_take_their_time_in_proportion_to_the_text(template: str, piece: str) -> None:
    text = (piece * 65_000)[:65_000] + ">"
    started = time.thread_time()
    RENDERER.render(template, {"text": text})
    assert time.thread_time() - started < 0.5


def test_a_body_of_many_templates_has_one_budget() -> None:
    loop = "{% for i in (1..4000) %}{% endfor %}"
    RENDERER.render_body([loop, loop], {})
    with pytest.raises(Refused, match="turn more than"):
        RENDERER.render_body([loop, loop, loop], {})


def test_a_body_is_at_most_262144_bytes() -> None:
    RENDERER.render_body(["{{ big }}"] * 4, CONTEXT)
    with pytest.raises(Refused, match="262144"):
        RENDERER.render_body(["{{ big }}"] * 5, CONTEXT)


def test_a_template_of_ordinary_size_is_far_from_its_bounds() -> None:
    rows: list[Json] = [{"name": f"item {number}", "price": number} for number in range(500)]
    price = "{{ row.price | times: 1.19 | round: 2 }}"
    template = "{% for row in rows %}<tr><td>{{ row.name | capitalize }}</td><td>" + price + "</td></tr>{% endfor %}"
    started = time.thread_time()
    assert RENDERER.render(template, {"rows": rows}, html=True).count("<tr>") == 500
    assert time.thread_time() - started < 0.4
