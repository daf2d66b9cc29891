"""Fills in Liquid templates, of `python-liquid`. They see the values that they are given and nothing else.

There are no includes, files or other templates; what is not there is empty; and whatever a template says, rendering it
ends soon and stays small. For HTML every value is escaped unless the template says `safe`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from liquid import BoundTemplate, Environment
from liquid.ast import Node
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.output import LimitedStringIO
from liquid.undefined import is_undefined

from application.ports import Clock
from domain.errors import Refused
from domain.json_values import LISTS, OBJECTS, Json
from infrastructure.outgoing import liquid_filters
from infrastructure.outgoing.liquid_bounds import (
    MOST_OUTPUT,
    MOST_TEXT,
    BoundedContext,
    BoundedRange,
    Budget,
    Filter,
    bounded,
)
from infrastructure.outgoing.liquid_filters import Dates, JsonObject, JsonText

_KEPT: Final = 256
_OPENING: Final = re.compile(r"\{\{|\{%")
_CLOSING: Final = {"{{": "}}", "{%": "%}"}
_ELSEWHERE: Final = ("include", "render")
# What may go wrong while a template is filled in, beside what Liquid itself says: deep nesting, odd comparisons.
_ODDITIES: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class TemplateRefused(Refused):
    """A text is no template, or cannot be filled in within its bounds."""


class _Template(BoundTemplate):
    context_class = BoundedContext


class _Environment(Environment):
    template_class = _Template
    output_stream_limit = MOST_OUTPUT


class LiquidRenderer:
    """See the port `Renderer`. The clock is for `{{ 'now' | date: … }}`."""

    def __init__(self, clock: Clock) -> None:
        self._texts, self._html = _environment(clock, html=False), _environment(clock, html=True)
        self._parsed = lru_cache(_KEPT)(_parsed)

    def check(self, text: str) -> None:
        """See the port."""
        template = self._parsed(self._texts, text)
        for name, places in template.analyze(include_partials=False).filters.items():
            if name not in self._texts.filters:
                raise TemplateRefused(f"{_place(text, places[0].index)}: there is no filter {name!r}")

    def check_body(self, body: Json) -> None:
        """See the port."""
        for path, text in _strings(body, ""):
            try:
                self.check(text)
            except TemplateRefused as refused:
                raise TemplateRefused(f"{path or 'the body'}: {refused}", field=path or None) from refused

    def render(self, text: str, context: Mapping[str, Json], *, html: bool = False) -> str:
        """See the port."""
        template = self._parsed(self._html if html else self._texts, text)
        return str(_filled(template, text, _given(context), Budget(), whole=False))

    def render_body(self, body: Json, context: Mapping[str, Json]) -> Json:
        """See the port."""
        return self._body(body, _given(context), Budget(), "")

    def _body(self, body: Json, context: Any, budget: Budget, path: str) -> Json:
        if isinstance(body, OBJECTS):
            return {name: self._body(value, context, budget, f"{path}.{name}") for name, value in body.items()}
        if isinstance(body, LISTS):
            return [self._body(value, context, budget, f"{path}[{index}]") for index, value in enumerate(body)]
        if not isinstance(body, str):
            return body
        try:
            return _filled(self._parsed(self._texts, body), body, context, budget, whole=True)
        except TemplateRefused as refused:
            where = path.removeprefix(".")
            raise TemplateRefused(f"{where or 'the body'}: {refused}", field=where or None) from refused


def _environment(clock: Clock, *, html: bool) -> Environment:
    environment = _Environment(autoescape=html)
    for name in _ELSEWHERE:
        del environment.tags[name]
    own: dict[str, Filter] = {
        "append": liquid_filters.append,
        "date": Dates(clock),
        "join": liquid_filters.join,
        "json": liquid_filters.as_json,
        "prepend": liquid_filters.prepend,
        "replace": liquid_filters.replace,
        "strip_html": liquid_filters.strip_html,
        "uniq": liquid_filters.few("uniq", environment.filters["uniq"]),
    }
    environment.filters = {name: bounded(name, each) for name, each in {**environment.filters, **own}.items()}
    return environment


def _parsed(environment: Environment, text: str) -> BoundTemplate:
    if len(text) > MOST_TEXT:
        raise TemplateRefused(f"the template has {len(text)} characters; at most {MOST_TEXT} are allowed")
    try:
        template = environment.from_string(text)
    except LiquidError as error:
        raise _refusal(text, error, _wrong_part(environment, text)) from error
    for node in template.nodes:
        _bound_node(node, BoundedContext(template))
    return template


def _bound_node(node: Node, context: BoundedContext) -> None:
    for expression in node.expressions():
        _bound_expression(expression)
    for child in node.children(context, include_partials=False):
        _bound_node(child, context)


def _bound_expression(expression: Expression) -> None:
    if isinstance(expression, RangeLiteral):
        expression.__class__ = BoundedRange
    for child in expression.children():
        _bound_expression(child)


def _filled(template: BoundTemplate, text: str, values: Any, budget: Budget, *, whole: bool) -> Json:
    """What a template makes: a text, or with `whole` the value itself where the template is one output."""
    context = BoundedContext(template, globals=values)
    context.budget = budget
    try:
        result = _value(template, context) if whole else _text(template, context)
        budget.write(result)
    except LiquidError as error:
        raise _refusal(text, error) from error
    except _ODDITIES as error:
        raise TemplateRefused(f"the template cannot be filled in: {error}") from error
    return result


def _text(template: BoundTemplate, context: BoundedContext) -> str:
    buffer = LimitedStringIO(limit=MOST_OUTPUT)
    template.render_with_context(context, buffer)
    return buffer.getvalue()


def _value(template: BoundTemplate, context: BoundedContext) -> Json:
    if len(template.nodes) != 1 or not isinstance(template.nodes[0], OutputNode):
        return _text(template, context)
    return _plain(template.nodes[0].expression.evaluate(context))


def _plain(value: object) -> Json:
    """A value as JSON knows it; what is not there, or is nothing that JSON knows, is null."""
    if isinstance(value, JsonText):
        return _plain(value.value)
    if is_undefined(value):  # which passes for a mapping
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float) and value - value != 0:
        raise ValueError("it makes a number that JSON has no word for")
    return value if isinstance(value, bool | int | float) else None


def _given(value: Json) -> Any:
    if isinstance(value, OBJECTS):
        return JsonObject({name: _given(each) for name, each in value.items()})
    return [_given(each) for each in value] if isinstance(value, LISTS) else value


def _strings(body: Json, path: str) -> list[tuple[str, str]]:
    if isinstance(body, OBJECTS):
        return [found for name, each in body.items() for found in _strings(each, f"{path}.{name}".removeprefix("."))]
    if isinstance(body, LISTS):
        return [found for index, each in enumerate(body) for found in _strings(each, f"{path}[{index}]")]
    return [(path, body)] if isinstance(body, str) else []


def _wrong_part(environment: Environment, text: str) -> int:
    """Where the first part begins that is wrong by itself, since the library does not say where an end is missing."""
    for start, part in _parts(text):
        try:
            environment.from_string(part)
        except LiquidError as error:
            if not str(error.message).startswith(("expected tag", "unexpected tag")):
                return start
    return len(text)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    position = 0
    while opening := _OPENING.search(text, position):
        end = text.find(_CLOSING[opening.group()], opening.end())
        if end < 0:
            return
        yield opening.start(), text[opening.start() : end + 2]
        position = end + 2


def _refusal(text: str, error: LiquidError, otherwise: int = -1) -> TemplateRefused:
    cause = error.__cause__ if isinstance(error.__cause__, RecursionError) else None
    problem = "it is nested too deeply" if cause else str(error.message)
    index = error.token.start_index if error.token and error.token.start_index >= 0 else otherwise
    return TemplateRefused(f"{_place(text, index)}: {problem}")


def _place(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        return "the template is wrong"
    before = text[:index]
    return f"the template is wrong at line {before.count(chr(10)) + 1}, column {index - before.rfind(chr(10))}"
