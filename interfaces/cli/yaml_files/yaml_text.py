"""YAML as the files of sources have it, read with the line of each value and written so that it reads back the same.

YAML 1.1 guesses: `on` is true, `2024-01-15` a date, `12:30` the number 750. Here plain text stays text unless JSON
would read it as null, true, false or a number, as in the files of templates; a key given twice is refused.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import yaml

from domain.json_values import Json

Place = tuple[str | int, ...]
"""Where a value stands: the keys and positions that lead to it."""

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": r"(?:null)?",
    "bool": r"true|false",
    "int": r"-?(?:0|[1-9][0-9]*)",
    "float": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?",
}
# Under None stand those that PyYAML tries on plain text whatever it begins with.
_RESOLVERS = {None: [(_TAG + kind, re.compile(rf"(?:{pattern})\Z")) for kind, pattern in _SCALARS.items()]}
_PLAIN = frozenset(_TAG + kind for kind in (*_SCALARS, "str"))
_FOLDED = re.compile("[\x85\u2028\u2029]")
"""Ends of lines to YAML, which reads them back as others unless they are escaped."""


class Unreadable(Exception):
    """It is no YAML, or stands for no JSON. `line` is None where nobody knows."""

    def __init__(self, words: str, line: int | None) -> None:
        super().__init__(words)
        self.line = line


@attrs.frozen
class Document:
    """What a file holds, and on which line each value stands."""

    file: str
    value: Json
    lines: Mapping[Place, int] = attrs.field(repr=False, eq=False)

    def line(self, place: Place) -> int:
        """The line of `place`; of what is not there, that of what it is missing in."""
        return next((self.lines[place[:end]] for end in range(len(place), -1, -1) if place[:end] in self.lines), 1)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = _RESOLVERS


def read(file: str, text: str) -> Document:
    """The document that `text` writes. Raises Unreadable."""
    lines: dict[Place, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return Document(file, _value(loader, node, (), lines, frozenset()) if node else None, lines)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else None
        raise Unreadable(f"it is no YAML: {problem.problem}", line) from problem
    except yaml.YAMLError as problem:
        raise Unreadable("it is no YAML: it holds a character that has to be escaped", None) from problem
    except RecursionError as problem:
        raise Unreadable("it is nested too deep", None) from problem


def _value(
    loader: _Loader, node: yaml.Node, place: Place, lines: dict[Place, int], around: frozenset[yaml.Node]
) -> Json:
    lines[place] = line = node.start_mark.line + 1
    if node in around:
        raise Unreadable("an alias stands within what it stands for", line)
    match node:
        case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
            return {key: _value(loader, value, (*place, key), lines, around | {node}) for key, value in _members(node)}
        case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
            return [
                _value(loader, each, (*place, index), lines, around | {node}) for index, each in enumerate(node.value)
            ]
        case yaml.ScalarNode() if node.tag in _PLAIN:
            return _scalar(loader, node, line)
    raise Unreadable(f"the tag {node.tag.replace(_TAG, '!!')} stands for nothing in JSON; leave it out", line)


def _members(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag != f"{_TAG}str" or not isinstance(key, yaml.ScalarNode):
            raise Unreadable("a key must be text; put it in quotes", line)
        if key.value in seen:
            raise Unreadable(f"the key {key.value!r:.80} is given twice", line)
        seen.add(key.value)
        yield key.value, value


def _scalar(loader: _Loader, node: yaml.ScalarNode, line: int) -> Json:
    try:
        value: Json = loader.construct_object(node)
    except (ValueError, KeyError) as problem:
        raise Unreadable(f"it is no {node.tag.removeprefix(_TAG)}", line) from problem
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("the number is too large for JSON", line)
    return value


class Inline(dict[str, Any]):
    """An object that is written on one line."""


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers = _RESOLVERS

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # a list stands further in than its key


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = '"' if _FOLDED.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


def _inline(dumper: _Dumper, value: Inline) -> yaml.Node:
    return dumper.represent_mapping(f"{_TAG}map", value, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Inline, _inline)


def dump(value: Json) -> str:
    """`value` in YAML, its members in their order."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False
    )
    return text
